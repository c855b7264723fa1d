import { type FittedBlock, packBy } from '../context/index.js';
import { type Hit, placeWithin } from '../core/index.js';
import { estimateTokens } from '../model/index.js';
import { sentenceSpans } from '../text/index.js';
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

/** What a model sees as the title of a source: the document and the headings above the passage. */
export const titleOf = ({ title = '', source = '', place }: Hit): string => {
  const name = title === '' ? source : title;
  const headings = place?.headings ?? [];
  const isRepeated = headings[0] !== undefined && name.endsWith(headings[0]);
  return [name, ...(isRepeated ? headings.slice(1) : headings)].filter((part) => part !== '').join(' › ');
};

/**
 * Fits passages, best first, into a token budget, as `pack` of `pipewright/context` does: whole ones by rank, and of the first that
 * does not fit its beginning, up to the end of a sentence, where enough of it fits. Passages that repeat an earlier one are left out.
 * @throws {PipewrightError} `bad-option`.
 * @example packSources([{ id: 'a', text: 'Tea is at four.', score: 1 }]).sources.length // => 1
 */
export const packSources = (hits: readonly Hit[], options: PackOptions = {}): PackedSources => {
  const { maxTokens = 6_000, countTokens = estimateTokens } = options;
  const { kept, tokens, leftOut } = packBy(hits, maxTokens, (hit, room) => fitInto(room, hit, countTokens));
  return { sources: kept, tokens, leftOut: leftOut.map(({ block, reason }) => ({ hit: block, reason })) };
};

/** The passage, or as many of its first sentences as there is room for. */
const fitInto = (room: number, hit: Hit, countTokens: (text: string) => number): FittedBlock<Hit> | undefined => {
  const fixed = countTokens(titleOf(hit)) + markTokens;
  const whole = fixed + countTokens(hit.text);
  if (whole <= room) return { block: hit, tokens: whole };
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
  const place = placeWithin(hit, { start: 0, end: text.length });
  return { block: { ...hit, text, ...(hit.place === undefined ? {} : { place }) }, tokens: fixed + countTokens(text) };
};
