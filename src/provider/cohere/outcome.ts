import type { Usage } from '../../core/index.js';
import type { FinishReason, ModelCitation, ModelEvent, TokenLogProb } from '../../model/index.js';

/** What both versions of the API tell of the usage. */
export interface WireUsage {
  readonly tokens?: WireTokens;
  readonly billed_units?: WireTokens;
  readonly cached_tokens?: number;
}

interface WireTokens {
  readonly input_tokens?: number;
  readonly output_tokens?: number;
  readonly reasoning_tokens?: number;
  readonly image_tokens?: number;
}

/** Figures of tokens with what is billed beside them: the prompt that Cohere puts around ours is not paid for. */
export const usageEvents = (wire: WireUsage | undefined): readonly ModelEvent[] => {
  const { tokens, billed_units: billed, cached_tokens } = wire ?? {};
  const told = tokens ?? billed;
  if (told === undefined) return [];
  const usage: Usage = {
    inputTokens: (told.input_tokens ?? 0) + (tokens?.image_tokens ?? 0),
    outputTokens: told.output_tokens ?? 0,
    ...(cached_tokens === undefined ? {} : { cachedInputTokens: cached_tokens }),
    ...(told.reasoning_tokens === undefined ? {} : { reasoningTokens: told.reasoning_tokens }),
    ...(billed === undefined
      ? {}
      : { billed: { inputTokens: billed.input_tokens ?? 0, outputTokens: billed.output_tokens ?? 0 } }),
  };
  return [{ type: 'usage', usage }];
};

const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['COMPLETE', 'stop'],
  ['STOP_SEQUENCE', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['ERROR_LIMIT', 'length'],
  ['TOOL_CALL', 'tool-call'],
  ['ERROR_TOXIC', 'content-filter'],
]);

/** Reasons for which the answer is not what the model would have said. */
const failures: ReadonlySet<string> = new Set(['ERROR', 'TIMEOUT']);

/** Throws what `serverError` reads when the server says that it failed in the middle. */
export const finishEvent = (reason: string, why: string | undefined): ModelEvent => {
  if (failures.has(reason)) {
    const message = `it broke off with ${reason}${why === undefined ? '' : `: ${why}`}`;
    throw Object.assign(new Error(message), { error: { message } });
  }
  return { type: 'finish', reason: finishReasons.get(reason) ?? 'other' };
};

export interface WireCitation {
  readonly start?: number;
  readonly end?: number;
  readonly text?: string;
  /** Of the text, of the plan or of the thoughts. */
  readonly type?: string;
  readonly sources?: readonly { readonly id?: string }[];
  /** In the first version of the API. */
  readonly document_ids?: readonly string[];
}

/**
 * The citations of an answer, each for one source. Those of the plan, and of results of tools that held no sources, are left out.
 * The API does not tell which words of the source it means.
 */
export const citationsOf = (
  text: string,
  wire: readonly WireCitation[],
  sourceIds: ReadonlySet<string>,
): readonly ModelEvent[] =>
  wire
    .filter(({ type = 'TEXT_CONTENT' }) => type === 'TEXT_CONTENT')
    .flatMap((one) => {
      const span = spanOf(text, one);
      const ids = one.document_ids ?? (one.sources ?? []).map(({ id = '' }) => id);
      return ids
        .filter((sourceId) => sourceIds.has(sourceId))
        .map((sourceId): ModelEvent => {
          const citation: ModelCitation = { sourceId, quote: '', ...span };
          return { type: 'citation', citation };
        });
    });

/** The server counts characters, and an emoji is one; we count as `slice` does. */
const spanOf = (
  text: string,
  { start = 0, end = start, text: cited }: WireCitation,
): Pick<ModelCitation, 'start' | 'end'> => {
  const from = unitsBefore(text, start);
  const inCharacters = { start: from, end: from + unitsBefore(text.slice(from), end - start) };
  const isMeant = cited === undefined || text.slice(inCharacters.start, inCharacters.end) === cited;
  return isMeant ? inCharacters : { start: Math.min(start, text.length), end: Math.min(end, text.length) };
};

/** How many UTF-16 units so many characters take. */
const unitsBefore = (text: string, characters: number): number => {
  let units = 0;
  for (let count = 0; count < characters && units < text.length; count += 1) {
    units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  }
  return units;
};

export interface WireLogProb {
  readonly text?: string;
  /** Of each token that the text was made of. */
  readonly logprobs?: readonly number[];
}

export const logProbEvents = (wire: readonly WireLogProb[]): readonly ModelEvent[] => {
  const tokens = wire.map(
    ({ text = '', logprobs = [] }): TokenLogProb => ({
      token: text,
      logProb: logprobs.reduce((sum, value) => sum + value, 0),
      alternatives: [],
    }),
  );
  return tokens.length === 0 ? [] : [{ type: 'log-probs', tokens }];
};
