import type { JsonSchema, Message, Step, ToolCallPart, Usage } from '../core/index.js';
import type { Run } from '../core/index.js';

/** A tool as a model sees it. Running it is somebody else's work. */
export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
}

/** `auto`: the model decides; `required`: it must call some tool; `{ name }`: it must call this one. */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

/** The form of the answer: plain text, any JSON, or JSON of a schema. */
export type OutputFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json' }
  | { readonly type: 'json-schema'; readonly name: string; readonly schema: JsonSchema };

export interface ChatRequest {
  readonly messages: readonly Message[];
  readonly tools?: readonly ToolDefinition[];
  readonly toolChoice?: ToolChoice;
  readonly output?: OutputFormat;
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  /** How hard the model should think, where it can. */
  readonly reasoning?: 'none' | 'low' | 'medium' | 'high';
  /** Fields that go onto the wire as they are, for what only one provider has. Its own fields win over ours. */
  readonly providerOptions?: Readonly<Record<string, unknown>>;
}

/** What a chat model takes: a question, a conversation, or a whole request. */
export type ChatInput = string | readonly Message[] | ChatRequest;

export type FinishReason = 'stop' | 'length' | 'tool-call' | 'content-filter' | 'other';

/** A span of the answer and the source it rests on. Offsets are into the reply's text. */
export interface ModelCitation {
  /** Id of the `source` part. */
  readonly sourceId: string;
  /** The words of the source, letter by letter. */
  readonly quote: string;
  readonly start: number;
  readonly end: number;
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
    }
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
  readonly headers: ReplyHeaders;
}

/** What a model can take and do. A request for what it cannot do is refused before the network. */
export interface ModelFeatures {
  readonly tools: boolean;
  readonly jsonSchema: boolean;
  readonly images: boolean;
  readonly files: boolean;
  readonly reasoning: boolean;
  /** Takes `source` parts natively and cites them. */
  readonly citations: boolean;
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
  readonly features: ModelFeatures;
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
