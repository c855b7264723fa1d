/** A stretch of text on a page, in points, as a reader sees the page: y grows downwards. */
export interface PageWord {
  readonly text: string;
  readonly x: number;
  readonly right: number;
  /** The line that the letters stand on. */
  readonly y: number;
  /** Height of the letters. */
  readonly size: number;
  /** Whether white space stands before it in the file. */
  readonly hasSpaceBefore: boolean;
}

/** Words on one line, from left to right. */
export interface PageRow {
  readonly words: readonly PageWord[];
  readonly x: number;
  readonly right: number;
  readonly y: number;
  readonly size: number;
}

/** Rows that are read from top to bottom: a column, or what stands across the page. */
export interface PageRegion {
  readonly rows: readonly PageRow[];
  readonly left: number;
  readonly right: number;
}

/**
 * The regions of a page in reading order. A page with columns is read column by column: an empty strip (gutter) that has running text on
 * both sides divides it; rows that cross the strip (a title, a wide figure) end the columns above them and begin new ones
 * below. Tables are read row by row, because their cells are too short to be columns.
 */
export const readingOrder = (words: readonly PageWord[]): readonly PageRegion[] => {
  const rows = rowsOf(words);
  const gutter = findGutter(rows);
  if (gutter === undefined) return rows.length === 0 ? [] : [regionOf(rows)];
  const regions: PageRegion[] = [];
  for (const band of bandsOf(rows, gutter)) {
    if (band.isAcross) regions.push(regionOf(band.rows));
    else {
      const inBand = band.rows.flatMap((row) => row.words);
      regions.push(...readingOrder(inBand.filter((word) => word.x < gutter.middle)));
      regions.push(...readingOrder(inBand.filter((word) => word.x >= gutter.middle)));
    }
  }
  return regions;
};

const regionOf = (rows: readonly PageRow[]): PageRegion => ({ rows, ...extentOf(rows) });

const extentOf = (rows: readonly { readonly x: number; readonly right: number }[]): { left: number; right: number } => {
  let left = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    left = Math.min(left, row.x);
    right = Math.max(right, row.right);
  }
  return { left, right };
};

/** Words whose lines are nearer than this, in letter heights, stand on one row; so do superscripts. */
const rowTolerance = 0.5;

const rowsOf = (words: readonly PageWord[]): readonly PageRow[] => {
  const byHeight = [...words].sort((a, b) => a.y - b.y || a.x - b.x);
  const rows: PageRow[] = [];
  let held: PageWord[] = [];
  for (const word of byHeight) {
    const first = held[0];
    if (first !== undefined && word.y - first.y > rowTolerance * Math.max(first.size, word.size)) {
      rows.push(rowOf(held));
      held = [];
    }
    held.push(word);
  }
  if (held.length > 0) rows.push(rowOf(held));
  return rows;
};

const rowOf = (words: readonly PageWord[]): PageRow => {
  const sorted = [...words].sort((a, b) => a.x - b.x);
  const { left, right } = extentOf(sorted);
  const largest = sorted.reduce((best, word) => (word.size > best.size ? word : best));
  return { words: sorted, x: left, right, y: largest.y, size: largest.size };
};

interface Segment {
  readonly x: number;
  readonly right: number;
  readonly y: number;
  readonly chars: number;
  readonly size: number;
}

/** The stretches of a row without a gap as wide as a letter is high. */
const segmentsOf = (row: PageRow): readonly Segment[] => {
  const segments: Segment[] = [];
  for (const { x, right, text, size } of row.words) {
    const last = segments.at(-1);
    if (last !== undefined && x - last.right <= Math.max(size, last.size) * 0.8) {
      segments[segments.length - 1] = {
        x: last.x,
        right: Math.max(last.right, right),
        y: row.y,
        chars: last.chars + text.length,
        size: Math.max(last.size, size),
      };
    } else segments.push({ x, right, y: row.y, chars: text.length, size });
  }
  return segments;
};

interface Gutter {
  readonly left: number;
  readonly right: number;
  readonly middle: number;
}

/** Where columns may be divided: not in the outer fifths of the page. */
const marginRatio = 0.18;
const minColumnRows = 3;
/** In points; the format allows 14,400, and a damaged file names anything. */
const maxPageWidth = 20_000;
const minSegmentChars = 16;
const minFillRatio = 0.5;

/** The widest strip that the fewest rows cross, if it has running text on both sides. */
const findGutter = (rows: readonly PageRow[]): Gutter | undefined => {
  const { left, right } = extentOf(rows);
  const width = Math.ceil(right - left);
  if (rows.length < minColumnRows || !(width > 0 && width <= maxPageWidth)) return undefined;
  const segments = rows.flatMap(segmentsOf);
  const strip = emptiestStrip(coverage(segments, left, width), Math.floor(width * marginRatio));
  const size = medianOf(segments.map((segment) => segment.size));
  if (strip === undefined || strip.end - strip.start < size * 0.6) return undefined;
  const gutter = { left: left + strip.start, right: left + strip.end, middle: left + (strip.start + strip.end) / 2 };
  const before = segments.filter((segment) => segment.right <= gutter.left + 1);
  const after = segments.filter((segment) => segment.x >= gutter.right - 1);
  return isColumn(before) && isColumn(after) ? gutter : undefined;
};

/** How many segments stand over each point of the width. */
const coverage = (segments: readonly Segment[], left: number, width: number): Int32Array => {
  const counts = new Int32Array(width + 2);
  for (const { x, right } of segments) {
    const from = Math.max(0, Math.floor(x - left));
    const to = Math.min(width, Math.ceil(right - left));
    counts[from] = (counts[from] ?? 0) + 1;
    counts[to] = (counts[to] ?? 0) - 1;
  }
  for (let at = 1; at < counts.length; at++) counts[at] = (counts[at] ?? 0) + (counts[at - 1] ?? 0);
  return counts.subarray(0, width);
};

/** The longest run of nearly the smallest count, margins left out: a page number may stand in a gutter. */
const emptiestStrip = (counts: Int32Array, margin: number): { start: number; end: number } | undefined => {
  const inner = counts.subarray(margin, counts.length - margin);
  const least = inner.reduce((best, count) => Math.min(best, count), Number.POSITIVE_INFINITY);
  const most = counts.reduce((best, count) => Math.max(best, count), 0);
  const limit = least + (most - least) * 0.1;
  let best: { start: number; end: number } | undefined;
  for (let at = 0; at < inner.length; ) {
    let end = at;
    while (end < inner.length && (inner[end] ?? 0) <= limit) end++;
    if (end > at && (best === undefined || end - at > best.end - best.start)) best = { start: at, end };
    at = Math.max(end, at + 1);
  }
  return best === undefined ? undefined : { start: best.start + margin, end: best.end + margin };
};

/**
 * Whether the segments on one side are lines of running text: enough of them, filling the side, and long. The mean length is
 * weighted by length, because a justified line may have gaps; the cells of a table stay short.
 */
const isColumn = (segments: readonly Segment[]): boolean => {
  const rowCount = new Set(segments.map((segment) => segment.y)).size;
  if (rowCount < minColumnRows) return false;
  const { left, right } = extentOf(segments);
  const filled = sumOf(segments, (segment) => segment.right - segment.x) / (rowCount * (right - left));
  const meanChars = sumOf(segments, ({ chars }) => chars * chars) / sumOf(segments, ({ chars }) => chars);
  return meanChars >= minSegmentChars && filled >= minFillRatio;
};

const sumOf = <T>(items: readonly T[], amountOf: (item: T) => number): number =>
  items.reduce((sum, item) => sum + amountOf(item), 0);

export const medianOf = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

interface Band {
  readonly isAcross: boolean;
  readonly rows: PageRow[];
}

/** The rows in runs of those that cross the gutter and those that do not. */
const bandsOf = (rows: readonly PageRow[], gutter: Gutter): readonly Band[] => {
  const bands: Band[] = [];
  for (const row of rows) {
    const isAcross = segmentsOf(row).some((segment) => segment.x < gutter.middle && segment.right > gutter.middle);
    const last = bands.at(-1);
    if (last?.isAcross === isAcross) last.rows.push(row);
    else bands.push({ isAcross, rows: [row] });
  }
  return bands;
};
