import { medianOf, type PageRegion, type PageRow, type PageWord, readingOrder } from './pdf-layout.js';
import { type PageTable, tablesIn } from './pdf-tables.js';

/**
 * The text of a page in reading order. Lines that were only wrapped are joined to paragraphs, words that were divided at the end of
 * a line are joined; headings and list items stay lines. Tables are written in Markdown. An empty line stands between paragraphs.
 */
export const pageText = (words: readonly PageWord[]): string =>
  readingOrder(words)
    .map(regionText)
    .filter((text) => text !== '')
    .join('\n\n');

/** The text of a region; its tables stand between paragraphs, in Markdown. */
const regionText = (region: PageRegion): string => {
  const pieces: string[] = [];
  let from = 0;
  for (const table of tablesIn(region.rows)) {
    pieces.push(linesText(region, region.rows.slice(from, table.from)), tableText(table));
    from = table.to;
  }
  pieces.push(linesText(region, region.rows.slice(from)));
  return pieces.filter((piece) => piece !== '').join('\n\n');
};

const tableText = ({ cells }: PageTable): string => {
  const [head = [], ...rows] = cells.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
};

const linesText = (region: PageRegion, rows: readonly PageRow[]): string => {
  const pitch = medianOf(rows.slice(1).map((row, index) => row.y - (rows[index]?.y ?? row.y)));
  let text = '';
  let previous: PageRow | undefined;
  for (const row of rows) {
    const line = rowText(row);
    if (line === '') continue;
    if (previous === undefined) text = line;
    else text = join(text, line, breakBetween(previous, row, region, pitch));
    previous = row;
  }
  return text;
};

type Break = 'wrap' | 'line' | 'paragraph';

const listMark = /^(?:[•◦▪‣·*–—-]\s|\(?\d{1,3}[.)]\s|\(?[a-z][.)]\s)/;

const breakBetween = (above: PageRow, below: PageRow, region: PageRegion, pitch: number): Break => {
  const gap = below.y - above.y;
  if (gap > Math.max(pitch * 1.4, above.size * 1.3)) return 'paragraph';
  const areAlike = Math.max(above.size, below.size) < Math.min(above.size, below.size) * 1.15;
  if (!areAlike || isTableRow(above) || isTableRow(below)) return 'line';
  if (listMark.test(rowText(below))) return 'line';
  const isIndented = below.x - above.x > above.size * 0.7 && below.x - region.left > above.size * 0.7;
  if (isIndented && !listMark.test(rowText(above))) return 'paragraph';
  return above.right + firstWordWidth(below) > region.right ? 'wrap' : 'line';
};

/** Whether a gap in the row is wider, in letter heights, than justified text has it. */
const isTableRow = ({ words }: PageRow): boolean =>
  words.some((word, index) => word.x - (words[index - 1]?.right ?? word.x) > word.size * maxTextGap);

const maxTextGap = 1.6;

/** What the first word of a row would take up behind the row above it; a row that had room for it was not wrapped. */
const firstWordWidth = (row: PageRow): number => {
  const first = row.words[0];
  if (first === undefined) return 0;
  const space = first.text.indexOf(' ');
  const chars = space === -1 ? first.text.length : space;
  return ((first.right - first.x) * chars) / first.text.length + row.size * 0.25;
};

const join = (text: string, line: string, between: Break): string => {
  if (between === 'paragraph') return `${text}\n\n${line}`;
  if (between === 'line') return `${text}\n${line}`;
  if (text.endsWith('\u00ad')) return text.slice(0, -1) + line;
  return /\p{L}-$/u.test(text.slice(-3)) && /^\p{Ll}/u.test(line) ? text.slice(0, -1) + line : `${text} ${line}`;
};

const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

const rowText = (row: PageRow): string => {
  const joined = row.words.map((word) => word.text).join('');
  // Words come from left to right; a line of Arabic or Hebrew is read the other way. The letters in a word are in order already.
  const isReversed = rightToLeft.test(joined) && !/\p{Script=Latin}/u.test(joined);
  const words = isReversed ? [...row.words].reverse() : row.words;
  let text = '';
  let previous: PageWord | undefined;
  for (const word of words) {
    if (previous !== undefined && hasSpaceBetween(previous, word)) text += ' ';
    text += word.text;
    previous = word;
  }
  return text.replace(/\s+/g, ' ').trim();
};

/** A space is about a quarter of the letters' height; what is much less is kerning. */
const hasSpaceBetween = (before: PageWord, word: PageWord): boolean => {
  const gap = Math.max(word.x - before.right, before.x - word.right);
  return gap > Math.min(before.size, word.size) * 0.15 || (word.hasSpaceBefore && gap > 0);
};
