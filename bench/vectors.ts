// Vector search with documents against bare hnswlib-node in one process: queries at equal recall, filters, threads, building,
// opening, saving, deleting, memory and the longest stall. Run: npm run bench -- vectors [count] [dimensions]
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { hnsw } from '../src/vector/index.js';
import { type Filled, inTurns, oneByOne, type Point, rateAt, type VectorContender } from './lib/vector-contender.js';
import { addAll, bareHnswlib, ours } from './lib/vector-contenders.js';
import { vectorData } from './lib/vector-data.js';
import { peers } from './peers/vectors.js';

const count = Number(process.argv[2] ?? 20_000);
const dimensions = Number(process.argv[3] ?? 384);
const k = 10;
const rawBytes = count * dimensions * Float32Array.BYTES_PER_ELEMENT;
const data = vectorData(count, dimensions, 1_000);

const line = (what: string, ...values: readonly string[]): void => console.log([what.padEnd(46), ...values].join('  '));
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
const times = (value: number, of: number | undefined): string => `${(value / (of ?? Number.NaN)).toFixed(2)} ×`;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

/** The longest pause of the garbage collector: part of a stall, and as long as the heap of all contenders together makes it. */
let longestPauseMs = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longestPauseMs = Math.max(longestPauseMs, duration);
}).observe({ entryTypes: ['gc'] });

/** Does `work`, and tells how long it took and how long the event loop was held at most. */
const timed = async <T>(what: string, work: () => Promise<T>): Promise<{ readonly result: T; readonly ms: number }> => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  // It counts from its first turn on: a stall right at the beginning must not slip through.
  await new Promise((resolve) => setTimeout(resolve, 20));
  longestPauseMs = 0;
  const start = performance.now();
  const result = await work();
  const ms = performance.now() - start;
  await new Promise((resolve) => setTimeout(resolve, 20));
  delay.disable();
  const stall = `longest stall ${(delay.max / 1e6).toFixed(0)} ms`;
  line(what, seconds(ms), stall, `longest pause of the garbage collector ${longestPauseMs.toFixed(0)} ms`);
  return { result, ms };
};

console.log(
  `${count} vectors of ${dimensions} dimensions, k ${k}, m 16, efConstruction 200, Node ${process.version}\n`,
);

/** The first one is what the others are compared with. `PIPEWRIGHT_PEERS=0` leaves the peers out: filling them takes minutes. */
const contenders: readonly VectorContender[] = [
  bareHnswlib,
  ours('pipewright float32', { graph: { searchThreads: 2 } }),
  ours('pipewright int8', { precision: 'int8', graph: { searchThreads: 2 } }),
  ...(process.env.PIPEWRIGHT_PEERS === '0' ? [] : await peers()),
];
const filled: Filled[] = [];
for (const { name, fill } of contenders) {
  try {
    const { result } = await timed(`${name}: filled`, () => fill(data));
    filled.push({ name, index: result });
  } catch (error) {
    // Vectra writes its index as one JSON text, which a string cannot hold from about 20,000 × 1,536 numbers on.
    line(`${name}: cannot hold them`, String(error));
  }
}

console.log('\nqueries a second, hits with documents, one after the other (× the first at the same recall)');
const exact = data.exact(k);
const curves = filled.map((): Point[] => []);
for (const effort of filled[0]?.index.efforts ?? []) {
  const able = filled.filter(({ index }) => index.efforts.includes(effort));
  const ways = able.map(({ index }) => oneByOne(data.queries, (query) => index.search(query, k, effort)));
  for (const [i, point] of (await inTurns(ways, exact)).entries()) {
    curves[filled.indexOf(able[i] as Filled)]?.push(point);
  }
}
for (const recall of [0.95, 0.99]) {
  const first = rateAt(curves[0] ?? [], recall);
  for (const [i, { name }] of filled.entries()) {
    const rate = rateAt(curves[i] ?? [], recall);
    const text = rate === undefined ? 'not reached' : `${rate.toFixed(0)}/s  ${times(rate, first)}`;
    line(`${name}, recall ${recall}`, text);
  }
}

// A thousand take some 50 ms, too little to measure.
const many = Array.from({ length: 5 }, () => data.queries).flat();
console.log(`\n${many.length} queries in one call, ef 64, two threads (× one thread)`);
for (const { name, index } of filled) {
  const { searchMany } = index;
  if (searchMany === undefined) continue;
  const one = oneByOne(many, (query) => index.search(query, k, 64));
  const [single, pool] = await inTurns([one, () => searchMany(many, k, 64)], exact);
  line(name, `${pool?.perSecond.toFixed(0)}/s  ${times(pool?.perSecond ?? 0, single?.perSecond)}`);
}

console.log('\nfiltered, ef 64 (time as a multiple of its own unfiltered time, recall)');
const part = data.queries.slice(0, 200);
for (const permille of [500, 100, 10, 1]) {
  const wanted = data.exact(k, permille);
  for (const { name, index } of filled) {
    const { searchFiltered } = index;
    if (searchFiltered === undefined) continue;
    const [whole, some] = await inTurns(
      [
        oneByOne(part, (query) => index.search(query, k, 64)),
        oneByOne(part, (query) => searchFiltered(query, k, 64, permille)),
      ],
      wanted,
    );
    const ratio = times(whole?.perSecond ?? 0, some?.perSecond);
    line(
      `${permille / 10} % match: ${name}`,
      `${some?.perSecond.toFixed(0)}/s`,
      ratio,
      `recall ${some?.recall.toFixed(3)}`,
    );
  }
}
for (const { index } of filled) await index.close();

const folder = await mkdtemp(join(tmpdir(), 'pipewright-bench-'));
const bytesIn = async (path: string): Promise<number> => {
  let bytes = 0;
  for (const name of await readdir(path)) bytes += (await stat(join(path, name))).size;
  return bytes;
};
for (const [name, options] of [
  ['float32', {}],
  ['int8', { precision: 'int8' }],
  ['int8, vectors in the store', { precision: 'int8', graph: { originals: 'store' } }],
] as const) {
  console.log(`\non disk, ${name}`);
  const path = join(folder, name.replaceAll(/\W/gu, '-'));
  const before = process.memoryUsage();
  const store = await hnsw({ ...options, path, dimensions });
  await timed('add until acknowledged', () => addAll(store, data));
  await timed('graph built and saved behind', () => store.settle());
  await timed('close', () => store.close());
  const { result: again } = await timed('open', () => hnsw({ ...options, path }));
  const { memoryBytes, vectorBytes } = await again.stats();
  const after = process.memoryUsage();
  line('memory, × the vectors', times(memoryBytes, rawBytes), `vectors and graph ${times(vectorBytes, rawBytes)}`);
  line('', `heap ${megabytes(after.heapUsed - before.heapUsed)}, process ${megabytes(after.rss - before.rss)}`);
  line('folder', megabytes(await bytesIn(path)));
  const search = (query: Float32Array) => again.search(query, { k }).then((hits) => hits.map(({ id }) => id));
  const [point] = await inTurns([oneByOne(data.queries, search)], exact);
  line('search with documents, ef 64', `${point?.perSecond.toFixed(0)}/s`, `recall ${point?.recall.toFixed(3)}`);
  await timed('delete a tenth, and mend the graph', async () => {
    await again.delete({ share: { $lt: 100 } });
    await again.settle();
  });
  await again.close();
}
await rm(folder, { recursive: true });
