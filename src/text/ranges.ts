import type { TextSpan } from './blocks.js';

/** Ranges within a text, in order and apart: those that meet, or have only white space between them, become one. */
export const joinRanges = (ranges: readonly TextSpan[], text: string): readonly TextSpan[] => {
  const kept: TextSpan[] = [];
  const within = ranges
    .map(({ start, end }) => ({ start: Math.max(0, start), end: Math.min(text.length, end) }))
    .filter(({ start, end }) => end > start)
    .sort((a, b) => a.start - b.start);
  for (const range of within) {
    const last = kept.at(-1);
    const isApart = last === undefined || text.slice(last.end, range.start).trim() !== '';
    if (isApart) kept.push(range);
    else kept[kept.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
  }
  return kept;
};
