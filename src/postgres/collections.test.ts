import { afterAll, describe, expect, it } from 'vitest';
import { startPostgres } from '../../test/servers/postgres.js';
import { type Document, type Embedder, type Filter, type Metric, seededRandom } from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { analyzer } from '../text/index.js';
import { type Postgres, postgres, postgresKeywords, postgresStore, postgresVectors } from './index.js';

const server = await startPostgres('collections on a Postgres server: they are tested on the embedded one');
const db: Postgres = await postgres(
  server === undefined
    ? { pglite: 'memory://' }
    : { connectionString: server.connectionString, schema: `collections_${process.pid}` },
);
afterAll(async () => {
  await db.close();
  await server?.[Symbol.asyncDispose]();
});

const idsOf = (documents: readonly Document[]): string[] => documents.map(({ id }) => id);

const dimensions = 16;
/** Vectors in clusters, as those of texts are. */
const clustered = (count: number, seed: number): Float32Array[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const center = seededRandom(Math.floor(random() * 10));
    return Float32Array.from({ length: dimensions }, () => center() - 0.5 + 0.5 * (random() - 0.5));
  });
};
const vectors = clustered(1_500, 1);
const entries = vectors.map((vector, i) => ({
  id: `e${i}`,
  text: `text ${i}`,
  vector,
  metadata: { tenth: i % 10, hundredth: i % 100, rare: i % 500 === 7 },
}));
const queries = clustered(20, 2);

const similarity: Readonly<Record<Metric, (a: Float32Array, b: Float32Array) => number>> = {
  cosine: (a, b) => similarity.dot(a, b) / Math.sqrt(similarity.dot(a, a) * similarity.dot(b, b)),
  dot: (a, b) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0),
  euclidean: (a, b) => 1 / (1 + Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0))),
};

describe('a vector collection with an index', () => {
  it('Q23 recalls 0.95 with and without filters under every metric, and of 16-bit vectors; filters that leave few are exact', async () => {
    for (const [metric, precision] of [
      ['cosine', 'float32'],
      ['dot', 'float32'],
      ['euclidean', 'float16'],
    ] as const) {
      await using store = await postgresVectors(db, {
        name: `recall_${metric}`,
        dimensions,
        metric,
        precision,
        index: { minCount: 1_000 },
      });
      await store.add(entries);
      await store.settle();
      const plan = await db.transaction((session) =>
        session.query(
          `EXPLAIN SELECT id FROM "${db.schema}"."vectors_recall_${metric}"
          ORDER BY embedding ${metric === 'euclidean' ? '<->' : '<#>'} $1::${precision === 'float16' ? 'halfvec' : 'vector'} LIMIT 10`,
          [`[${queries[0]}]`],
        ),
      );
      expect(JSON.stringify(plan)).toContain('_hnsw');
      const filters: readonly (Filter | undefined)[] = [undefined, { tenth: 3 }, { hundredth: 5 }, { rare: true }];
      for (const filter of filters) {
        const lists = await store.searchMany(queries, filter === undefined ? { k: 10 } : { k: 10, filter });
        let found = 0;
        let wanted = 0;
        for (const [i, query] of queries.entries()) {
          const matching = entries.filter(({ metadata }) =>
            Object.entries(filter ?? {}).every(([field, value]) => metadata[field as 'tenth'] === value),
          );
          const best = matching
            .map(({ id, vector }) => ({ id, score: similarity[metric](query, vector) }))
            .sort((a, b) => b.score - a.score)
            .slice(0, 10);
          const hits = lists[i] ?? [];
          expect(hits).toHaveLength(best.length);
          expect(hits[0]?.score).toBeCloseTo(best[0]?.score ?? Number.NaN, precision === 'float16' ? 2 : 4);
          wanted += best.length;
          found += best.filter(({ id }) => hits.some((hit) => hit.id === id)).length;
          for (const [at, { score }] of hits.entries())
            expect(score).toBeLessThanOrEqual(hits[at - 1]?.score ?? Infinity);
        }
        expect(found / wanted, `${metric} ${JSON.stringify(filter)}`).toBeGreaterThanOrEqual(0.95);
      }
      // More than an index looks at unless it is told to.
      const many = await store.search(queries[0] as Float32Array, { k: 1_300 });
      expect(new Set(idsOf(many)).size).toBe(1_300);
    }
  });

  it.runIf(server !== undefined)(
    'compares with all that match when the index gives up before it has enough',
    async () => {
      const index = { minCount: 1_000, maxScanned: 1, efSearch: 1 };
      // So few rows the server would rather compare one by one, at once.
      const settings = encodeURIComponent('-c enable_seqscan=off -c enable_bitmapscan=off');
      const connectionString = `${server?.connectionString}?options=${settings}`;
      await using indexed = await postgres({ connectionString, schema: db.schema });
      await using store = await postgresVectors(indexed, { name: 'gives_up', dimensions, index });
      await store.add(entries);
      await store.settle();
      const query = queries[0] as Float32Array;
      const best = entries
        .filter(({ metadata }) => metadata.rare)
        .sort((a, b) => similarity.cosine(query, b.vector) - similarity.cosine(query, a.vector));
      expect(idsOf(await store.search(query, { k: 10, filter: { rare: { $ne: false } } }))).toEqual(idsOf(best));
    },
  );

  it('is indexed in the background by the searches that follow a bulk load', async () => {
    await using store = await postgresVectors(db, { name: 'woken', dimensions, index: { minCount: 500 } });
    await store.add(entries.slice(0, 600));
    const isIndexed = async (): Promise<boolean> =>
      (
        await db.query(`SELECT 1 FROM pg_index WHERE indisvalid AND indexrelid = to_regclass($1)`, [
          `"${db.schema}"."vectors_woken_hnsw"`,
        ])
      ).length === 1;
    expect(await isIndexed()).toBe(false);
    await store.search(queries[0] as Float32Array);
    while (!(await isIndexed()));
    expect((await store.search(vectors[5] as Float32Array, { k: 1 }))[0]?.id).toBe('e5');
  });

  it('mends an index whose building was broken off', async () => {
    await using store = await postgresVectors(db, { name: 'broken', dimensions, index: { minCount: 10 } });
    await store.add(entries.slice(0, 50));
    await store.settle();
    await db.query(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass($1)`, [
      `"${db.schema}"."vectors_broken_hnsw"`,
    ]);
    await using anew = await postgresVectors(db, { name: 'broken', index: { minCount: 10 } });
    await anew.settle();
    expect(
      await db.query(`SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)`, [
        `"${db.schema}"."vectors_broken_hnsw"`,
      ]),
    ).toEqual([{ valid: true }]);
  });
});

describe('a collection that is opened again', () => {
  const embedder = (id: string): Embedder =>
    Object.assign(async (texts: readonly string[]) => texts.map(() => new Float32Array([1, 0])), { id, dimensions: 2 });

  it('has what was written, and refuses other dimensions, another metric, precision or embedder', async () => {
    await using first = await postgresVectors(db, { name: 'again', embedder: embedder('one') });
    await first.add([{ id: 'a', text: 'a' }]);
    await using second = await postgresVectors(db, { name: 'again' });
    expect(idsOf(await second.search([1, 0]))).toEqual(['a']);
    expect(second.dimensions).toBe(2);
    const refused = { code: 'bad-option', message: expect.stringContaining('vectors_again') };
    await expect(postgresVectors(db, { name: 'again', embedder: embedder('two') })).rejects.toMatchObject(refused);
    await expect(postgresVectors(db, { name: 'again', dimensions: 3 })).rejects.toMatchObject(refused);
    await expect(postgresVectors(db, { name: 'again', metric: 'dot' })).rejects.toMatchObject(refused);
    await expect(postgresVectors(db, { name: 'again', precision: 'float16' })).rejects.toMatchObject(refused);
    await expect(postgresVectors(db, { name: 'fresh' })).rejects.toMatchObject({ code: 'bad-option' });
    await expect(postgresVectors(db, { name: 'fresh', dimensions: 3_000 })).rejects.toMatchObject({
      code: 'bad-option',
      message: expect.stringContaining('float16'),
    });
    await using long = await postgresVectors(db, { name: 'fresh', dimensions: 3_000, precision: 'float16' });
    expect(long.dimensions).toBe(3_000);
  });

  it('is refused when a later version made it, or when it was dropped meanwhile', async () => {
    await using store = await postgresVectors(db, { name: 'later', dimensions: 2 });
    await (await postgresKeywords(db, { name: 'later' })).close();
    await (await postgresStore(db, { name: 'later' })).close();
    await db.query(`UPDATE "${db.schema}".collections SET version = 99 WHERE name LIKE '%_later'`);
    const newer = { code: 'store-newer', message: expect.stringContaining('99') };
    await expect(postgresVectors(db, { name: 'later' })).rejects.toMatchObject(newer);
    await expect(postgresKeywords(db, { name: 'later' })).rejects.toMatchObject(newer);
    await expect(postgresStore(db, { name: 'later' })).rejects.toMatchObject(newer);
    await db.query(`DROP TABLE "${db.schema}".vectors_later`);
    await expect(store.search([1, 0])).rejects.toMatchObject({ code: 'not-found', retryable: false });
  });

  it('stands beside others of its database, each with its own documents', async () => {
    await using one = await postgresVectors(db, { name: 'one', dimensions: 2 });
    await using two = await postgresVectors(db, { name: 'two', dimensions: 3 });
    await one.add([{ id: 'a', text: 'one', vector: [1, 0] }]);
    await two.add([{ id: 'a', text: 'two', vector: [1, 0, 0] }]);
    expect((await one.get(['a']))[0]?.text).toBe('one');
    expect((await two.get(['a']))[0]?.text).toBe('two');
  });

  it('keeps texts, ids and titles of any characters', async () => {
    await using store = await postgresVectors(db, { name: 'characters', dimensions: 1 });
    const odd = ['\0', 'a\0b', '\ud800', '\u0001', '😀\ufffd', '\\x00', "'", '{"}'];
    await store.add(odd.map((text) => ({ id: text, text, title: text, vector: [1] })));
    expect(await store.get(odd)).toEqual(odd.map((text) => ({ id: text, text, title: text })));
    await expect(store.add([{ id: 'x'.repeat(3_000), text: '', vector: [1] }])).rejects.toMatchObject({
      code: 'bad-input',
    });
  });
});

describe('a keyword index in Postgres', () => {
  const random = seededRandom(3);
  const words = Array.from({ length: 60 }, (_, i) => `word${String.fromCharCode(97 + (i % 26))}${i}`);
  const wordOf = (): string => words[Math.floor(random() ** 2 * words.length)] as string;
  const textOf = (): string => Array.from({ length: 5 + Math.floor(random() * 40) }, wordOf).join(' ');
  const documents = Array.from({ length: 400 }, (_, i) => ({
    id: `d${i}`,
    text: textOf(),
    title: wordOf(),
    metadata: { n: i % 4 },
  }));

  it('ranks and scores as the index in the process does, also after changes', async () => {
    await using here = await bm25();
    await using there = await postgresKeywords(db, { name: 'ranks' });
    for (const index of [here, there]) {
      await index.add(documents);
      await index.upsert(documents.slice(0, 50).map((document) => ({ ...document, text: `${document.text} wordz25` })));
      await index.delete(documents.slice(100, 130).map(({ id }) => id));
    }
    for (let i = 0; i < 30; i++) {
      const query = `${wordOf()} ${wordOf()} ${wordOf()}`;
      const options = { k: 20, ...(i % 3 === 0 && { filter: { n: 1 } }) };
      const [expected, found] = [await here.search(query, options), await there.search(query, options)];
      expect(found.map(({ score }) => score.toFixed(4))).toEqual(expected.map(({ score }) => score.toFixed(4)));
      expect(new Map(found.map(({ id, score }) => [id, score.toFixed(3)])).size).toBe(expected.length);
    }
  });

  it('refuses another analyzer than it was made with', async () => {
    await (await postgresKeywords(db, { name: 'analyzed' })).close();
    const analyze = analyzer({ isStemmed: false });
    await expect(postgresKeywords(db, { name: 'analyzed', analyzer: analyze })).rejects.toMatchObject({
      code: 'bad-option',
    });
  });

  it('takes words and texts of any length', async () => {
    await using index = await postgresKeywords(db, { name: 'long' });
    const long = 'a1'.repeat(5_000);
    await index.add([
      { id: 'long', text: `${long} short` },
      { id: 'empty', text: '' },
    ]);
    expect(idsOf(await index.search(long))).toEqual(['long']);
    expect(await index.delete({})).toBe(2);
    expect(await index.search('short')).toEqual([]);
  });
});
