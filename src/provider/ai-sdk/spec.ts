/*
 * The AI SDK's language model specification, version 4, as far as the bridges write and read it: plain structures, so that the
 * package itself is not needed. From `@ai-sdk/provider` 4; its own types fit these, which a test checks.
 */

/** A JSON value, as the AI SDK types it. */
export type AiSdkJson =
  | null
  | string
  | number
  | boolean
  | readonly AiSdkJson[]
  | { readonly [key: string]: AiSdkJson | undefined };

/** Facts and options by provider: what one provider says is for that provider. */
export type AiSdkMetadata = Record<string, { [key: string]: AiSdkJson | undefined }>;

export type AiSdkFileData =
  | { type: 'data'; data: Uint8Array | string }
  | { type: 'url'; url: URL }
  | { type: 'text'; text: string }
  | { type: 'reference'; reference: Record<string, string> };

interface WithOptions {
  providerOptions?: AiSdkMetadata;
}

export interface AiSdkFilePart extends WithOptions {
  type: 'file';
  filename?: string;
  data: AiSdkFileData;
  mediaType: string;
}

export interface AiSdkToolResultPart extends WithOptions {
  type: 'tool-result';
  toolCallId: string;
  toolName: string;
  output: AiSdkToolOutput;
}

export type AiSdkToolOutput =
  | { type: 'text' | 'error-text'; value: string }
  | { type: 'json' | 'error-json'; value: AiSdkJson }
  | { type: 'execution-denied'; reason?: string }
  | { type: 'content'; value: (AiSdkFilePart | { type: 'text'; text: string } | { type: 'custom' })[] };

export type AiSdkPromptPart =
  | (WithOptions & { type: 'text' | 'reasoning'; text: string })
  | AiSdkFilePart
  | (WithOptions & { type: 'custom'; kind: `${string}.${string}` })
  | (WithOptions & { type: 'reasoning-file'; mediaType: string })
  | (WithOptions & {
      type: 'tool-call';
      toolCallId: string;
      toolName: string;
      input: unknown;
      providerExecuted?: boolean;
    })
  | AiSdkToolResultPart
  | { type: 'tool-approval-response' };

export type AiSdkMessage = WithOptions &
  ({ role: 'system'; content: string } | { role: 'user' | 'assistant' | 'tool'; content: readonly AiSdkPromptPart[] });

export interface AiSdkFunctionTool {
  type: 'function';
  name: string;
  description?: string;
  inputSchema: object;
  strict?: boolean;
}

export interface AiSdkCall {
  prompt: readonly AiSdkMessage[];
  maxOutputTokens?: number;
  temperature?: number;
  stopSequences?: string[];
  topP?: number;
  topK?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  responseFormat?: { type: 'text' } | { type: 'json'; schema?: object; name?: string; description?: string };
  seed?: number;
  tools?: readonly (
    | AiSdkFunctionTool
    | { type: 'provider'; id: string; name: string; args: Record<string, unknown> }
  )[];
  toolChoice?: { type: 'auto' | 'none' | 'required' } | { type: 'tool'; toolName: string };
  reasoning?: 'provider-default' | 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';
  abortSignal?: AbortSignal;
  providerOptions?: AiSdkMetadata;
}

export type AiSdkWarning =
  | { type: 'unsupported' | 'compatibility'; feature: string; details?: string }
  | { type: 'other'; message: string };

export type AiSdkSource = { type: 'source'; id: string; providerMetadata?: AiSdkMetadata } & (
  | { sourceType: 'url'; url: string; title?: string }
  | { sourceType: 'document'; mediaType: string; title: string }
);

export interface AiSdkCitation {
  source: AiSdkSource;
  startIndex?: number;
  endIndex?: number;
  citedText?: string;
}

export interface AiSdkToolCall {
  type: 'tool-call';
  toolCallId: string;
  toolName: string;
  /** JSON text. */
  input: string;
  providerMetadata?: AiSdkMetadata;
}

/** What is told whole, in a stream as in one piece. */
export type AiSdkWhole =
  | AiSdkToolCall
  | AiSdkSource
  | { type: 'file'; mediaType: string; data: { type: 'data'; data: Uint8Array } | { type: 'url'; url: URL } }
  | { type: 'custom'; kind: `${string}.${string}`; providerMetadata?: AiSdkMetadata };

export type AiSdkContent =
  | { type: 'text'; text: string; citations?: AiSdkCitation[] }
  | { type: 'reasoning'; text: string; providerMetadata?: AiSdkMetadata }
  | AiSdkWhole;

export interface AiSdkUsage {
  inputTokens: Record<'total' | 'noCache' | 'cacheRead' | 'cacheWrite', number | undefined>;
  outputTokens: Record<'total' | 'text' | 'reasoning', number | undefined>;
}

export interface AiSdkFinish {
  unified: 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'other';
  raw: string | undefined;
}

export type AiSdkStreamPart =
  | { type: 'stream-start'; warnings: AiSdkWarning[] }
  | { type: 'response-metadata'; modelId?: string }
  | { type: 'text-start' | 'reasoning-start'; id: string }
  | { type: 'text-delta' | 'reasoning-delta' | 'tool-input-delta'; id: string; delta: string }
  | { type: 'text-end'; id: string; citations?: AiSdkCitation[] }
  | { type: 'reasoning-end'; id: string; providerMetadata?: AiSdkMetadata }
  | { type: 'tool-input-start'; id: string; toolName: string }
  | { type: 'tool-input-end'; id: string }
  | AiSdkWhole
  | { type: 'finish'; usage: AiSdkUsage; finishReason: AiSdkFinish }
  | { type: 'error'; error: unknown };

export interface AiSdkGenerateResult {
  content: AiSdkContent[];
  finishReason: AiSdkFinish;
  usage: AiSdkUsage;
  warnings: AiSdkWarning[];
  response: { modelId: string; headers: Record<string, string> };
}

/** A language model of the AI SDK, version 4 of its specification. */
export interface AiSdkLanguageModel {
  readonly specificationVersion: 'v4';
  readonly provider: string;
  readonly modelId: string;
  readonly supportedUrls: Record<string, RegExp[]>;
  doGenerate(options: AiSdkCall): Promise<AiSdkGenerateResult>;
  doStream(options: AiSdkCall): Promise<{ stream: ReadableStream<AiSdkStreamPart> }>;
}
