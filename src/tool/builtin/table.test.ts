import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRun } from '../../core/index.js';
import { describeTable, joinTables, queryTable, readTable, type Table, tableTools, toolbox } from '../index.js';

const typesOf = (table: Table) =>
  table.columns.map(({ name, type, unit }) => [name, type, ...(unit === undefined ? [] : [unit])]);
const rowsOf = ({ columns, rowCount }: Table) =>
  Array.from({ length: rowCount }, (_, row) => columns.map(({ values }) => values[row] ?? null));

const sales = await readTable(`city;date;price;share;new;code
Bern;2024-03-05;"1,234.50";12 %;yes;007
Rome;2024-03-06;$80;7.5%;no;010
Bern;2024-03-07;;n/a;no;011
Oslo;2024-02-01;(1,000);100%;yes;099`);

describe('readTable', () => {
  it('finds out what the columns hold', () => {
    expect(typesOf(sales)).toEqual([
      ['city', 'text'],
      ['date', 'date'],
      ['price', 'number', '$'],
      ['share', 'number', '%'],
      ['new', 'boolean'],
      ['code', 'text'],
    ]);
    expect(sales.columns[2]?.values).toEqual([1234.5, 80, null, -1000]);
    expect(sales.columns[4]?.values).toEqual([true, false, false, true]);
  });

  it.each([
    ['1,234.5', '.', 1234.5],
    ['1.234,5', ',', 1234.5],
    ['1 234,5', ',', 1234.5],
    ["1'234.5", '.', 1234.5],
    ['1,5', '.', undefined],
    ['1.5', ',', undefined],
    ['1.5', '.', 1.5],
    ['-.5', '.', -0.5],
    ['−5', '.', -5],
    ['$-5', '.', -5],
    ['5 EUR', '.', 5],
    ['1e3', '.', 1000],
    ['1,23', '.', undefined],
    ['12,34,567', '.', undefined],
    ['007', '.', undefined],
    ['1-2', '.', undefined],
    ['5 apples', '.', undefined],
    ['(5', '.', undefined],
    ['', '.', undefined],
    ['Infinity', '.', undefined],
    ['0x1F', '.', undefined],
  ] as const)('reads %j with %j as %j', async (text, decimalMark, expected) => {
    const { columns } = await readTable(`a\tb\n${text}\tx`, { decimalMark, delimiter: '\t' });
    expect(columns[0]?.type === 'number' ? columns[0].values[0] : undefined).toBe(expected);
  });

  it('does not take different units for one', async () => {
    const { columns } = await readTable('a,b,c\n$5,5%,5\n€5,0.5,$5');
    expect(columns.map(({ type }) => type)).toEqual(['text', 'text', 'number']);
  });

  it('reads JSON, and lines of JSON, also where fields are missing or hostile', async () => {
    const list = await readTable('[{"a": 1, "b": {"c": 2}}, {"a": "2", "__proto__": "x"}]');
    expect(list.columns.map(({ name, type, values }) => [name, type, values])).toEqual([
      ['a', 'number', [1, 2]],
      ['b', 'text', ['{"c":2}', null]],
      ['__proto__', 'text', [null, 'x']],
    ]);
    expect(rowsOf(await readTable('{"a": 1}\n\n{"a": 2}\n'))).toEqual([[1], [2]]);
  });

  it('names columns that have no name, or one that is taken', async () => {
    expect((await readTable('a,,a\n1,2,3')).columns.map(({ name }) => name)).toEqual(['a', 'column 2', 'a 2']);
  });

  it.each([
    ['a,b\n1,2\n1,2,3', /Row 2 has 3 cells, and there are 2 columns/],
    ['', /is empty/],
    ['a,b\n"1,2', /quote/i],
    ['[1]', /Row 1 is no object: 1/],
    ['[{"a": 1}', /is no JSON/],
    ['{"a": 1}\n{"a"', /Line 2 is no JSON/],
  ])('says what is wrong with %j', async (text, message) => {
    await expect(readTable(text)).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(message) });
  });

  it('Q02 stops when its caller gives up', async () => {
    const control = new AbortController();
    const reading = readTable(`a\n${'1\n'.repeat(200_000)}`, {}, createRun({ signal: control.signal }));
    control.abort(new Error('gave up'));
    await expect(reading).rejects.toThrow('gave up');
  });
});

describe('describeTable', () => {
  it('sums up numbers, texts and dates', async () => {
    const { columns, correlations } = await describeTable(sales);
    expect(columns[0]).toMatchObject({ count: 4, missing: 0, distinct: 3, top: [{ value: 'Bern', count: 2 }] });
    expect(columns[1]?.range).toEqual({ min: '2024-02-01', max: '2024-03-07' });
    expect(columns[2]).toMatchObject({
      unit: '$',
      missing: 1,
      numbers: { min: -1000, max: 1234.5, mean: 104.833, median: 80 },
    });
    expect(correlations).toEqual([{ columns: ['price', 'share'], value: expect.closeTo(-0.8332, 3) }]);
  });

  it('tells of the few cells that keep a column from being numbers', async () => {
    const text = `a\n${Array.from({ length: 20 }, (_, row) => (row === 16 ? 'about 5' : row)).join('\n')}`;
    const [column] = (await describeTable(await readTable(text))).columns;
    expect(column?.note).toContain('1 are not: row 17 has "about 5"');
  });
});

describe('queryTable', () => {
  const query = async (asked: Parameters<typeof queryTable>[1]) => rowsOf(await queryTable(sales, asked));

  it('filters, selects and sorts, with missing values last', async () => {
    expect(await query({ where: { city: 'Bern' }, select: ['code'] })).toEqual([['007'], ['011']]);
    const ascending = { sort: [{ column: 'price' }], select: ['city', 'price'] };
    expect(await query(ascending)).toEqual([
      ['Oslo', -1000],
      ['Rome', 80],
      ['Bern', 1234.5],
      ['Bern', null],
    ]);
    const descending = { sort: [{ column: 'price', isDescending: true }], select: ['price'], limit: 2 };
    expect(await query(descending)).toEqual([[1234.5], [80]]);
    expect(await query({ where: { $not: { price: { $exists: true } } }, select: ['date'] })).toEqual([['2024-03-07']]);
    expect(await query({ where: { date: { $gte: '2024-03-06' }, new: false }, select: ['city'] })).toEqual([
      ['Rome'],
      ['Bern'],
    ]);
  });

  it('groups and aggregates', async () => {
    const aggregates = [
      { fn: 'count' },
      { fn: 'count', column: 'price' },
      { fn: 'sum', column: 'price' },
      { fn: 'max', column: 'date' },
      { fn: 'distinct', column: 'code' },
      { fn: 'stdev', column: 'price' },
    ] as const;
    const result = await queryTable(sales, { groupBy: ['city'], aggregates, sort: [{ column: 'city' }] });
    expect(result.columns.map(({ name }) => name)).toEqual([
      'city',
      'count',
      'count price',
      'sum price',
      'max date',
      'distinct code',
      'stdev price',
    ]);
    expect(rowsOf(result)).toEqual([
      ['Bern', 2, 1, 1234.5, '2024-03-07', 2, null],
      ['Oslo', 1, 1, -1000, '2024-02-01', 1, null],
      ['Rome', 1, 1, 80, '2024-03-06', 1, null],
    ]);
    expect(await query({ aggregates: [{ fn: 'median', column: 'price' }] })).toEqual([[80]]);
    expect(
      await query({ where: { city: 'Nowhere' }, aggregates: [{ fn: 'count' }, { fn: 'mean', column: 'price' }] }),
    ).toEqual([[0, null]]);
  });

  it('pivots', async () => {
    const pivoted = await queryTable(sales, { groupBy: ['city'], pivot: 'new', aggregates: [{ fn: 'count' }] });
    expect(pivoted.columns.map(({ name }) => name)).toEqual(['city', 'false', 'true']);
    expect(rowsOf(pivoted)).toEqual([
      ['Bern', 1, 1],
      ['Rome', 1, null],
      ['Oslo', null, 1],
    ]);
  });

  it('joins two tables', async () => {
    const places = await readTable('town,land,price\nBern,CH,1\nOslo,NO,2\nParis,FR,3');
    const joined = await joinTables(sales, places, { on: { left: 'city', right: 'town' }, kind: 'left' });
    expect(rowsOf(await queryTable(joined, { select: ['city', 'land', 'price (2)'] }))).toEqual([
      ['Bern', 'CH', 1],
      ['Rome', null, null],
      ['Bern', 'CH', 1],
      ['Oslo', 'NO', 2],
    ]);
    expect((await joinTables(sales, places, { on: { left: 'city', right: 'town' } })).rowCount).toBe(3);
    await expect(joinTables(sales, places, { on: 'price' })).resolves.toMatchObject({ rowCount: 0 });
    await expect(joinTables(sales, places, { on: { left: 'price', right: 'town' } })).rejects.toThrow(
      'cannot be joined',
    );
  });

  it.each([
    [{ select: ['cost'] }, 'not-found', /no column `cost`. There are: `city`, `date`/],
    [{ where: { cost: 1 } }, 'not-found', /no column `cost`/],
    [{ where: { price: { $like: 1 } } }, 'bad-option', /\$like/],
    [{ aggregates: [{ fn: 'sum', column: 'city' }] }, 'bad-input', /`city` holds texts, not numbers: row 1 has "Bern"/],
    [{ aggregates: [{ fn: 'sum' }] }, 'bad-input', /must name a column/],
    [{ pivot: 'new', aggregates: [{ fn: 'count' }] }, 'bad-input', /takes `groupBy`/],
  ] as const)('refuses %j', async (asked, code, message) => {
    await expect(query(asked as never)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('sorts as a plain sort does, equal rows in their order', async () => {
    const values = Array.from({ length: 5_000 }, (_, row) => (row * 7919) % 613);
    const table = await readTable(`a,row\n${values.map((value, row) => `${value},${row}`).join('\n')}`);
    const sorted = rowsOf(await queryTable(table, { sort: [{ column: 'a' }] }));
    expect(sorted).toEqual(values.map((value, row) => [value, row]).sort(([a = 0], [b = 0]) => a - b));
  });
});

describe('tables that are large or real', () => {
  it('are worked through without holding the event loop', async () => {
    const lines = Array.from(
      { length: 200_000 },
      (_, row) => `${row % 97},name ${row % 1_000},${(row * 31) % 1_009}.5,2024-01-${10 + (row % 20)}`,
    );
    const text = `group,name,value,day\n${lines.join('\n')}`;
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const table = await readTable(text);
    await describeTable(table);
    const query = {
      where: { value: { $gt: 10 } },
      groupBy: ['group'],
      aggregates: [{ fn: 'median', column: 'value' }],
    } as const;
    expect((await queryTable(table, query)).rowCount).toBe(97);
    await queryTable(table, { sort: [{ column: 'name' }, { column: 'value' }], limit: 5 });
    clearInterval(timer);
    // Each step of the work gives way several times.
    expect(turns).toBeGreaterThan(5);
    expect(table.rowCount).toBe(200_000);
  });

  const real = join(process.env.PIPEWRIGHT_DATA ?? '../shared/data', 'documents/csv/seattle-weather.csv');
  if (!existsSync(real)) console.log(`Left out: ${real} is not there.`);
  it.runIf(existsSync(real))('weather of Seattle', async () => {
    const table = await readTable(readFileSync(real, 'utf8'));
    expect(typesOf(table).map(([, type]) => type)).toEqual(['date', 'number', 'number', 'number', 'number', 'text']);
    const { rowCount, columns, correlations } = await describeTable(table);
    expect([rowCount, columns[2]?.numbers?.max, columns[5]?.distinct]).toEqual([1461, 35.6, 5]);
    expect(correlations[0]).toMatchObject({ columns: ['temp_max', 'temp_min'], value: expect.closeTo(0.8757, 3) });
  });
});

describe('tableTools', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pipewright-tables-'));
  writeFileSync(
    join(folder, 'a.tsv'),
    `id\tname\n${Array.from({ length: 60 }, (_, id) => `${id}\tn${id % 3}`).join('\n')}`,
  );
  writeFileSync(join(folder, 'b.json'), '[{"id": 1, "size": 5}]');
  const call = async (name: string, input: unknown) => {
    const [result] = await toolbox(await tableTools({ folder }))([{ type: 'tool-call', id: '1', name, input }]);
    return result;
  };

  it('answers what models ask, from files and from text, and says how many rows are left out', async () => {
    expect((await call('describe_table', { source: { path: 'a.tsv' } }))?.output).toMatchObject({ rowCount: 60 });
    const all = await call('query_table', { source: { path: 'a.tsv' }, groupBy: [], limit: 55 });
    expect(all?.output).toMatchObject({ columns: ['id', 'name'], leftOut: 5 });
    const asked = {
      source: { path: 'a.tsv' },
      join: { source: { path: 'b.json' }, left: 'id', right: 'id' },
      where: { name: 'n1' },
      aggregates: [{ fn: 'sum', column: 'size' }],
    };
    expect((await call('query_table', asked))?.output).toEqual({ columns: ['sum size'], leftOut: 0, rows: [[5]] });
    const text = 'x;y\n1,5;2\n2,5;3';
    const european = { source: { text, decimalMark: ',' }, aggregates: [{ fn: 'mean', column: 'x' }] };
    expect((await call('query_table', european))?.output).toMatchObject({ rows: [[2]] });
    rmSync(folder, { recursive: true });
  });

  it.each([
    [{}, 'source: must have a path, or the text of a table'],
    [{ source: { text: 'a', path: 'b' } }, 'source: must have a path, or the text'],
    [{ source: { text: 'a\n1' }, aggregates: [{ fn: 'avg' }] }, 'aggregates: fn must be one of count, sum'],
    [{ source: { text: 'a\n1' }, sort: [{}] }, 'sort: each must name a column'],
    [{ source: { text: 'a\n1' }, where: [] }, 'where: must be an object'],
    [{ source: { path: 'a.csv' } }, 'There are no files here'],
  ])('refuses %j', async (input, message) => {
    const box = toolbox(await tableTools());
    const [result] = await box([{ type: 'tool-call', id: '1', name: 'query_table', input }]);
    expect(result).toMatchObject({ isError: true, output: expect.stringContaining(message) });
  });
});
