import type { TextRange } from '../core/index.js';

/** Words of a text and where they stand: `text.slice(start, end)` is `quote`. */
export interface QuotedSpan extends TextRange {
  readonly quote: string;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&');

/** Marks that models write otherwise than the text does. */
const alike: readonly (readonly [pattern: RegExp, any: string])[] = [
  [/["“”„«»]/gu, '["“”„«»]'],
  [/['’‘`]/gu, "['’‘`]"],
  [/[-‐‑–—]/gu, '[-‐‑–—]'],
];

const maxQuoteLength = 2_000;

/** The quote in any white space and style of quotation marks. */
const patternOf = (quote: string): string => {
  const words = quote
    .split(/\s+/u)
    .map((word) => alike.reduce((text, [pattern, any]) => text.replace(pattern, any), escaped(word)));
  return words.join('\\s+');
};

/** Where the text holds the quote: letter by letter, else in other white space and marks, else in another case too; from `from` on. */
export const findQuote = (text: string, told: string, from = 0): QuotedSpan | undefined => {
  const quote = told.trim().replace(/^(?:\.{3}|…)\s*|\s*(?:\.{3}|…)$/gu, '');
  if (quote === '' || quote.length > maxQuoteLength) return undefined;
  const exact = text.indexOf(quote, from);
  if (exact >= 0) return { start: exact, end: exact + quote.length, quote };
  for (const flags of ['gu', 'giu']) {
    const pattern = new RegExp(patternOf(quote), flags);
    pattern.lastIndex = from;
    const match = pattern.exec(text);
    if (match !== null) return { start: match.index, end: match.index + match[0].length, quote: match[0] };
  }
  return undefined;
};

const plain = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

/** The number that digits with separators mean, read in both ways: `1.250,50` and `1,250.50`. */
const numbersIn = (text: string): readonly number[] =>
  (text.match(/-?\d[\d.,' \u00a0\u202f]*/gu) ?? []).flatMap((digits) => {
    const tight = digits.replace(/[' \u00a0\u202f]/gu, '').replace(/[.,]$/u, '');
    return [Number(tight.replaceAll(',', '')), Number(tight.replaceAll('.', '').replace(',', '.'))];
  });

/** Whether the quote itself says the value: its words, or its number. Values that are worked out, such as a date, are not. */
export const saysLiterally = (quote: string, value: unknown): boolean => {
  if (typeof value === 'number') return numbersIn(quote).includes(value);
  return typeof value === 'string' && plain(value) !== '' && ` ${plain(quote)} `.includes(` ${plain(value)} `);
};
