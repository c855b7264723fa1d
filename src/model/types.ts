import type {
  CacheLifetime,
  FilePart,
  ImagePart,
  JsonSchema,
  Message,
  ProviderPart,
  Run,
  Step,
  ToolCallPart,
  Usage,
} from '../core/index.js';

/** A tool as a model sees it. Running it is somebody else's work. */
export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  /** Whether the arguments must keep to the schema by force, where the provider can. @default what the provider does by itself */
  readonly isStrict?: boolean;
  /** The tools up to and including this one will come again; see `Part`. */
  readonly cache?: CacheLifetime;
}

/** `auto`: the model decides; `required`: it must call some tool; `{ name }`: it must call this one. */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

/** The form of the answer: plain text, any JSON, or JSON of a schema. */
export type OutputFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json' }
  | {
      readonly type: 'json-schema';
      readonly name: string;
      readonly schema: JsonSchema;
      readonly description?: string;
      /** @default whether the schema has the strict form */
      readonly isStrict?: boolean;
    };

/** A provider with fewer grades takes the nearest. */
export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh';

export interface ChatRequest {
  readonly messages: readonly Message[];
  readonly tools?: readonly ToolDefinition[];
  readonly toolChoice?: ToolChoice;
  /** Whether the model may call several tools in one reply. @default what the provider does by itself */
  readonly parallelToolCalls?: boolean;
  /** Tools that the provider runs itself (search, code), in its own form; they go onto the wire behind `tools`. */
  readonly providerTools?: readonly Readonly<Record<string, unknown>>[];
  readonly output?: OutputFormat;
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  /** How hard the model should think, where it can. */
  readonly reasoning?: ReasoningEffort;
  /** Tell the log-probability of each token of the text, and of so many others at its place (0 for none). */
  readonly logProbs?: number;
  /** Let the provider cache the prompt so far for so long, where it wants to be asked. */
  readonly promptCache?: CacheLifetime;
  /** Fields that go onto the wire as they are, for what only one provider has. Its own fields win over ours. */
  readonly providerOptions?: Readonly<Record<string, unknown>>;
}

/** What a chat model takes: a question, a conversation, or a whole request. */
export type ChatInput = string | readonly Message[] | ChatRequest;

export type FinishReason = 'stop' | 'length' | 'tool-call' | 'content-filter' | 'other';

/** A span of the answer and the source it rests on. Offsets are into the reply's text. */
export interface ModelCitation {
  /** Id of the `source` part; the URL where the provider found the source itself. */
  readonly sourceId: string;
  /** The words of the source, letter by letter; empty when the provider does not say. */
  readonly quote: string;
  /** Title of a source that the provider found itself. */
  readonly title?: string;
  /** Page of the source where the quote begins, from 1, where the provider says. */
  readonly page?: number;
  readonly start: number;
  readonly end: number;
}

/** A token of the text with its natural log-probability. */
export interface TokenLogProb {
  readonly token: string;
  readonly logProb: number;
  /** The likeliest tokens at this place, likeliest first; as many as were asked for. */
  readonly alternatives: readonly { readonly token: string; readonly logProb: number }[];
}

/** What a provider tells while it answers; the order of `text-delta`s is the order of the text. */
export type ModelEvent =
  | { readonly type: 'response-start'; readonly model?: string; readonly headers?: ReplyHeaders }
  | { readonly type: 'text-delta'; readonly text: string }
  | { readonly type: 'reasoning-delta'; readonly text: string }
  /** Ends a stretch of reasoning; `opaque` is what the provider wants back with it. */
  | { readonly type: 'reasoning-end'; readonly opaque?: string }
  /** `key` tells parallel calls apart while they stream; `id` and `name` come with the first delta of a key. */
  | {
      readonly type: 'tool-call-delta';
      readonly key: string;
      readonly id?: string;
      readonly name?: string;
      readonly text: string;
      /** What the provider wants back with the call. */
      readonly opaque?: string;
    }
  /** A whole part that is not text: what the model drew or said, or what only the provider understands. */
  | { readonly type: 'part'; readonly part: ImagePart | FilePart | ProviderPart }
  /** Those of the text that follows or went before, in order. */
  | { readonly type: 'log-probs'; readonly tokens: readonly TokenLogProb[] }
  | { readonly type: 'citation'; readonly citation: ModelCitation }
  /** Figures so far; a later one replaces an earlier one. */
  | { readonly type: 'usage'; readonly usage: Usage }
  /** Must come exactly once, last. A stream without it was cut. */
  | { readonly type: 'finish'; readonly reason: FinishReason };

/** What the response headers tell, by name in lower case; only harmless ones. */
export type ReplyHeaders = Readonly<Record<string, string>>;

export interface ChatReply {
  /** The text parts of the answer, joined. */
  readonly text: string;
  /** The answer as a message, ready to be put behind the conversation. */
  readonly message: Message;
  readonly toolCalls: readonly ToolCallPart[];
  readonly finishReason: FinishReason;
  readonly usage: Usage;
  /** Undefined when the price is not known. */
  readonly costUsd?: number;
  /** The model that answered, as the server names it. */
  readonly model: string;
  /** Citations that the model made itself. */
  readonly citations: readonly ModelCitation[];
  /** Of every token of the text, when they were asked for. */
  readonly logProbs?: readonly TokenLogProb[];
  readonly headers: ReplyHeaders;
}

/** What a model can take and do. A request for what it cannot do is refused before the network. */
export interface ModelFeatures {
  readonly tools: boolean;
  readonly jsonSchema: boolean;
  /** Tools and a JSON schema in one request. */
  readonly jsonSchemaWithTools: boolean;
  readonly images: boolean;
  /** Documents such as PDF, as `file` parts. */
  readonly files: boolean;
  /** Sound, as `file` parts of the type `audio/…`. */
  readonly audio: boolean;
  /** Can be told how hard to think. */
  readonly reasoning: boolean;
  /** Takes `source` parts natively and cites them. */
  readonly citations: boolean;
  readonly logProbs: boolean;
}

export interface ModelLimits {
  readonly contextTokens?: number;
  readonly maxOutputTokens?: number;
}

/** The one small thing that a provider implements. */
export interface Provider {
  /** `openai:gpt-5-mini`: who serves it and which model. */
  readonly id: string;
  /** The model's name at its provider, for prices and token counts: `gpt-5-mini`. */
  readonly model: string;
  /** `openai`, `anthropic`, … */
  readonly provider: string;
  /** What is left out, the model cannot do. */
  readonly features: Partial<ModelFeatures>;
  readonly limits: ModelLimits;
  /** USD for a million tokens; wins over the price table. Zero for models that cost nothing. */
  readonly price?: ModelPrice;
  /**
   * Answers a request. A reply that is not streamed becomes the same sequence of events. Must stop as soon as the run's
   * signal aborts or its consumer returns, down to the socket.
   */
  readonly stream: (request: ChatRequest, run: Run) => AsyncIterable<ModelEvent>;
}

/** USD for a million tokens. */
export interface ModelPrice {
  readonly input: number;
  readonly output: number;
  /** @default the input price */
  readonly cachedInput?: number;
  /** @default the input price */
  readonly cacheWrite?: number;
  /** USD for a million search units (see `BilledUnits`). @default nothing */
  readonly searchUnit?: number;
  /** What applies to a whole call instead, once its input (cached tokens included) is longer than `aboveTokens`. */
  readonly longInput?: { readonly aboveTokens: number; readonly price: ModelPrice };
}

/** A step from messages to a reply. While it runs it emits `text-delta`, `reasoning-delta`, `tool-call-delta` and `usage`. */
export interface ChatModel extends Step<ChatInput, ChatReply> {
  readonly id: string;
  readonly model: string;
  readonly provider: string;
  readonly features: ModelFeatures;
  readonly limits: ModelLimits;
}
