import { medianOf, type PageRow, type PageWord } from './pdf-layout.js';

/** Rows of a page that form a table, with the text of their cells. */
export interface PageTable {
  /** Index of its first row, and one above that of its last. */
  readonly from: number;
  readonly to: number;
  /** The head first. All rows have as many cells. */
  readonly cells: readonly (readonly string[])[];
}

const minRows = 3;
const minColumns = 3;
/** A gap this wide, in letter heights, divides two cells. */
const minCellGap = 0.8;
/** Rows of a table stand no further apart than this, in letter heights. */
const maxRowGap = 3;
/** A strip is empty between columns although this share of the rows crosses it. */
const maxCrossing = 0.05;
/** The narrowest strip between columns, in letter heights. */
const minStrip = 0.25;
/** The share of cells that must hold something. */
const minFilled = 0.5;

/** Stretches of a row without a wide gap: the words of one cell, in most tables. */
const groupsOf = ({ words }: PageRow): readonly (readonly PageWord[])[] => {
  const groups: PageWord[][] = [];
  for (const word of words) {
    const last = groups.at(-1)?.at(-1);
    if (last !== undefined && word.x - last.right <= Math.max(word.size, last.size) * minCellGap)
      groups.at(-1)?.push(word);
    else groups.push([word]);
  }
  return groups;
};

interface Extent {
  readonly left: number;
  readonly right: number;
}

/** The columns over which nearly all rows leave the same strips empty. */
const columnsOf = (rows: readonly PageRow[], size: number): readonly Extent[] => {
  const left = Math.floor(Math.min(...rows.map((row) => row.x)));
  const width = Math.ceil(Math.max(...rows.map((row) => row.right)) - left);
  const crossing = new Uint16Array(width + 1);
  for (const { words } of rows) {
    for (const { x, right } of words) {
      for (let at = Math.max(0, Math.ceil(x - left)); at < Math.min(width, right - left); at++) {
        crossing[at] = (crossing[at] as number) + 1;
      }
    }
  }
  const limit = Math.floor(rows.length * maxCrossing);
  const columns: Extent[] = [];
  let start: number | undefined;
  let gap = 0;
  for (let at = 0; at <= width; at++) {
    const isEmpty = at === width || (crossing[at] as number) <= limit;
    if (!isEmpty) {
      start ??= at;
      gap = 0;
    } else if (start !== undefined && (++gap >= size * minStrip || at === width)) {
      columns.push({ left: left + start, right: left + at - gap + 1 });
      start = undefined;
    }
  }
  return columns;
};

/** A word belongs to the column that its middle is nearest to. */
const columnAt = (columns: readonly Extent[], { x, right }: PageWord): number => {
  const middle = (x + right) / 2;
  let best = 0;
  let nearest = Number.POSITIVE_INFINITY;
  for (const [index, column] of columns.entries()) {
    const distance = Math.max(column.left - middle, middle - column.right, 0);
    if (distance < nearest) {
      nearest = distance;
      best = index;
    }
  }
  return best;
};

const cellsOf = (row: PageRow, columns: readonly Extent[]): string[] => {
  const cells = columns.map((): string => '');
  for (const word of row.words) {
    const at = columnAt(columns, word);
    cells[at] = `${cells[at]} ${word.text}`.trim().replace(/\s+/gu, ' ');
  }
  return cells;
};

/**
 * What stands across several columns above a table names each of them: those nearer to its middle than to the next one's. The
 * outer ones reach as far outwards as inwards.
 */
const spanningCells = (row: PageRow, columns: readonly Extent[]): readonly string[] => {
  const labels = groupsOf(row).map((words) => ({
    text: words.map((word) => word.text.trim()).join(' '),
    middle: ((words[0]?.x ?? 0) + (words.at(-1)?.right ?? 0)) / 2,
  }));
  return columns.map(({ left, right }) => {
    const middle = (left + right) / 2;
    const at = labels.findIndex(({ middle: own }, i) => {
      const before = own - (labels[i - 1]?.middle ?? Number.NEGATIVE_INFINITY);
      const after = (labels[i + 1]?.middle ?? Number.POSITIVE_INFINITY) - own;
      const reach = { left: Number.isFinite(before) ? before : after, right: Number.isFinite(after) ? after : before };
      return middle >= own - reach.left / 2 && middle < own + reach.right / 2;
    });
    return labels[at]?.text ?? '';
  });
};

const isNumeric = (cell: string): boolean => /^[-+($€£¥\s]*[\d.,\s]+[%)]?$/u.test(cell) && /\d/u.test(cell);

/** How many rows at the top are the head: those without a number, where the rows below have some. */
const headRows = (cells: readonly (readonly string[])[]): number => {
  const first = cells.findIndex((row) => row.some(isNumeric));
  return first > 0 ? Math.min(first, 3) : 1;
};

const joinHead = (cells: readonly (readonly string[])[], count: number): readonly (readonly string[])[] => {
  const head = (cells[0] ?? []).map((_, column) =>
    cells
      .slice(0, count)
      .map((row) => row[column] ?? '')
      .filter((cell) => cell !== '')
      .join(' '),
  );
  return [head, ...cells.slice(count)];
};

/** Whether a row holds labels that each stand over several columns. */
const isSpanning = (row: PageRow | undefined, columnCount: number): row is PageRow => {
  const count = row === undefined ? 0 : groupsOf(row).length;
  return count >= 2 && count <= columnCount / 2;
};

const tableIn = (rows: readonly PageRow[], start: number, to: number): PageTable | undefined => {
  const body = rows.slice(start, to);
  const columns = columnsOf(body, medianOf(body.map((row) => row.size)));
  if (columns.length < minColumns) return undefined;
  const isHeadAbove = start > 0 && isSpanning(rows[start - 1], columns.length) && isNear(rows, start);
  const from = isHeadAbove ? start - 1 : start;
  const own = rows.slice(from, to);
  const spanning = own.findIndex((row) => !isSpanning(row, columns.length));
  const cells = own.map((row, index) => (index < spanning ? spanningCells : cellsOf)(row, columns));
  const filled = cells.flat().filter((cell) => cell !== '').length / (cells.length * columns.length);
  return filled < minFilled ? undefined : { from, to, cells: joinHead(cells, headRows(cells)) };
};

/**
 * The tables among the rows of a page region: three rows or more, of three cells or more, whose columns stand below each other. No
 * lines are needed around the cells. A head of several rows becomes one.
 */
export const tablesIn = (rows: readonly PageRow[]): readonly PageTable[] => {
  const tables: PageTable[] = [];
  for (let from = 0; from < rows.length; ) {
    let to = from;
    while (to < rows.length && groupsOf(rows[to] as PageRow).length >= minColumns && (to === from || isNear(rows, to)))
      to++;
    const table = to - from >= minRows ? tableIn(rows, from, to) : undefined;
    if (table !== undefined) tables.push(table);
    from = Math.max(to, from + 1);
  }
  return tables;
};

/** Whether a row stands close below the one before it. */
const isNear = (rows: readonly PageRow[], at: number): boolean => {
  const [above, row] = [rows[at - 1], rows[at]];
  return above !== undefined && row !== undefined && row.y - above.y <= Math.max(row.size, above.size) * maxRowGap;
};
