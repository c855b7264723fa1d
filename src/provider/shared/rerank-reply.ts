import { PipewrightError, type RerankInput, type RerankScore, type Usage } from '../../core/index.js';

/** The scores of one reply, and what it told of the usage. */
export interface RerankReply {
  readonly scores: readonly RerankScore[];
  /** Without `inputTokens` where the server counts searches only. */
  readonly usage: Partial<Usage>;
}

type Json = Readonly<Record<string, unknown>>;

const objectOf = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/**
 * Reads a reply of the Cohere form: a list under `results` or `data`, or alone, of items with an `index` and a `relevance_score`
 * or `score`.
 * @throws {PipewrightError} `model-failed` when it does not score the texts that were sent, each once.
 */
export const readRerank = (id: string, data: unknown, { texts, k }: Required<RerankInput>): RerankReply => {
  const reply = objectOf(data);
  const items = [data, reply.results, reply.data].find(Array.isArray) as readonly unknown[] | undefined;
  const scores = (items ?? []).map((item): RerankScore => {
    const { index, relevance_score, score } = objectOf(item);
    return { index: numberOf(index) ?? -1, score: numberOf(relevance_score) ?? numberOf(score) ?? Number.NaN };
  });
  const places = new Set(scores.map(({ index }) => index));
  const isRight = scores.every(({ index, score }) => Object.hasOwn(texts, index) && !Number.isNaN(score));
  const wanted = Math.min(k, texts.length);
  if (!isRight || places.size !== scores.length || scores.length < wanted) {
    const what = `${scores.length} scores where ${wanted} of ${texts.length} texts were asked for`;
    throw new PipewrightError(
      'model-failed',
      `${id} sent ${isRight ? what : 'scores of texts that it was not given'}. Check the base URL and the form, or try again.`,
      { retryable: true },
    );
  }
  return { scores, usage: usageOf(reply) };
};

/** Cohere tells what it bills, Voyage and Jina `usage.total_tokens`, Together `usage.prompt_tokens`. */
const usageOf = (reply: Json): Partial<Usage> => {
  const { total_tokens, prompt_tokens } = objectOf(reply.usage);
  const meta = objectOf(reply.meta);
  const inputTokens = numberOf(total_tokens) ?? numberOf(prompt_tokens) ?? numberOf(objectOf(meta.tokens).input_tokens);
  const searchUnits = numberOf(objectOf(meta.billed_units).search_units);
  return {
    ...(inputTokens === undefined ? {} : { inputTokens, outputTokens: 0 }),
    ...(searchUnits === undefined ? {} : { billed: { inputTokens: 0, outputTokens: 0, searchUnits } }),
  };
};
