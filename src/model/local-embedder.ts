import { defineStepWith, type Embedder } from '../core/index.js';
import { stem, textPieces, wordRarity, words } from '../text/index.js';
import { checkCount } from './check-count.js';
import { embedEach, type GiveWay } from './embed-each.js';

export interface LocalEmbedderOptions {
  /** Length of the vectors. Shorter ones save memory and mix up more words. @default 1024 */
  readonly dimensions?: number;
}

/** Changes whenever the vectors of the same texts do, so that nobody mixes the two. */
const version = 1;

/** What the kinds of features count beside a word. Measured on two test collections; small changes make no difference. */
const pairWeight = 0.3;
const trigramWeight = 0.5;

/** Start values that keep the hashes of the kinds apart. */
const wordSeed = 0x811c9dc5;
const pairSeed = 0x2f0b4c47;
const trigramSeed = 0x5bd1e995;

/** FNV-1a over UTF-16 units. */
const hashOf = (text: string, seed: number, from = 0, to: number = text.length): number => {
  let hash = seed;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
};

/** Spreads every bit of a hash over all others (the finalizer of MurmurHash3). */
const mixed = (hash: number): number => {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** Adds a feature where its hash says, with the sign its hash says, so that features that collide cancel out on average. */
const addFeature = (sums: Float64Array, hash: number, weight: number): void => {
  const bits = mixed(hash);
  const at = (bits >>> 1) % sums.length;
  sums[at] = (sums[at] as number) + ((bits & 1) === 0 ? weight : -weight);
};

/** How often a feature occurs and what one occurrence weighs. */
interface Counted {
  count: number;
  readonly weight: number;
}

const countIn = (counts: Map<string, Counted>, key: string, weight: number): void => {
  const known = counts.get(key);
  if (known === undefined) counts.set(key, { count: 1, weight });
  else known.count++;
};

/** Ten times the same word is not ten times the topic. A square root is exact on every platform; a logarithm is not. */
const damped = ({ count, weight }: Counted): number => weight * Math.sqrt(count);

const addTrigrams = (sums: Float64Array, word: string, weight: number): void => {
  const framed = `<${word}>`;
  const count = framed.length - 2;
  const share = (trigramWeight * weight) / Math.sqrt(count);
  for (let at = 0; at < count; at++) addFeature(sums, hashOf(framed, trigramSeed, at, at + 3), share);
};

const normalized = (sums: Float64Array): Float32Array => {
  let squares = 0;
  for (const value of sums) squares += value * value;
  // A text without words still gets a vector of length 1, the same for all such texts.
  if (squares === 0) return Float32Array.from(sums, (_, at) => (at === 0 ? 1 : 0));
  const length = Math.sqrt(squares);
  return Float32Array.from(sums, (value) => value / length);
};

const embedText = async (text: string, dimensions: number, giveWay: GiveWay): Promise<Float32Array> => {
  const stems = new Map<string, Counted>();
  const pairs = new Map<string, Counted>();
  let previous = '';
  for (const piece of textPieces(text)) {
    for (const word of words(piece)) {
      const stemmed = stem(word);
      const rarity = wordRarity(word);
      countIn(stems, stemmed, rarity);
      if (previous !== '') countIn(pairs, `${previous} ${stemmed}`, pairWeight * rarity);
      previous = stemmed;
    }
    await giveWay();
  }
  const sums = new Float64Array(dimensions);
  for (const [word, counted] of stems) {
    addFeature(sums, hashOf(word, wordSeed), damped(counted));
    addTrigrams(sums, word, damped(counted));
  }
  for (const [pair, counted] of pairs) addFeature(sums, hashOf(pair, pairSeed), damped(counted));
  return normalized(sums);
};

/**
 * An embedder that needs no model, download or corpus: stems, pairs of neighbouring words and three-letter pieces are hashed
 * into a vector of length 1 (feature hashing: Weinberger et al. 2009), rare words with more weight. Texts that share words or
 * parts of words come out near each other; it knows no meanings, so `car` and `automobile` are strangers to it. The same text
 * gives the same vector on every machine; `id` changes when that ever has to.
 * @throws {PipewrightError} `bad-option` when `dimensions` is no whole number of at least 16.
 * @example (await localEmbedder()(['refund policy']))[0]?.length // => 1024
 */
export const localEmbedder = (options: LocalEmbedderOptions = {}): Embedder => {
  const { dimensions = 1024 } = options;
  checkCount('dimensions', dimensions, 16);
  const id = `local:lexical-v${version}-${dimensions}`;
  return defineStepWith({ kind: 'embedder', name: id, details: { dimensions } }, { id, dimensions }, (texts, run) =>
    embedEach(texts, run, (text, giveWay) => embedText(text, dimensions, giveWay)),
  );
};
