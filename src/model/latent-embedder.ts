import {
  createRun,
  defineStepWith,
  type Embedder,
  PipewrightError,
  type Random,
  type Run,
  seededRandom,
} from '../core/index.js';
import { type Analyzer, analyzer, stopWords } from '../text/index.js';
import { checkCount } from './check-count.js';
import { checkText, embedEach } from './embed-each.js';
import { decodeSpace, encodeSpace, fingerprint, type LatentSpace, probeText } from './latent-space.js';
import { countTerms, countTexts, damped, termWeights, weightedRows } from './latent-terms.js';
import { singularVectors } from './randomized-svd.js';
import { addProduct } from './sparse-rows.js';

export interface FitLatentEmbedderOptions {
  /** Length of the vectors at most; a corpus of fewer texts gives shorter ones. @default 160 */
  readonly dimensions?: number;
  /** Turns texts into terms; the same for fitting and for every later use. @default English stems without stop words */
  readonly analyze?: Analyzer;
  /** Terms that are looked at: those that most texts have. @default 30_000 */
  readonly maxTerms?: number;
  /** Texts that are looked at: of a larger corpus a random sample. @default 20_000 */
  readonly maxTexts?: number;
  /** The same texts and seed give the same embedder. @default 1 */
  readonly seed?: number;
}

export interface OpenLatentEmbedderOptions {
  /** The one that the embedder was fitted with. @default English stems without stop words */
  readonly analyze?: Analyzer;
}

/** An embedder that was fitted on a corpus. */
export interface LatentEmbedder extends Embedder {
  /** How many terms it knows. */
  readonly terms: number;
  /** All that was learnt, as bytes for a file or a store; `openLatentEmbedder` makes the same embedder of them. */
  readonly save: () => Uint8Array;
}

const defaultAnalyzer = (): Analyzer => analyzer({ stopWords });

/**
 * Learns from a corpus which words go together, and returns an embedder that puts texts near each other whose words do, though
 * they share none: latent semantic analysis (Deerwester et al. 1990) with log-entropy weights (Dumais 1991) and a randomized
 * singular value decomposition (Halko et al. 2011). It needs no model or download, and knows what this corpus says and nothing
 * else. Fitting 1,400 abstracts takes about a second. An unknown word counts as the known ones that begin alike, else not at all.
 * @throws {PipewrightError} `bad-option` for a number out of range, `bad-input` when the texts hold no words.
 * @example (await fitLatentEmbedder(['cars drive', 'cars stop', 'birds fly'])).dimensions // => 3
 */
export const fitLatentEmbedder = async (
  texts: Iterable<string> | AsyncIterable<string>,
  options: FitLatentEmbedderOptions = {},
  run: Run = createRun(),
): Promise<LatentEmbedder> => {
  const { dimensions = 160, maxTerms = 30_000, maxTexts = 20_000, seed = 1, analyze = defaultAnalyzer() } = options;
  checkCount('dimensions', dimensions, 1);
  checkCount('maxTerms', maxTerms, 1);
  checkCount('maxTexts', maxTexts, 1);
  const random = seededRandom(seed);
  const counted = await countTexts(await sampleOf(texts, maxTexts, random, run), analyze, run);
  const weighted = termWeights(counted, maxTerms);
  const rows = weightedRows(counted, weighted);
  if (rows.starts.length < 2) {
    throw new PipewrightError(
      'bad-input',
      'A latent embedder cannot be fitted: the texts hold no words. Give it the corpus.',
    );
  }
  const { values, directions } = await singularVectors(rows, dimensions, random, run);
  return embedderOf({ ...weighted, directions, dimensions: values.length, probe: analyze(probeText) }, analyze);
};

/**
 * The embedder that was saved. Its vectors are those that it gave before.
 * @throws {PipewrightError} `store-damaged` or `store-newer` when the bytes cannot be read, `bad-option` for another analyzer.
 * @example openLatentEmbedder((await fitLatentEmbedder(['cars drive', 'birds fly'])).save()).dimensions // => 2
 */
export const openLatentEmbedder = (bytes: Uint8Array, options: OpenLatentEmbedderOptions = {}): LatentEmbedder => {
  const { analyze = defaultAnalyzer() } = options;
  const space = decodeSpace(bytes);
  if (analyze(probeText).join(' ') === space.probe.join(' ')) return embedderOf(space, analyze);
  throw new PipewrightError(
    'bad-option',
    'This latent embedder was fitted with another analyzer. Pass the same one as `analyze`, or fit it anew.',
  );
};

/** Up to `most` of the texts, each with the same chance (reservoir sampling). */
const sampleOf = async (
  texts: Iterable<string> | AsyncIterable<string>,
  most: number,
  random: Random,
  run: Run,
): Promise<readonly string[]> => {
  const sample: string[] = [];
  let seen = 0;
  for await (const text of texts) {
    run.throwIfAborted();
    checkText(text, seen);
    if (sample.length < most) sample.push(text);
    else {
      const place = Math.floor(random() * (seen + 1));
      if (place < most) sample[place] = text;
    }
    seen++;
  }
  return sample;
};

const embedderOf = (space: LatentSpace, analyze: Analyzer): LatentEmbedder => {
  const { dimensions, terms } = space;
  const encoded = encodeSpace(space);
  const id = `latent:v1-${dimensions}-${fingerprint(encoded)}`;
  const columns = new Map(terms.map((term, column) => [term, column]));
  return defineStepWith(
    { kind: 'embedder', name: id, details: { dimensions, terms: terms.length } },
    { id, dimensions, terms: terms.length, save: () => encoded.slice() },
    (texts: readonly string[], run) =>
      embedEach(texts, run, async (text, giveWay) => {
        await giveWay();
        return vectorOf(countTerms(text, analyze), space, columns);
      }),
  );
};

const vectorOf = (
  counts: ReadonlyMap<string, number>,
  space: LatentSpace,
  columns: ReadonlyMap<string, number>,
): Float32Array => {
  const { dimensions, directions, terms, weights } = space;
  const found = [...counts].flatMap(([term, count]) => {
    const column = columns.get(term) ?? likeliestColumn(term, terms);
    return column === undefined ? [] : [{ column, value: damped(count) * (weights[column] as number) }];
  });
  const row = {
    columns: Uint32Array.from(found, ({ column }) => column),
    values: Float32Array.from(found, ({ value }) => value),
  };
  const sums = new Float64Array(dimensions);
  addProduct(row, [0, found.length], { matrix: directions, width: dimensions, sums });
  let squares = 0;
  for (const value of sums) squares += value * value;
  // A text that says nothing of the corpus still gets a vector of length 1, along the direction that matters least.
  if (!(squares > 0)) return Float32Array.from(sums, (_, at) => (at === dimensions - 1 ? 1 : 0));
  const length = Math.sqrt(squares);
  return Float32Array.from(sums, (value) => value / length);
};

/** Words of so many equal first letters, and that share of them, are taken for forms of one. */
const leastPrefix = 5;
const leastShare = 0.7;

/** The known term that begins as the word does, if any does far enough. */
const likeliestColumn = (word: string, terms: readonly string[]): number | undefined => {
  let low = 0;
  let high = terms.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((terms[middle] as string) < word) low = middle + 1;
    else high = middle;
  }
  // The term with the longest common beginning stands on one side of where the word would stand.
  const [before, after] = [low - 1, low].map((column) => ({ column, shared: sharedPrefix(word, terms[column] ?? '') }));
  if (before === undefined || after === undefined) return undefined;
  const best = after.shared > before.shared ? after : before;
  const length = Math.max(word.length, (terms[best.column] ?? '').length);
  return best.shared >= Math.max(leastPrefix, leastShare * length) ? best.column : undefined;
};

const sharedPrefix = (a: string, b: string): number => {
  let at = 0;
  while (at < a.length && at < b.length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
};
