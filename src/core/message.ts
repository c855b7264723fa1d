/** Who speaks. `system` is the developer's voice, `tool` carries results of tool calls. */
export type Role = 'system' | 'user' | 'assistant' | 'tool';

/** How long a provider keeps a cached prompt. */
export type CacheLifetime = '5m' | '1h';

/** What any part may say. */
interface PartBase {
  /**
   * The prompt up to and including this part will come again: a provider that caches only what it is told to caches up to here.
   * Others cache by themselves, or not at all.
   */
  readonly cache?: CacheLifetime;
}

export interface TextPart extends PartBase {
  readonly type: 'text';
  readonly text: string;
}

/** A picture: bytes with their media type, or a URL that the model's server can reach. */
export interface ImagePart extends PartBase {
  readonly type: 'image';
  readonly data: Uint8Array | URL;
  readonly mediaType?: string;
}

/** A document, a sound or a video: what `mediaType` says. */
export interface FilePart extends PartBase {
  readonly type: 'file';
  readonly data: Uint8Array | URL;
  readonly mediaType: string;
  readonly name?: string;
}

/**
 * A passage to answer from. It is data, not prompt text: a model with citations of its own gets it natively, others get it
 * rendered and numbered.
 */
export interface SourcePart extends PartBase {
  readonly type: 'source';
  readonly id: string;
  readonly text: string;
  readonly title?: string;
}

export interface ToolCallPart extends PartBase {
  readonly type: 'tool-call';
  readonly id: string;
  readonly name: string;
  /** Parsed JSON. When the model wrote no valid JSON, the raw text. */
  readonly input: unknown;
  /** What the provider needs to take its own call back (a signature). */
  readonly opaque?: string;
}

export interface ToolResultPart extends PartBase {
  readonly type: 'tool-result';
  readonly id: string;
  readonly name: string;
  /** JSON value or text. */
  readonly output: unknown;
  readonly isError?: boolean;
  /** Whether it came from outside and may hold instructions of somebody else. Policies ask for it. */
  readonly isUntrusted?: boolean;
}

export interface ReasoningPart {
  readonly type: 'reasoning';
  readonly text: string;
  /** What the provider needs to take its own reasoning back (a signature, an encrypted blob). */
  readonly opaque?: string;
}

/**
 * A piece of a reply that only its provider understands, such as a search that it made itself. It goes back to that provider as
 * it came, and is left out for every other.
 */
export interface ProviderPart {
  readonly type: 'provider';
  readonly provider: string;
  /** Plain JSON. */
  readonly data: unknown;
}

export type Part =
  | TextPart
  | ImagePart
  | FilePart
  | SourcePart
  | ToolCallPart
  | ToolResultPart
  | ReasoningPart
  | ProviderPart;

export interface Message {
  readonly role: Role;
  /** A plain string is short for one text part. */
  readonly content: string | readonly Part[];
}

/** The parts of a message; a string becomes one text part, an empty string none. */
export const partsOf = (message: Message): readonly Part[] => {
  if (typeof message.content !== 'string') return message.content;
  return message.content === '' ? [] : [{ type: 'text', text: message.content }];
};

/** The text parts of a message, joined. */
export const textOf = (message: Message): string =>
  typeof message.content === 'string'
    ? message.content
    : message.content.map((part) => (part.type === 'text' ? part.text : '')).join('');

/*
 * The three helpers remember the type of their content under `~content`, which is never there, so that a chat prompt can read
 * the variables of a literal. The union with `object` keeps such messages assignable to each other, and the type is written
 * out because the compiler would compare a named one by its argument alone.
 */

/** @example system('Answer in one sentence.') // => { role: 'system', content: 'Answer in one sentence.' } */
export const system = <const C extends string>(
  content: C,
): Message & { readonly '~content'?: { readonly of: C } | object } => ({ role: 'system', content });
/** @example user('Hello') // => { role: 'user', content: 'Hello' } */
export const user = <const C extends string | readonly Part[]>(
  content: C,
): Message & { readonly '~content'?: { readonly of: C } | object } => ({ role: 'user', content });
/** @example assistant('Hello') // => { role: 'assistant', content: 'Hello' } */
export const assistant = <const C extends string | readonly Part[]>(
  content: C,
): Message & { readonly '~content'?: { readonly of: C } | object } => ({ role: 'assistant', content });
