/** What we read of a reply of `generateContent`, or of a piece of it: https://ai.google.dev/api/generate-content. */
export interface WireChunk {
  readonly candidates?: readonly WireCandidate[];
  readonly promptFeedback?: { readonly blockReason?: string; readonly blockReasonMessage?: string };
  readonly usageMetadata?: WireUsage;
  readonly modelVersion?: string;
  readonly error?: unknown;
}

export interface WireCandidate {
  readonly index?: number;
  readonly content?: { readonly parts?: readonly ReplyPart[] };
  readonly finishReason?: string;
  readonly finishMessage?: string;
  readonly groundingMetadata?: GroundingMetadata;
  readonly urlContextMetadata?: unknown;
  readonly logprobsResult?: WireLogProbs;
}

export interface ReplyPart {
  readonly text?: string;
  readonly thought?: boolean;
  readonly thoughtSignature?: string;
  readonly functionCall?: WireCall;
  readonly inlineData?: { readonly mimeType?: string; readonly data?: string };
  readonly fileData?: { readonly mimeType?: string; readonly fileUri?: string };
}

export interface WireCall {
  readonly id?: string;
  readonly name?: string;
  readonly args?: Readonly<Record<string, unknown>>;
  /** Arguments that come bit by bit. */
  readonly partialArgs?: readonly PartialArg[];
  readonly willContinue?: boolean;
}

export interface PartialArg {
  /** `$.recipe.steps[0].text` */
  readonly jsonPath?: string;
  readonly stringValue?: string;
  readonly numberValue?: number;
  readonly boolValue?: boolean;
  readonly nullValue?: unknown;
}

export interface WireUsage {
  readonly promptTokenCount?: number;
  readonly cachedContentTokenCount?: number;
  readonly candidatesTokenCount?: number;
  readonly thoughtsTokenCount?: number;
  readonly toolUsePromptTokenCount?: number;
  readonly totalTokenCount?: number;
}

export interface GroundingMetadata {
  readonly groundingChunks?: readonly GroundingChunk[];
  readonly groundingSupports?: readonly GroundingSupport[];
}

type GroundingSource = { readonly uri?: string; readonly title?: string; readonly text?: string };

export interface GroundingChunk {
  readonly web?: GroundingSource;
  readonly retrievedContext?: GroundingSource;
  readonly maps?: GroundingSource;
}

export interface GroundingSupport {
  /** Offsets in bytes of UTF-8. */
  readonly segment?: { readonly startIndex?: number; readonly endIndex?: number; readonly text?: string };
  readonly groundingChunkIndices?: readonly number[];
}

export interface WireLogProbs {
  readonly chosenCandidates?: readonly WireToken[];
  readonly topCandidates?: readonly { readonly candidates?: readonly WireToken[] }[];
}

export interface WireToken {
  readonly token?: string;
  readonly logProbability?: number;
}
