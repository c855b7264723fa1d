import {
  callStep,
  checkAtLeast,
  decorate,
  type Embedder,
  isPipewrightError,
  map,
  PipewrightError,
  type Run,
  type StepLike,
} from '../core/index.js';
import { checkCount } from './check-count.js';
import { type TextBatch, textBatches } from './text-batches.js';
import { estimateTokens } from './tokens.js';

export interface BatchedEmbedderOptions {
  /** Texts of one call at most. @default 96 */
  readonly maxTexts?: number;
  /** Tokens of one call at most; a text that is longer goes alone. @default 50_000 */
  readonly maxTokens?: number;
  /** @default estimateTokens */
  readonly countTokens?: (text: string) => number;
  /** Calls under way at once. @default 4 */
  readonly concurrency?: number;
}

type EmbedTexts = StepLike<readonly string[], readonly Float32Array[]>;

/** A text that cannot be embedded, by its place in the input, and why. */
interface Refusal {
  readonly item: number;
  readonly error: PipewrightError;
}

/** What is wrong with a text, not with the call: the other texts of the batch may well be embedded. */
const faultsOfTexts: ReadonlySet<string> = new Set(['bad-input', 'content-refused', 'context-too-long']);

/**
 * An embedder that takes any number of texts and asks the one inside in batches, several at once. Vectors keep the order of the
 * texts; `progress` events (`embed`) count texts. A batch that is refused for what it holds is halved until the text at fault is
 * alone; the others go on, and in the end the call rejects with the code of the first fault and the places of all such texts in
 * `details.items`. Any other failure ends the call at once. With a `cachedEmbedder` inside, what was embedded is not asked for again.
 * @throws {PipewrightError} `bad-option` when a number is out of range.
 * @example (await batchedEmbedder(localEmbedder(), { maxTexts: 2 })(['a', 'b', 'c'])).length // => 3
 */
export const batchedEmbedder = <E extends Embedder>(embedder: E, options: BatchedEmbedderOptions = {}): E => {
  const { maxTexts = 96, maxTokens = 50_000, countTokens = estimateTokens, concurrency = 4 } = options;
  checkCount('maxTexts', maxTexts, 1);
  checkAtLeast('maxTokens', maxTokens, 1);
  checkCount('concurrency', concurrency, 1);
  const info = { kind: 'batched-embedder', details: { maxTexts, maxTokens, concurrency } };
  return decorate<Embedder>(embedder, info, async (texts: readonly string[], run) => {
    const batches = [...textBatches(texts, { maxTexts, maxWeight: maxTokens, weigh: countTokens })];
    const vectors: Float32Array[] = new Array(texts.length);
    const refused: Refusal[] = [];
    let done = 0;
    const work = async (batch: TextBatch, inner: Run): Promise<void> => {
      await embedBatch(embedder, batch, { vectors, refused }, inner);
      done += batch.texts.length;
      run.emit({ type: 'progress', label: 'embed', done, total: texts.length });
    };
    await map(work, { concurrency })(batches, run);
    if (refused.length > 0) throw refusalOf(refused, texts.length);
    return vectors;
  }) as E;
};

interface Outcome {
  readonly vectors: Float32Array[];
  readonly refused: Refusal[];
}

const embedBatch = async (
  embedder: Embedder,
  { start, texts }: TextBatch,
  outcome: Outcome,
  run: Run,
): Promise<void> => {
  let vectors: readonly Float32Array[];
  try {
    vectors = await callStep(embedder as EmbedTexts, texts, run);
  } catch (error) {
    run.throwIfAborted();
    if (!isPipewrightError(error) || !faultsOfTexts.has(error.code)) throw error;
    if (texts.length === 1) return void outcome.refused.push({ item: start, error });
    const middle = texts.length >> 1;
    await embedBatch(embedder, { start, texts: texts.slice(0, middle) }, outcome, run);
    return embedBatch(embedder, { start: start + middle, texts: texts.slice(middle) }, outcome, run);
  }
  if (vectors.length !== texts.length) {
    const message = `The embedder ${embedder.id} returned ${vectors.length} vectors for ${texts.length} texts.`;
    throw new PipewrightError('output-invalid', message);
  }
  for (const [at, vector] of vectors.entries()) outcome.vectors[start + at] = vector;
};

const refusalOf = (refused: readonly Refusal[], total: number): PipewrightError => {
  const inOrder = [...refused].sort((a, b) => a.item - b.item);
  const [first] = inOrder;
  const items = inOrder.map(({ item }) => item);
  const shown = items.slice(0, 10).join(', ') + (items.length > 10 ? ', …' : '');
  const message = `${items.length} of ${total} texts could not be embedded (items ${shown}): ${first?.error.message}`;
  return new PipewrightError(first?.error.code ?? 'bad-input', message, { cause: first?.error, details: { items } });
};
