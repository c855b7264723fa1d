import {
  callStep,
  checkAtLeast,
  type Embedder,
  PipewrightError,
  type Run,
  sliceTimer,
  type StepLike,
  yieldToEventLoop,
} from '../core/index.js';
import { type BreakMethod, breakThreshold, defaultThresholds, steepness } from './breakpoints.js';
import { sentenceUnits } from './sentence-splitter.js';
import { checkSizes, trimmed } from './span.js';
import { defineSplitter, type PieceSpan, type Splitter } from './splitter.js';

export interface SemanticSplitterOptions {
  /** Longest piece, in UTF-16 code units; at least 2. @default 1000 */
  readonly maxChars?: number;
  /** No piece but the last is shorter; at most a third of `maxChars`. @default a tenth of `maxChars` */
  readonly minChars?: number;
  /** How many sentences before and behind a border are compared. @default 3 */
  readonly windowSentences?: number;
  /**
   * Which borders are changes of topic: those whose distance is above a percentile of all, above the mean by so many standard
   * deviations, or rises more steeply than a percentile of all. @default 'percentile'
   */
  readonly method?: BreakMethod;
  /** The percentile, or the number of standard deviations. @default 90 for percentile and gradient, 1 for standard-deviation */
  readonly threshold?: number;
}

/** Windows that are embedded with one call, so that not all vectors of a book lie in memory. */
const batchWindows = 128;

/**
 * Cuts where the topic changes: between sentences before and behind which the texts differ most, as the embedder sees it (the
 * windows of TextTiling, Hearst 1997, compared by embeddings). A topic that is too long is cut at its own largest changes; only
 * a sentence longer than a third of `maxChars` is cut. Pieces do not overlap. Each stretch of text is embedded `windowSentences`
 * times; the same text and vectors give the same pieces.
 * @throws {PipewrightError} `bad-option` when a number is out of range.
 * @example semanticSplitter(embedder, { maxChars: 800, method: 'standard-deviation' })
 */
export const semanticSplitter = (embedder: Embedder, options: SemanticSplitterOptions = {}): Splitter => {
  const { maxChars = 1_000, windowSentences = 3, method = 'percentile' } = options;
  const { minChars = Math.floor(maxChars / 10), threshold = defaultThresholds[method] } = options;
  checkSizes({ name: 'maxChars', value: maxChars, min: 2 }, { name: 'minChars', value: minChars });
  if (minChars > maxChars / 3) {
    const message = `\`minChars\` must be at most a third of \`maxChars\` (${Math.floor(maxChars / 3)}), got ${minChars}.`;
    throw new PipewrightError('bad-option', message);
  }
  checkAtLeast('windowSentences', windowSentences, 1);
  checkAtLeast('threshold', threshold, 0);
  return defineSplitter('semantic', async function* ({ text }, run) {
    const units = await unitsOf(text, maxChars, run);
    const distances = await borderDistances(
      embedder,
      { text, units, windowSentences: Math.floor(windowSentences) },
      run,
    );
    const scores = method === 'gradient' ? steepness(distances) : distances;
    const limit = breakThreshold(scores, method, threshold);
    const isChange = (border: number): boolean => (scores[border] as number) > limit;
    yield* joined(units, { distances, isChange, minChars, maxChars });
  });
};

/** The sentences without white space around them, those that are too long in parts. */
const unitsOf = async (text: string, maxChars: number, run: Run): Promise<readonly PieceSpan[]> => {
  const isDue = sliceTimer();
  const units: PieceSpan[] = [];
  for (const { start, end } of sentenceUnits(text, Math.max(2, Math.floor(maxChars / 3)))) {
    const unit = trimmed(text, start, end);
    if (unit.end > unit.start) units.push(unit);
    if (!isDue()) continue;
    await yieldToEventLoop();
    run.throwIfAborted();
  }
  return units;
};

interface Windows {
  readonly text: string;
  readonly units: readonly PieceSpan[];
  readonly windowSentences: number;
}

/** How far what stands before each border is from what stands behind it, from 0 to 2; border `n` is behind unit `n`. */
const borderDistances = async (embedder: Embedder, windows: Windows, run: Run): Promise<Float64Array> => {
  const { text, units, windowSentences: width } = windows;
  const distances = new Float64Array(Math.max(0, units.length - 1));
  const textOf = (first: number, last: number): string =>
    text.slice(units[first]?.start, units[Math.min(last, units.length - 1)]?.end);
  if (units.length < 2) return distances;
  // What stands before the first borders is shorter; before every other one stands a window that also stands behind one.
  const heads = await embed(
    embedder,
    Array.from({ length: Math.min(width, units.length) - 1 }, (_, at) => textOf(0, at)),
    run,
  );
  const vectors = new Map<number, Float32Array>();
  for (let from = 0; from < units.length; from += batchWindows) {
    const end = Math.min(from + batchWindows, units.length);
    const firsts = Array.from({ length: end - from }, (_, at) => from + at);
    const made = await embed(
      embedder,
      firsts.map((first) => textOf(first, first + width - 1)),
      run,
    );
    for (const [at, first] of firsts.entries()) vectors.set(first, made[at] as Float32Array);
    for (let border = Math.max(0, from - 1); border < end - 1; border++) {
      const before = border - width + 1;
      const vector = before < 0 ? heads[border] : vectors.get(before);
      distances[border] = 1 - dot(vector as Float32Array, vectors.get(border + 1) as Float32Array);
      vectors.delete(before);
    }
  }
  return distances;
};

const embed = async (embedder: Embedder, texts: readonly string[], run: Run): Promise<readonly Float32Array[]> => {
  if (texts.length === 0) return [];
  const vectors = await callStep(embedder as StepLike<readonly string[], readonly Float32Array[]>, texts, run);
  if (vectors.length === texts.length) return vectors;
  const message = `The embedder ${embedder.id} returned ${vectors.length} vectors for ${texts.length} texts.`;
  throw new PipewrightError('output-invalid', message);
};

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] ?? 0);
  return sum;
};

interface Joining {
  readonly distances: Float64Array;
  readonly isChange: (border: number) => boolean;
  readonly minChars: number;
  readonly maxChars: number;
}

/** Units in pieces: up to a change of topic, and where there is none within the size, up to the largest distance. */
function* joined(
  units: readonly PieceSpan[],
  { distances, isChange, minChars, maxChars }: Joining,
): Generator<PieceSpan, void, undefined> {
  const startOf = (unit: number): number => units[unit]?.start ?? 0;
  const endOf = (unit: number): number => units[unit]?.end ?? 0;
  let first = 0;
  for (let unit = 1; unit < units.length; unit++) {
    while (endOf(unit) - startOf(first) > maxChars) {
      const last = largestChange(first, unit);
      yield { start: startOf(first), end: endOf(last) };
      first = last + 1;
    }
    if (first === unit || !isChange(unit - 1) || endOf(unit - 1) - startOf(first) < minChars) continue;
    yield { start: startOf(first), end: endOf(unit - 1) };
    first = unit;
  }
  if (units.length > 0) yield { start: startOf(first), end: endOf(units.length - 1) };

  /** The last unit of the piece from `from` on: before the largest change that leaves it no shorter than it may be. */
  function largestChange(from: number, to: number): number {
    let best = to - 1;
    for (let border = to - 2; border >= from && endOf(border) - startOf(from) >= minChars; border--) {
      if ((distances[border] as number) > (distances[best] as number)) best = border;
    }
    return best;
  }
}
