import type { TextRange } from '../core/index.js';

/** A stretch that names something, and of what type. */
export interface Candidate extends TextRange {
  readonly type: string;
}

const months =
  'Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?';
const year = '(?:1\\d|20)\\d{2}';
const magnitude = '(?:thousand|million|billion|trillion|[kmb]n?)';
const units =
  '%|percent|per cent|°[CF]|(?:milli|centi|kilo)?met(?:er|re)s?|mm|cm|km|m²|km²|square (?:kilomet(?:er|re)s|miles|feet|met(?:er|re)s)|miles?|feet|foot|ft|inch(?:es)?|yards?|acres?|hectares?|kg|kilograms?|grams?|mg|tons?|tonnes?|pounds?|lbs?|lit(?:er|re)s?|[kmg]w|watts?|volts?|[kmgt]i?b|bytes|[kmg]?hz|mph|km\\/h|seconds?|minutes?|hours?|days?|weeks?|months?|years?|dollars?|euros?|people|inhabitants';
const figure = '\\d+(?:[.,]\\d+)*';
const edge = '(?![\\p{L}\\p{N}])';

/** In the order in which they are looked for: of two that overlap, the first counts. */
const patterns: readonly (readonly [type: string, pattern: RegExp])[] = [
  ['code', /`[^`\n]{2,80}`/gu],
  ['date', new RegExp(`\\b\\d{1,2}(?:st|nd|rd|th)? (?:of )?(?:${months})\\.?(?:,? ${year})?${edge}`, 'gu')],
  ['date', new RegExp(`\\b(?:${months})\\.? \\d{1,2}(?:st|nd|rd|th)?${edge}(?:,? ${year}${edge})?`, 'gu')],
  ['date', new RegExp(`\\b(?:${months})\\.?,? ${year}${edge}`, 'gu')],
  ['date', new RegExp(`\\b${year}-\\d{2}-\\d{2}${edge}`, 'gu')],
  ['quantity', new RegExp(`[$€£¥] ?${figure}(?: ?${magnitude})?${edge}`, 'giu')],
  ['quantity', new RegExp(`(?<![\\p{L}\\p{N}.,])${figure}(?: ${magnitude})? ?(?:${units})(?![\\p{L}\\p{N}])`, 'giu')],
  ['date', new RegExp(`(?<![\\p{L}\\p{N}$€£¥.,-])${year}s?(?![\\p{L}\\p{N}%])(?![.,-]\\d)`, 'gu')],
  ['code', /\b[\p{L}_$][\p{L}\p{N}_$]*(?:\.[\p{L}_$][\p{L}\p{N}_$]*)*\(\)/gu],
  ['code', /(?<![\p{L}\p{N}_./-])\p{L}[\p{L}\p{N}]*(?:_[\p{L}\p{N}]+)+(?![\p{L}\p{N}_])/gu],
  ['code', /(?<![\p{L}\p{N}_./-])\p{Ll}{2,}[\p{Ll}\p{N}]*(?:\p{Lu}[\p{Ll}\p{N}]+)+(?![\p{L}\p{N}_])/gu],
];

export const overlaps = (a: TextRange, b: TextRange): boolean => a.start < b.end && b.start < a.end;

/** Dates, quantities with their units and names of code in a stretch of text, in order; offsets are into the stretch. */
export const patternCandidates = (text: string): readonly Candidate[] => {
  const found: Candidate[] = [];
  for (const [type, pattern] of patterns) {
    for (const { 0: match, index } of text.matchAll(pattern)) {
      const isQuoted = match.startsWith('`');
      const start = index + (isQuoted ? 1 : 0);
      const candidate = { start, end: index + match.trimEnd().length - (isQuoted ? 1 : 0), type };
      if (!found.some((known) => overlaps(known, candidate))) found.push(candidate);
    }
  }
  return found.sort((a, b) => a.start - b.start);
};
