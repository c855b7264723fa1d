import { checkAtLeast, type Hit } from '../core/index.js';
import { estimateTokens } from '../model/index.js';
import { sentenceSpans, words } from '../text/index.js';
import type { LeftOutHit } from './types.js';

export interface PackOptions {
  /** Room for all sources together: their titles, texts and marks. @default 6000 */
  readonly maxTokens?: number;
  /** @default estimateTokens */
  readonly countTokens?: (text: string) => number;
}

export interface PackedSources {
  readonly sources: readonly Hit[];
  /** What they take. Never above `maxTokens`. */
  readonly tokens: number;
  readonly leftOut: readonly LeftOutHit[];
}

/** Marks around a source in a prompt. */
const markTokens = 8;
/** A passage whose beginning would have less room than this is left out whole. */
const minUsefulTokens = 40;
/** Stretches of so many words are compared. */
const shingleLength = 5;
/** A passage that shares more of its stretches with an earlier one says nothing new. */
const duplicateRatio = 0.8;

/** What a model sees as the title of a source: the document and the headings above the passage. */
export const titleOf = ({ title = '', source = '', place }: Hit): string => {
  const name = title === '' ? source : title;
  const headings = place?.headings ?? [];
  const isRepeated = headings[0] !== undefined && name.endsWith(headings[0]);
  return [name, ...(isRepeated ? headings.slice(1) : headings)].filter((part) => part !== '').join(' › ');
};

const shinglesOf = (text: string): ReadonlySet<string> => {
  const all = words(text);
  const shingles = new Set<string>();
  for (let at = 0; at < Math.max(1, all.length - shingleLength + 1); at++) {
    shingles.add(all.slice(at, at + shingleLength).join(' '));
  }
  return shingles;
};

const isWithin = (small: ReadonlySet<string>, large: ReadonlySet<string>): boolean => {
  let shared = 0;
  for (const shingle of small) if (large.has(shingle)) shared++;
  return shared >= duplicateRatio * small.size;
};

/**
 * Fits passages, best first, into a token budget: whole ones by rank, and of the first that does not fit its beginning, up to
 * the end of a sentence, where enough of it fits. Passages that repeat an earlier one are left out.
 * @throws {PipewrightError} `bad-option`.
 * @example packSources([{ id: 'a', text: 'Tea is at four.', score: 1 }]).sources.length // => 1
 */
export const packSources = (hits: readonly Hit[], options: PackOptions = {}): PackedSources => {
  const { maxTokens = 6_000, countTokens = estimateTokens } = options;
  checkAtLeast('maxTokens', maxTokens, 0);
  const sources: Hit[] = [];
  const leftOut: LeftOutHit[] = [];
  const seen: ReadonlySet<string>[] = [];
  let tokens = 0;
  let isFull = false;
  for (const hit of hits) {
    const shingles = shinglesOf(hit.text);
    if (sources.some(({ id }) => id === hit.id) || seen.some((known) => isWithin(shingles, known))) {
      leftOut.push({ hit, reason: 'duplicate' });
      continue;
    }
    const fitted: FittedHit | undefined = isFull ? undefined : fitInto(maxTokens - tokens, hit, countTokens);
    isFull = fitted?.hit !== hit;
    if (isFull) leftOut.push({ hit, reason: fitted === undefined ? 'budget' : 'cut' });
    if (fitted === undefined) continue;
    sources.push(fitted.hit);
    seen.push(shingles);
    tokens += fitted.tokens;
  }
  return { sources, tokens, leftOut };
};

interface FittedHit {
  readonly hit: Hit;
  readonly tokens: number;
}

/** The passage, or as many of its first sentences as there is room for. */
const fitInto = (room: number, hit: Hit, countTokens: (text: string) => number): FittedHit | undefined => {
  const fixed = countTokens(titleOf(hit)) + markTokens;
  const whole = fixed + countTokens(hit.text);
  if (whole <= room) return { hit, tokens: whole };
  if (room - fixed < minUsefulTokens) return undefined;
  const ends = sentenceSpans(hit.text).map(({ end }) => end);
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fixed + countTokens(hit.text.slice(0, ends[middle - 1])) <= room) low = middle;
    else high = middle - 1;
  }
  const text = hit.text.slice(0, ends[low - 1] ?? 0);
  if (text === '') return undefined;
  return { hit: { ...hit, text, ...placeOfBeginning(hit, text) }, tokens: fixed + countTokens(text) };
};

const placeOfBeginning = ({ place }: Hit, text: string): Pick<Hit, 'place'> => {
  if (place === undefined) return {};
  const { start, startLine } = place;
  return {
    place: {
      ...place,
      ...(start === undefined ? {} : { end: start + text.length }),
      ...(startLine === undefined ? {} : { endLine: startLine + text.split('\n').length - 1 }),
    },
  };
};
