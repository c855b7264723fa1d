// Vectors and keywords in Postgres beside the indexes in the process: filling, indexing, searching, recall. On the server that
// the tests use, and on the embedded one. Run: npm run bench -- postgres [count] [dimensions] [embedded count]
import type { DocumentStore, VectorEntry } from '../src/core/index.js';
import { bm25 } from '../src/keyword/index.js';
import { postgres, postgresKeywords, postgresVectors } from '../src/postgres/index.js';
import { hnsw } from '../src/vector/index.js';
import { startPostgres } from '../test/servers/postgres.js';
import { vectorData } from './lib/vector-data.js';

const count = Number(process.argv[2] ?? 20_000);
const dimensions = Number(process.argv[3] ?? 384);
const embeddedCount = Number(process.argv[4] ?? 2_000);
const k = 10;
const server = await startPostgres('the server');

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1_000;
};
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const words = (i: number): string =>
  Array.from({ length: 60 }, (_, j) => `word${Math.floor(((i * 7919 + j * 104_729) % 10_007) ** 2 / 20_000)}`).join(
    ' ',
  );
const entriesOf = (vectors: readonly Float32Array[]): VectorEntry[] =>
  vectors.map((vector, i) => ({ id: `e${i}`, text: words(i), vector, metadata: { hundredth: i % 100 } }));

const fill = async (store: DocumentStore, entries: readonly VectorEntry[]): Promise<number> =>
  seconds(async () => {
    for (let start = 0; start < entries.length; start += 2_000) await store.add(entries.slice(start, start + 2_000));
  });

const timesMs = async (queries: readonly unknown[], search: (at: number) => Promise<unknown>): Promise<number> => {
  const times: number[] = [];
  for (const at of queries.keys()) times.push((await seconds(() => search(at))) * 1_000);
  return median(times);
};

const measure = async (name: string, url: string | undefined, size: number): Promise<void> => {
  const data = vectorData(size, dimensions, 200);
  const exact = data.exact(k);
  const entries = entriesOf(data.vectors);
  await using db = await postgres(
    url === undefined ? { pglite: 'memory://' } : { connectionString: url, schema: `bench_${process.pid}` },
  );
  const stores = [
    ['in the process', await hnsw({ dimensions })],
    [name, await postgresVectors(db, { dimensions, index: { minCount: 1_000 } })],
    [
      `${name}, float16`,
      await postgresVectors(db, { name: 'half', dimensions, precision: 'float16', index: { minCount: 1_000 } }),
    ],
  ] as const;
  console.log(`\n${size} vectors of ${dimensions} dimensions, ${name}`);
  for (const [label, store] of stores) {
    const filled = await fill(store, entries);
    const indexed = await seconds(() => store.settle());
    const p50 = await timesMs(data.queries, (at) => store.search(data.queries[at] as Float32Array, { k }));
    const many = await seconds(() => store.searchMany(data.queries, { k }));
    const filtered = await timesMs(data.queries.slice(0, 50), (at) =>
      store.search(data.queries[at] as Float32Array, { k, filter: { hundredth: 7 } }),
    );
    const lists = await store.searchMany(data.queries, { k });
    const found = lists.flatMap((hits, i) => hits.filter(({ id }) => exact[i]?.includes(Number(id.slice(1))))).length;
    const recall = found / (lists.length * k);
    const { memoryBytes } = await store.stats();
    console.log(
      `${label.padEnd(28)} filled ${(size / filled).toFixed(0)}/s  indexed ${indexed.toFixed(1)} s  p50 ${p50.toFixed(2)} ms  ` +
        `many ${(data.queries.length / many).toFixed(0)}/s  1 % ${filtered.toFixed(2)} ms  recall ${recall.toFixed(3)}  ${(memoryBytes / 1e6).toFixed(0)} MB`,
    );
    await store.close();
  }
  const indexes = [
    ['bm25 in the process', await bm25()],
    [`BM25, ${name}`, await postgresKeywords(db)],
  ] as const;
  for (const [label, index] of indexes) {
    const filled = await fill(index, entries);
    await db.query('SELECT 1');
    const p50 = await timesMs(data.queries, (at) =>
      index.search(
        words(at * 3)
          .split(' ')
          .slice(0, 4)
          .join(' '),
        { k },
      ),
    );
    const { memoryBytes } = await index.stats();
    console.log(
      `${label.padEnd(28)} filled ${(size / filled).toFixed(0)}/s  p50 ${p50.toFixed(2)} ms  ${(memoryBytes / 1e6).toFixed(0)} MB`,
    );
    await index.close();
  }
};

if (server !== undefined) await measure('server', server.connectionString, count);
await measure('embedded', undefined, embeddedCount);
await server?.[Symbol.asyncDispose]();
