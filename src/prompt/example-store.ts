import { createHash } from 'node:crypto';
import {
  callStep,
  defineStep,
  type Document,
  type DocumentStore,
  type MmrOptions,
  PipewrightError,
  type Retriever,
  type Run,
} from '../core/index.js';
import {
  choose,
  type ExampleLimits,
  type ExampleQuery,
  exampleQueryOf,
  type ExampleSelector,
  normalized,
  resolveLimits,
  selectionFor,
} from './example-limits.js';
import type { Example } from './examples.js';

/** An example that an `ExampleStore` holds. */
export interface StoredExample extends Example {
  readonly id: string;
}

export interface SimilarExamplesOptions extends ExampleLimits {
  /** Where the most similar one stands: models lean on what they read last. @default 'best-last' */
  readonly order?: 'best-first' | 'best-last';
  /** Prefer examples that differ from each other; needs vectors. @default by similarity alone */
  readonly mmr?: MmrOptions;
  /** Examples with a lower score are left out. @default none is */
  readonly minScore?: number;
  /** Finds the examples instead of the index itself, such as a `hybrid` of two, or a `rerank`. @default that of the index */
  readonly retriever?: Retriever;
}

export interface ListExamplesOptions {
  /** @default all */
  readonly category?: string;
  /** Id of the example to go on after. */
  readonly after?: string;
}

/** Examples that grow with use, over an index of vectors or of keywords that they have to themselves. */
export interface ExampleStore {
  /**
   * Adds examples and resolves to their ids. One with the same input and category replaces what was there: the newer answer
   * is the right one. Kept when the promise resolves, where the index keeps.
   */
  readonly add: (examples: readonly Example[], run?: Run) => Promise<readonly string[]>;
  /** Removes examples by id or category, and resolves to how many there were. */
  readonly remove: (which: readonly string[] | { readonly category: string }, run?: Run) => Promise<number>;
  readonly list: (options?: ListExamplesOptions) => AsyncIterable<StoredExample>;
  /**
   * A step that picks examples for a question: those whose inputs are most like it, never the question itself, each input once.
   * @throws {PipewrightError} `bad-option`; `unsupported` for `mmr` without vectors.
   */
  readonly selector: (options?: SimilarExamplesOptions) => ExampleSelector;
}

/** The category is part of it: one question may be an example of several tasks. */
const idOf = ({ id, input, category = '' }: Example): string =>
  id ??
  createHash('sha256')
    .update(JSON.stringify([category, normalized(input)]))
    .digest('hex')
    .slice(0, 32);

const documentOf = (example: Example): Document => {
  const { input, output, category } = example;
  for (const [field, value] of Object.entries({ input, output })) {
    if (typeof value === 'string') continue;
    throw new PipewrightError('bad-input', `An example needs a text as \`${field}\`, got ${typeof value}.`, {
      details: { where: field },
    });
  }
  return { id: idOf(example), text: input, metadata: { output, ...(category === undefined ? {} : { category }) } };
};

const exampleOf = ({ id, text, metadata = {} }: Document): StoredExample => {
  const { output, category } = metadata;
  if (typeof output !== 'string') {
    throw new PipewrightError(
      'bad-input',
      `The document \`${id}\` in the index of examples is no example: its metadata have no text \`output\`. Give the examples an index of their own.`,
      { details: { where: id } },
    );
  }
  return { id, input: text, output, ...(typeof category === 'string' ? { category } : {}) };
};

/** More candidates than examples, because some are the question itself, double, or too long. */
const candidatesFor = (maxExamples: number): number => 3 * Math.min(maxExamples, 1_000) + 2;

const selectorOf = (index: DocumentStore, options: SimilarExamplesOptions = {}): ExampleSelector => {
  const { order = 'best-last', mmr, minScore, retriever, ...rest } = options;
  const limits = resolveLimits(rest, 4);
  const search = retriever ?? index.retriever({ ...(mmr && { mmr }), ...(minScore !== undefined && { minScore }) });
  const arrange = (chosen: readonly Example[]): readonly Example[] =>
    order === 'best-last' ? [...chosen].reverse() : chosen;
  const details = { maxExamples: limits.maxExamples, order, isDiverse: mmr !== undefined };
  const info = { kind: 'example-selector', name: 'similar-examples', details, children: [{ step: search }] };
  return defineStep(info, async (query: ExampleQuery, run) => {
    const asked = exampleQueryOf(query);
    const selection = selectionFor(asked, limits, arrange);
    if (selection.maxExamples === 0) return [];
    const filter = asked.category === undefined ? {} : { filter: { category: asked.category } };
    const hits = await callStep(search, { text: asked.text, k: candidatesFor(selection.maxExamples), ...filter }, run);
    return choose(hits.map(exampleOf), selection);
  });
};

const isIds = (which: readonly string[] | { readonly category: string }): which is readonly string[] =>
  Array.isArray(which);

/**
 * A store of examples over an index: `hnsw` finds those alike in meaning, `bm25` those that share words. It keeps what the index
 * keeps; the index stays yours to close. Adding costs what the index asks for (an embedding of the input each), picking one search.
 * @example const store = exampleStore(await bm25())
 */
export const exampleStore = (index: DocumentStore): ExampleStore => ({
  add: async (examples, run) => {
    const documents = examples.map(documentOf);
    await index.upsert([...new Map(documents.map((document) => [document.id, document])).values()], run);
    return documents.map(({ id }) => id);
  },
  remove: (which, run) => index.delete(isIds(which) ? which : { category: which.category }, run),
  list: async function* ({ category, after } = {}) {
    const options = { ...(category !== undefined && { filter: { category } }), ...(after !== undefined && { after }) };
    for await (const document of index.entries(options)) yield exampleOf(document);
  },
  selector: (options) => selectorOf(index, options),
});
