import { checkAtLeast, defineStep, type Step, type StepInfo, stepInfo } from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { stopWords, wordRarity, words } from '../text/index.js';
import {
  answerSchema,
  listSchema,
  modelStep,
  objectSchema,
  oneText,
  type Read,
  textSchema,
  textsIn,
} from '../ask/index.js';

/** Makes the text, or the texts, to search for in place of a query. Any function of that form is a rewriter. */
export type Rewriter = Step<string, string | readonly string[]>;

const rewriterInfo = (name: string): StepInfo => ({ kind: 'rewriter', name });

const readQueries = (value: unknown): Read<readonly string[]> => {
  const queries = textsIn(value, 'queries');
  return queries === undefined || queries.length === 0
    ? { issues: ['`queries` must be a list of texts, at least one.'] }
    : { value: queries };
};

const asksFor = (model: ChatModel, name: string, key: string, rules: string): Step<string, string> =>
  modelStep(model, { info: rewriterInfo(name), rules, content: (query: string) => query, schema: oneText(key) });

export interface MultiQueryOptions {
  /** How many versions are asked for. @default 3 */
  readonly count?: number;
}

/**
 * A rewriter: the question in other words, several times, so that what one wording misses another finds. One model call of some
 * hundred tokens, and a search for each version.
 * @throws {PipewrightError} `bad-option`.
 * @example rewrite(vectors.retriever(), multiQuery(model))
 */
export const multiQuery = (model: ChatModel, options: MultiQueryOptions = {}): Step<string, readonly string[]> => {
  const { count = 3 } = options;
  checkAtLeast('count', count, 1);
  const ask = modelStep(model, {
    info: { ...rewriterInfo('multiQuery'), details: { count } },
    rules: `Write ${count} other versions of the question for a search: the same meaning, other words, each from another angle. Keep its language. Do not answer it.`,
    content: (query: string) => query,
    schema: answerSchema(objectSchema({ queries: listSchema(textSchema) }), readQueries),
  });
  return defineStep(stepInfo(ask), async (query, run) => (await ask(query, run)).slice(0, count));
};

/**
 * A rewriter: the question with synonyms and related words behind it, for a keyword search. One model call of some hundred tokens.
 * @example rewrite(keywords.retriever(), expandQuery(model), { originalWeight: 0 })
 */
export const expandQuery = (model: ChatModel): Step<string, string> => {
  const rules =
    'List up to ten words or short terms that a passage answering the question may use in place of its own: synonyms, technical terms, spelt-out abbreviations. Separate them by spaces. Keep its language. Do not answer it.';
  const ask = asksFor(model, 'expandQuery', 'terms', rules);
  return defineStep(stepInfo(ask), async (query, run) => `${query} ${await ask(query, run)}`);
};

/**
 * A rewriter: a made-up passage that would answer the question, for a vector search, as answers are nearer to passages than
 * questions are (HyDE: Gao et al. 2022, arXiv:2212.10496). Never show it to anybody: it is invented. One model call that writes
 * about a hundred tokens.
 * @example rewrite(vectors.retriever(), hyde(model))
 */
export const hyde = (model: ChatModel): Step<string, string> =>
  asksFor(
    model,
    'hyde',
    'passage',
    'Write a passage of about 80 words, as it might stand in a document, that answers the question. It is used for a search only, so guess what you do not know. Keep the language of the question.',
  );

/**
 * A rewriter: the more general question behind the question, which finds the principles that a detail rests on (Zheng et al. 2023,
 * arXiv:2310.06117). One model call of some hundred tokens.
 * @example rewrite(vectors.retriever(), stepBack(model))
 */
export const stepBack = (model: ChatModel): Step<string, string> =>
  asksFor(
    model,
    'stepBack',
    'question',
    'Step back: write the one more general question whose answer is the background for this question. Keep its language. Do not answer it.',
  );

export interface KeyTermsOptions {
  /** Words that are kept at most: the rarest. @default 12 */
  readonly maxTerms?: number;
}

/**
 * A rewriter without a model: the words that say something, each once and in their order, of a question or of a whole letter. A query
 * of nothing but grammar stays as it is.
 * @throws {PipewrightError} `bad-option`.
 * @example await keyTerms()('How do I get a refund for the parcel that was lost?') // => 'get refund parcel lost'
 */
export const keyTerms = (options: KeyTermsOptions = {}): Step<string, string> => {
  const { maxTerms = 12 } = options;
  checkAtLeast('maxTerms', maxTerms, 1);
  return defineStep({ ...rewriterInfo('keyTerms'), details: { maxTerms } }, async (query) => {
    const terms = [...new Set(words(query))].filter((word) => !stopWords.has(word));
    const kept = new Set([...terms].sort((a, b) => wordRarity(b) - wordRarity(a)).slice(0, maxTerms));
    return kept.size === 0 ? query : terms.filter((term) => kept.has(term)).join(' ');
  });
};
