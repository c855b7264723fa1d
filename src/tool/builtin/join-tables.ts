import { createRun, PipewrightError, type Run } from '../../core/index.js';
import { columnOf, rowsAtOnce, type Table, turns } from './table.js';
import type { TableColumn } from './table-cells.js';

export interface JoinTablesOptions {
  /** The column that both have, or one of each. */
  readonly on: string | { readonly left: string; readonly right: string };
  /** `left` keeps rows that match nothing. @default 'inner' */
  readonly kind?: 'inner' | 'left';
}

/** A table with more rows than this is a mistake in the key. */
const maxRows = 1_000_000;

/**
 * Puts the rows of two tables together where a column of each holds the same value; missing values match nothing. A column of the
 * right table whose name is taken is called `name (2)`.
 * @throws {PipewrightError} `not-found` for a column; `bad-input` when the columns hold different things, or more than a million rows
 * would come out.
 * @example (await joinTables(await readTable('id,a\n1,x'), await readTable('id,b\n1,y'), { on: 'id' })).columns.map(({ name }) => name) // => ['id', 'a', 'b']
 */
export const joinTables = async (
  left: Table,
  right: Table,
  options: JoinTablesOptions,
  run: Run = createRun(),
): Promise<Table> => {
  const { on, kind = 'inner' } = options;
  const names = typeof on === 'string' ? { left: on, right: on } : on;
  const [leftKey, rightKey] = [columnOf(left, names.left), columnOf(right, names.right)];
  if (leftKey.type !== rightKey.type) {
    const message = `\`${names.left}\` holds ${leftKey.type}s and \`${names.right}\` holds ${rightKey.type}s: they cannot be joined.`;
    throw new PipewrightError('bad-input', message);
  }
  const turn = turns(run);
  const rowsByValue = new Map<unknown, number[]>();
  for (const [row, value] of rightKey.values.entries()) {
    if (row % rowsAtOnce === 0) await turn();
    if (value === null) continue;
    const rows = rowsByValue.get(value);
    if (rows === undefined) rowsByValue.set(value, [row]);
    else rows.push(row);
  }
  const pairs: [number, number][] = [];
  for (const [row, value] of leftKey.values.entries()) {
    if (row % rowsAtOnce === 0) await turn();
    const matches = rowsByValue.get(value) ?? (kind === 'left' ? [-1] : []);
    for (const match of matches) pairs.push([row, match]);
    if (pairs.length > maxRows) {
      const message = `More than ${maxRows} rows would come out: \`${names.left}\` matches many rows on both sides.`;
      throw new PipewrightError('bad-input', message);
    }
  }
  const taken = new Set(left.columns.map(({ name }) => name));
  const columns: TableColumn[] = [];
  for (const column of left.columns) {
    await turn();
    columns.push({ ...column, values: pairs.map(([row]) => column.values[row] ?? null) });
  }
  for (const column of right.columns) {
    if (column === rightKey) continue;
    await turn();
    const name = taken.has(column.name) ? `${column.name} (2)` : column.name;
    columns.push({ ...column, name, values: pairs.map(([, row]) => column.values[row] ?? null) });
  }
  return { columns, rowCount: pairs.length };
};
