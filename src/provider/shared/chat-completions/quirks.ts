import type { CacheLifetime } from '../../../core/index.js';
import type { ReasoningEffort } from '../../../model/index.js';

/** Fields in the form of the Chat Completions API. */
export type Wire = Readonly<Record<string, unknown>>;

/** What asks for each grade of reasoning. A grade that is left out takes the next higher one, else the highest there is. */
export type ReasoningGrades = Readonly<Partial<Record<ReasoningEffort, Wire>>>;

/**
 * Where the reasoning of earlier replies stands in the history: a field of the assistant's message, that field with tool calls
 * only, chunks of its content, or the list that OpenRouter sends.
 */
export type ReasoningPlace =
  | 'reasoning'
  | 'reasoning_content'
  | 'reasoning_content-with-tool-calls'
  | 'thinking-chunks'
  | 'reasoning_details';

/**
 * Where a server differs from OpenAI's Chat Completions API in what it takes; what is left out is as OpenAI has it. How replies
 * differ needs no telling but for `reasoningTag`: every known spelling is read from every server.
 */
export interface ChatQuirks {
  /** Other names of request fields. Null: the server does not take the field, so it is left out, with a `warning` event. */
  readonly fields?: Readonly<Record<string, string | null>>;
  /** @default `reasoning_effort` with our own words; nothing for `none` */
  readonly reasoning?: ReasoningGrades;
  /** @default reasoning is left out of the history */
  readonly reasoningBack?: ReasoningPlace;
  /** The tag that encloses reasoning at the beginning of the text, such as `think`. @default none */
  readonly reasoningTag?: string;
  /** The word for "must call some tool". @default 'required' */
  readonly requiredToolChoice?: string;
  /** Whether the JSON schema of the output goes alone, without name, description and strictness. @default false */
  readonly hasBareSchema?: boolean;
  /** The form of documents: with their bytes, with bytes or a URL, or as `document_url`. @default 'bytes' */
  readonly documents?: 'bytes' | 'bytes-or-url' | 'document_url';
  /** What is put on a part that is marked with `cache`. @default nothing */
  readonly cacheMark?: Readonly<Record<CacheLifetime, Wire>>;
  /** What asks for a prompt cache. @default nothing */
  readonly promptCache?: Readonly<Record<CacheLifetime, Wire>>;
}

/** Whose conversation is written or read. */
export interface ChatSettings {
  /** `openai:gpt-5-mini` */
  readonly id: string;
  /** `openai`: marks what only this provider understands when it comes back. */
  readonly provider: string;
  readonly model: string;
  readonly quirks: ChatQuirks;
  readonly isStreaming: boolean;
}

const ascending: readonly ReasoningEffort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'];

/** The grades that a server knows by our own words, and the fields that ask for one. */
export const reasoningGrades = (
  efforts: readonly ReasoningEffort[],
  fieldsOf: (effort: ReasoningEffort) => Wire = (effort) => ({ reasoning_effort: effort }),
): ReasoningGrades => Object.fromEntries(efforts.map((effort) => [effort, fieldsOf(effort)]));

/** A server that is not known is not told `none`: most would refuse the word. */
const ownWords: ReasoningGrades = { ...reasoningGrades(ascending), none: {} };

/** The fields that ask for this grade of reasoning. */
export const reasoningFields = (effort: ReasoningEffort, grades: ReasoningGrades = ownWords): Wire => {
  const atLeast = ascending.slice(ascending.indexOf(effort)).find((grade) => grades[grade] !== undefined);
  const nearest = atLeast ?? ascending.findLast((grade) => grades[grade] !== undefined);
  return (nearest === undefined ? undefined : grades[nearest]) ?? {};
};
