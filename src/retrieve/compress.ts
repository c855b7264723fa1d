import {
  type AnyStep,
  callStep,
  checkAtLeast,
  defineStep,
  excerpt,
  type Hit,
  map,
  queryOf,
  type Retriever,
  type Run,
  type Step,
  type StepLike,
  type TextRange,
} from '../core/index.js';
import { attempt, type OnFailure } from './query.js';
import { joinRanges } from '../text/index.js';

/** A passage, and the question that it is read for. */
export interface CompressInput {
  readonly query: string;
  readonly text: string;
  readonly title?: string;
}

/** Tells which stretches of a passage matter for a question; none when nothing does. */
export type Compressor = Step<CompressInput, readonly TextRange[]>;

export interface CompressOptions {
  /** Passages that are read at most; those behind are left out. @default 20 */
  readonly maxHits?: number;
  /** Passages that are read at once. @default 8 */
  readonly concurrency?: number;
  /** `skip` keeps a passage whole when it cannot be read, and emits a warning. @default 'skip' */
  readonly onFailure?: OnFailure;
}

/**
 * Keeps of each hit the stretches that matter for the query, and drops hits without any. Each stretch becomes a hit of its own with
 * the score of its passage and its exact place in the document, so that citations of it stay right; there may be more of them than
 * `k`. A passage that cannot be read stays whole, with a warning. One call of the compressor for each hit.
 * @throws {PipewrightError} `bad-option`; the step throws what the retriever throws.
 * @example compress(keywords.retriever({ k: 20 }), sentenceCompressor())
 */
export const compress = (
  retriever: Retriever,
  compressor: StepLike<CompressInput, readonly TextRange[]>,
  options: CompressOptions = {},
): Retriever => {
  const { maxHits = 20, concurrency = 8, onFailure = 'skip' } = options;
  checkAtLeast('maxHits', maxHits, 1);
  checkAtLeast('concurrency', concurrency, 1);
  const children = [
    { label: 'retriever', step: retriever },
    { label: 'compressor', step: compressor as AnyStep, maxCalls: maxHits },
  ];
  return defineStep({ kind: 'compress', details: { maxHits, concurrency }, children }, async (query, run) => {
    const hits = await callStep(retriever, query, run, 'retriever');
    const { text: asked } = queryOf(query);
    const compressHit = async (hit: Hit, inner: Run): Promise<readonly Hit[]> => {
      const { text, title } = hit;
      const input = { query: asked, text, ...(title === undefined ? {} : { title }) };
      const ranges = await attempt(`Compressing \`${hit.id}\``, onFailure, inner, () =>
        callStep(compressor, input, inner, 'compressor'),
      );
      return ranges === undefined ? [hit] : joinRanges(ranges, text).map((range) => excerpt(hit, range));
    };
    return (await map(compressHit, { concurrency })(hits.slice(0, maxHits), run)).flat();
  });
};
