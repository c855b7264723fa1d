import { describe, expect, it } from 'vitest';
import { compileFilter, type Document, type Hit, inspect, type Query } from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { scripted, testRun } from '../testing/index.js';
import { describeRetriever } from '../testing/suites/index.js';
import { type DeclaredFields, filterReader, hierarchical, patternReader, retriever, selfQuery } from './index.js';

const fields: DeclaredFields = {
  year: { type: 'number', description: 'when it was published' },
  kind: { type: 'string', values: ['Law', 'Note'] },
  isDraft: { type: 'boolean' },
  signed: { type: 'date', operators: ['$gte', '$lt'] },
};
const written = (text: string, ...conditions: readonly (readonly [string, string, ...string[]])[]): string =>
  JSON.stringify({ text, conditions: conditions.map(([field, operator, ...values]) => ({ field, operator, values })) });
const asked: Query[] = [];
const search = retriever((query) => {
  asked.push(query);
  return [{ id: 'a', text: 'a', score: 1, metadata: { year: 2022, kind: 'Law' } }];
});

const create = async (documents: readonly Document[]) => {
  const index = await bm25();
  await index.add(documents);
  return index.retriever();
};
describeRetriever('selfQuery', {
  create: async (documents) => selfQuery(await create(documents), patternReader({ year: { type: 'number' } })),
});
describeRetriever('hierarchical of one level', {
  create: async (documents) => hierarchical([{ retriever: await create(documents) }]),
});

describe('filterReader', () => {
  it('gives the text and a filter of the declared types', async () => {
    const model = scripted([
      written(
        'refund rules',
        ['year', '$gte', '2020'],
        ['kind', '$in', 'law', 'NOTE'],
        ['isDraft', '$eq', 'false'],
        ['signed', '$lt', '2024-05-31'],
      ),
      written('refund rules'),
      written('refund rules', ['year', '$lt', '1999.5']),
    ]);
    const read = filterReader(model, fields);
    const made = await read('refund rules since 2020');
    expect(made).toEqual({
      text: 'refund rules',
      filter: {
        $and: [
          { year: { $gte: 2020 } },
          { kind: { $in: ['Law', 'Note'] } },
          { isDraft: { $eq: false } },
          { signed: { $lt: '2024-05-31' } },
        ],
      },
    });
    expect(await read('refund rules')).toEqual({ text: 'refund rules' });
    expect(await read('x')).toEqual({ text: 'refund rules', filter: { year: { $lt: 1999.5 } } });
  });

  it('tells the model the fields, and the day that the run has', async () => {
    const model = scripted([written('x')]);
    const { run } = testRun();
    await filterReader(model, fields)('what is new this year?', run);
    const shown = JSON.stringify(model.requests[0]?.messages);
    expect(shown).toContain('Today is 1970-01-01.');
    expect(shown).toContain('- year (number; $eq $ne $in $nin $gt $gte $lt $lte): when it was published');
    expect(shown).toContain('- signed (date; $gte $lt)');
  });

  it.each<[string, readonly [string, string, ...string[]], string]>([
    ['a field that is not declared', ['author', '$eq', 'x'], 'There is no field `author`'],
    ['a field of every object', ['constructor', '$eq', 'x'], 'There is no field `constructor`'],
    ['an operator that does not fit', ['kind', '$gt', 'Law'], '`kind` takes no `$gt`'],
    ['an operator that is not declared', ['signed', '$eq', '2024-05-31'], '`signed` takes no `$eq`'],
    ['no operator at all', ['year', '$where', '1'], '`year` takes no `$where`'],
    ['a value that is not declared', ['kind', '$eq', 'Letter'], 'must be one of Law, Note'],
    ['a number that is none', ['year', '$eq', 'last'], '`year` must be a number'],
    ['a date that is none', ['signed', '$gte', '31.5.2024'], '`signed` must be a date'],
    ['a day that no month has', ['signed', '$gte', '2024-13-01'], '`signed` must be a date'],
    ['a boolean that is none', ['isDraft', '$eq', 'maybe'], '`isDraft` must be a boolean'],
    ['no value', ['year', '$eq'], '`year` must be a number'],
    ['two values for one', ['year', '$eq', '1', '2'], 'use `$in` for several'],
  ])('shows the model %s once, then fails', async (_, condition, issue) => {
    const model = scripted([written('x', condition)], { shouldRepeat: true });
    await expect(filterReader(model, fields)('x')).rejects.toMatchObject({
      code: 'output-invalid',
      message: expect.stringContaining(issue),
    });
    expect(model.requests).toHaveLength(2);
  });

  it('refuses to read without fields', () => {
    expect(() => filterReader(scripted([]), {})).toThrow(expect.objectContaining({ code: 'bad-option' }));
    expect(() => patternReader({})).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});

describe('patternReader', () => {
  const read = patternReader({ year: { type: 'number' }, kind: { type: 'string', values: ['law', 'case note'] } });
  it.each([
    ['refund rules since 2020', { year: { $gte: 2020 } }],
    ['rules after 2020', { year: { $gt: 2020 } }],
    ['rules before the year 1999', { year: { $lt: 1999 } }],
    ['rules until 2001', { year: { $lte: 2001 } }],
    ['the 2019 rules', { year: { $eq: 2019 } }],
    ['rules between 2018 and 2021', { $and: [{ year: { $gte: 2018 } }, { year: { $lte: 2021 } }] }],
    ['the Case Note on refunds', { kind: { $in: ['case note'] } }],
    ['a law or a case note of 2020', { $and: [{ year: { $eq: 2020 } }, { kind: { $in: ['law', 'case note'] } }] }],
    ['lawful refunds', undefined],
    ['is 2019 like 2020?', undefined],
    ['rules that are not from 2020', undefined],
    ["laws that don't apply since 2020", undefined],
    ['order 20201 of 3000 pieces, part 2020-11', undefined],
    ['refunds', undefined],
  ])('reads %j', async (query, filter) => {
    expect(await read(query)).toEqual({ text: query, ...(filter === undefined ? {} : { filter }) });
  });

  it('reads a year as a stretch of dates, and nothing where a year or a value may mean two fields', async () => {
    const { filter } = await patternReader({ signed: { type: 'date' } })('signed in 2020');
    const isMatch = compileFilter(filter ?? {});
    expect(['2019-12-31', '2020-01-01', '2020-12-31T23:59', '2021-01-01'].map((signed) => isMatch({ signed }))).toEqual(
      [false, true, true, false],
    );
    const twice = patternReader({ year: { type: 'number' }, yearOfLaw: { type: 'number' } });
    expect(await twice('of 2020')).toEqual({ text: 'of 2020' });
    const shared = patternReader({
      from: { type: 'string', values: ['rome'] },
      to: { type: 'string', values: ['rome'] },
    });
    expect(await shared('trains to Rome')).toEqual({ text: 'trains to Rome' });
  });
});

describe('selfQuery', () => {
  it('searches with the text and the filter that were read, beside the filter of the query', async () => {
    asked.length = 0;
    const { run, events } = testRun();
    const reader = () => ({ text: 'rules', filter: { year: { $gte: 2020 } } });
    await selfQuery(search, reader)({ text: 'rules since 2020', k: 3, minScore: 1, filter: { kind: 'Law' } }, run);
    expect(asked).toEqual([
      { text: 'rules', k: 3, minScore: 1, filter: { $and: [{ kind: 'Law' }, { year: { $gte: 2020 } }] } },
    ]);
    expect(events).toContainEqual(expect.objectContaining({ type: 'custom', name: 'filter-read' }));
  });

  it('searches for the whole question where the reader leaves no text', async () => {
    asked.length = 0;
    await selfQuery(search, () => ({ text: ' ', filter: { year: 2022 } }))('everything of 2022');
    expect(asked).toEqual([{ text: 'everything of 2022', k: 10, filter: { year: 2022 } }]);
  });

  it('asks the query as it is when the reader fails or its filter is malformed, with a warning', async () => {
    const malformed = () => ({ text: 'x', filter: { year: { $near: 1 } } as never });
    for (const reader of [malformed, filterReader(scripted(['no', 'no']), fields)]) {
      asked.length = 0;
      const { run, events } = testRun();
      expect(await selfQuery(search, reader)('q', run)).toHaveLength(1);
      expect(asked).toEqual([{ text: 'q', k: 10 }]);
      expect(events.some(({ type }) => type === 'warning')).toBe(true);
      await expect(selfQuery(search, malformed, { onFailure: 'fail' })('q')).rejects.toMatchObject({
        code: 'bad-option',
      });
    }
  });
});

describe('hierarchical', () => {
  const note = (id: string, text: string, level: string, above?: string): Document => ({
    id,
    text,
    metadata: { level, ...(above === undefined ? {} : { above }) },
  });
  const documents = [
    note('wings', 'All about wings and lift.', 'summary'),
    note('bread', 'All about bread and lift pitches.', 'summary'),
    note('w1', 'Lift of swept wings.', 'section', 'wings'),
    note('b1', 'Lift of dough.', 'section', 'bread'),
    note('w1a', 'The lift falls with the sweep.', 'passage', 'w1'),
    note('b1a', 'The lift falls with the salt. Lift, lift.', 'passage', 'b1'),
  ];
  const levels = ['summary', 'section', 'passage'];

  it('searches each level below what the one before found, in one index', async () => {
    const index = await create(documents);
    const search = hierarchical(
      levels.map((level, at) => ({
        retriever: index,
        k: 1,
        filter: { level },
        ...(at === 0 ? {} : { parentField: 'above' }),
      })),
    );
    expect((await index({ text: 'wings lift', filter: { level: 'passage' } }))[0]?.id).toBe('b1a');
    expect((await search({ text: 'wings lift', k: 5 })).map(({ id }) => id)).toEqual(['w1a']);
    expect((await search({ text: 'wings lift', filter: { level: 'section' } })).map(({ id }) => id)).toEqual([]);
    expect(inspect(search).children.map(({ label }) => label)).toEqual(['level 1', 'level 2', 'level 3']);
  });

  it('calls hits as the level below does, and does not narrow where nothing was found', async () => {
    const passages = await create(documents.slice(4));
    const keyOf = ({ id }: Hit) => `${id}1`;
    const wing = retriever(() => [{ id: 'w', text: 'w', score: 1 }]);
    const narrowed = hierarchical([
      { retriever: wing, keyOf },
      { retriever: passages, parentField: 'above' },
    ]);
    expect((await narrowed('lift')).map(({ id }) => id)).toEqual(['w1a']);
    const none = hierarchical([{ retriever: retriever(() => []) }, { retriever: passages, parentField: 'above' }]);
    expect(await none('lift')).toHaveLength(2);
  });

  it('refuses levels that make no sense', () => {
    const bad = (make: () => unknown): void => expect(make).toThrow(expect.objectContaining({ code: 'bad-option' }));
    bad(() => hierarchical([]));
    bad(() => hierarchical([{ retriever: search, k: 0 }]));
    bad(() => hierarchical([{ retriever: search }, { retriever: search }]));
  });
});
