// Vector search against bare hnswlib-node and against comparing with all, in one process. Run: npx tsx bench/vectors.ts [count]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import hnswlib from 'hnswlib-node';
import { type Filter, type Random, seededRandom } from '../src/core/index.js';
import { hnsw } from '../src/vector/index.js';

const count = Number(process.argv[2] ?? 20_000);
const dimensions = 384;
const k = 10;
const queryCount = 300;
const random = seededRandom(7);

const gauss = (source: Random): number => Math.sqrt(-2 * Math.log(source() || 1e-9)) * Math.cos(2 * Math.PI * source());
const centers = Array.from({ length: 200 }, () => Array.from({ length: dimensions }, () => gauss(random)));
/** Unit vectors in clusters, as those of texts are. */
const clustered = (): number[] => {
  const center = centers[Math.floor(random() * centers.length)] ?? [];
  const vector = center.map((x) => x + 0.9 * gauss(random));
  const length = Math.hypot(...vector);
  return vector.map((x) => x / length);
};

const vectors = Array.from({ length: count }, clustered);
const queries = Array.from({ length: queryCount }, clustered);
const shares = vectors.map(() => Math.floor(random() * 100));

const dot = (a: readonly number[], b: readonly number[]): number => {
  let sum = 0;
  for (let i = 0; i < dimensions; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
};
/** Exact answers for the first queries. */
const exactQueries = queries.slice(0, 100);
const exactFor = (isMatch: (row: number) => boolean): string[][] =>
  exactQueries.map((query) =>
    vectors
      .flatMap((vector, row) => (isMatch(row) ? [{ id: `e${row}`, score: dot(query, vector) }] : []))
      .sort((a, b) => b.score - a.score)
      .slice(0, k)
      .map(({ id }) => id),
  );

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const recallOf = (found: readonly (readonly string[])[], exact: readonly (readonly string[])[]): number => {
  let hits = 0;
  let all = 0;
  for (const [i, ids] of exact.entries()) {
    all += ids.length;
    hits += ids.filter((id) => found[i]?.includes(id)).length;
  }
  return hits / all;
};
const line = (what: string, ...values: readonly string[]): void => console.log([what.padEnd(44), ...values].join('  '));
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;

/** Runs the queries three times; the median of the queries a second, and the ids that were found. */
const measure = async (
  search: (query: readonly number[]) => Promise<readonly string[]> | readonly string[],
): Promise<{ perSecond: number; found: readonly (readonly string[])[] }> => {
  const rates: number[] = [];
  let found: (readonly string[])[] = [];
  for (let round = 0; round < 3; round++) {
    found = [];
    const start = performance.now();
    for (const query of queries) found.push(await search(query));
    rates.push((queries.length / (performance.now() - start)) * 1_000);
  }
  return { perSecond: median(rates), found };
};

/** Does `work`, and tells how long it took and how long the event loop was held at most. */
const timed = async (what: string, work: () => Promise<unknown>): Promise<number> => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  await work();
  const ms = performance.now() - start;
  await new Promise((resolve) => setTimeout(resolve, 20));
  delay.disable();
  line(
    what,
    seconds(ms),
    `longest stall ${(delay.max / 1e6).toFixed(0)} ms, p99 ${(delay.percentile(99) / 1e6).toFixed(0)} ms`,
  );
  return ms;
};

console.log(
  `${count} vectors of ${dimensions} dimensions, k ${k}, m 16, efConstruction 200, Node ${process.version}\n`,
);

const bare = new hnswlib.HierarchicalNSW('ip', dimensions);
bare.initIndex({ maxElements: count, m: 16, efConstruction: 200, randomSeed: 100 });
const bareStart = performance.now();
for (const [row, vector] of vectors.entries()) bare.addPoint(vector, row);
const bareMs = performance.now() - bareStart;
line('bare hnswlib-node: build', seconds(bareMs), `${((count / bareMs) * 1_000).toFixed(0)} vectors/s`);

const folder = await mkdtemp(join(tmpdir(), 'pipewright-bench-'));
const path = join(folder, 'vectors');
const efs = [32, 64, 128] as const;
const entries = vectors.map((vector, row) => ({
  id: `e${row}`,
  text: `text of ${row} `.repeat(20),
  vector,
  metadata: { share: shares[row] ?? 0 },
}));
let store = await hnsw({ path, dimensions });
await timed('pipewright: add until acknowledged', () => store.add(entries));
const settleMs = await timed('pipewright: graph built and saved behind', () => store.settle());
line('', `build ${(bareMs / settleMs).toFixed(2)} × bare`);
await timed('pipewright: close', () => store.close());
await timed('pipewright: open', async () => {
  store = await hnsw({ path });
});
line(
  'memory it holds',
  `${((await store.stats()).memoryBytes / 1e6).toFixed(0)} MB for ${((count * dimensions * 4) / 1e6).toFixed(0)} MB of vectors`,
);
await store.close();

const exact = exactFor(() => true);
console.log('\nqueries a second at the same graph (recall against comparing with all)');
for (const ef of efs) {
  bare.setEf(ef);
  const plain = await measure((query) => bare.searchKnn([...query], k).neighbors.map((row) => `e${row}`));
  const ours = await hnsw({ path, graph: { efSearch: ef } });
  const rows = await measure(async (query) => (await ours.search(query, { k })).map(({ id }) => id));
  line(
    `ef ${ef}: bare, ids only`,
    `${plain.perSecond.toFixed(0)}/s`,
    `recall ${recallOf(plain.found, exact).toFixed(3)}`,
  );
  line(
    `ef ${ef}: pipewright, with documents`,
    `${rows.perSecond.toFixed(0)}/s`,
    `recall ${recallOf(rows.found, exact).toFixed(3)}`,
    `${(rows.perSecond / plain.perSecond).toFixed(2)} × bare`,
  );
  await ours.close();
}

console.log('\nfiltered, ef 64');
const filtered = await hnsw({ path });
bare.setEf(64);
const whole = await measure(async (query) => (await filtered.search(query, { k })).map(({ id }) => id));
for (const percent of [50, 10, 1]) {
  const isMatch = (row: number): boolean => (shares[row] ?? 0) < percent;
  const filter: Filter = { share: { $lt: percent } };
  const wanted = exactFor(isMatch);
  const plain = await measure((query) => bare.searchKnn([...query], k, isMatch).neighbors.map((row) => `e${row}`));
  const ours = await measure(async (query) => (await filtered.search(query, { k, filter })).map(({ id }) => id));
  line(
    `${percent} % match: bare with its callback`,
    `${plain.perSecond.toFixed(0)}/s`,
    `recall ${recallOf(plain.found, wanted).toFixed(3)}`,
  );
  line(
    `${percent} % match: pipewright`,
    `${ours.perSecond.toFixed(0)}/s`,
    `recall ${recallOf(ours.found, wanted).toFixed(3)}`,
    `${(whole.perSecond / ours.perSecond).toFixed(2)} × the unfiltered time`,
  );
}
await filtered.close();

const scanning = await hnsw({ path, engine: 'exact' });
const scan = await measure(async (query) => (await scanning.search(query, { k })).map(({ id }) => id));
line(
  '\nengine exact, all compared',
  `${scan.perSecond.toFixed(0)}/s`,
  `recall ${recallOf(scan.found, exact).toFixed(3)}`,
);
await scanning.close();

console.log('\nwhere the graph starts to pay (queries a second)');
for (const size of [500, 1_000, 2_000, 4_000]) {
  const part = entries.slice(0, size);
  const graphed = await hnsw({ dimensions, graph: { minCount: 1 } });
  const plain = await hnsw({ dimensions, engine: 'exact' });
  await graphed.add(part);
  await graphed.settle();
  await plain.add(part);
  const withGraph = await measure(async (query) => (await graphed.search(query, { k })).map(({ id }) => id));
  const without = await measure(async (query) => (await plain.search(query, { k })).map(({ id }) => id));
  line(`${size} entries`, `graph ${withGraph.perSecond.toFixed(0)}/s`, `exact ${without.perSecond.toFixed(0)}/s`);
  await graphed.close();
  await plain.close();
}
await rm(folder, { recursive: true });
