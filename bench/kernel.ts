// The vector kernel against bare hnswlib-node, in one process. Run: npx tsx bench/kernel.ts [count] [dimensions] [spread]
import hnswlib from 'hnswlib-node';
import { type Random, seededRandom } from '../src/core/index.js';
import {
  createBuilder,
  createKernel,
  createSearchPool,
  type KernelOptions,
  type VectorKernel,
} from '../src/vector/kernel/index.js';

const count = Number(process.argv[2] ?? 20_000);
const dimensions = Number(process.argv[3] ?? 384);
const k = 10;
const queryCount = 300;
/** Queries are answered in turns of so many by each contender, so that what else the machine does hits all of them. */
const turn = 25;
const rounds = 4;
/** How far vectors lie from the center of their cluster; more makes neighbours harder to find. */
const spread = Number(process.argv[4] ?? 2.5);
const random = seededRandom(7);

const gauss = (source: Random): number => Math.sqrt(-2 * Math.log(source() || 1e-9)) * Math.cos(2 * Math.PI * source());
const centers = Array.from({ length: 300 }, () => Float32Array.from({ length: dimensions }, () => gauss(random)));
/** Unit vectors in clusters that lie among each other, as those of texts do: neighbours are not told apart easily. */
const clustered = (): Float32Array => {
  const center = centers[Math.floor(random() * centers.length)] as Float32Array;
  const vector = center.map((x) => x + spread * gauss(random));
  const length = Math.hypot(...vector);
  return vector.map((x) => x / length);
};
const vectors = Array.from({ length: count }, clustered);
const queries = Array.from({ length: queryCount }, clustered);
const rows = Uint32Array.from(vectors, (_, row) => row);

type Search = (query: number, ef: number) => ArrayLike<number>;
/** Milliseconds of processor time: what else the machine does counts less than with the clock. */
const cpuMsOf = (work: () => unknown): number => {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
};
const msOf = async (work: () => unknown): Promise<number> => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};
const line = (what: string, ...values: readonly string[]): void => console.log([what.padEnd(34), ...values].join('  '));
const ratio = (value: number): string => `× ${value.toFixed(2)}`;
const secondsOf = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
const load = (kernel: VectorKernel): VectorKernel => {
  for (const [row, vector] of vectors.entries()) kernel.set(row, vector);
  return kernel;
};

console.log(
  `${count} vectors of ${dimensions} dimensions, m 16, efConstruction 200, k ${k}, Node ${process.version}\n`,
);

// Building.
const numbers = vectors.map((vector) => [...vector]);
const queryNumbers = queries.map((query) => [...query]);
const bare = new hnswlib.HierarchicalNSW('ip', dimensions);
bare.initIndex({ maxElements: count, m: 16, efConstruction: 200, randomSeed: 100 });
const kinds: readonly (readonly [string, Partial<KernelOptions>])[] = [
  ['kernel float32', {}],
  ['kernel int8', { precision: 'int8' }],
  ['kernel int8, originals outside', { precision: 'int8', keepsOriginals: false }],
];
const kernels = kinds.map(([name, options]) => ({
  name,
  kernel: load(createKernel({ dimensions, metric: 'dot', ...options })),
  ms: 0,
}));
let bareMs = 0;
const part = Math.ceil(count / 20);
for (let from = 0; from < count; from += part) {
  const to = Math.min(count, from + part);
  bareMs += cpuMsOf(() => {
    for (let row = from; row < to; row++) bare.addPoint(numbers[row] as number[], row);
  });
  for (const one of kernels) {
    one.ms += cpuMsOf(() => {
      for (let row = from; row < to; row++) one.kernel.link(row);
    });
  }
}
line('build: hnswlib-node', secondsOf(bareMs));
for (const { name, kernel, ms } of kernels) {
  const share = kernel.bytes / (count * dimensions * 4);
  line(`build: ${name}`, secondsOf(ms), ratio(bareMs / ms), `memory ${share.toFixed(2)} of the raw vectors`);
}
const buildOn = async (threads: number): Promise<number> => {
  using kernel = load(createKernel({ dimensions, metric: 'dot' }));
  await using builder = createBuilder(kernel, { threads });
  await builder.link(rows.subarray(0, 10));
  return await msOf(() => builder.link(rows));
};
const [oneMs, twoMs] = [await buildOn(1), await buildOn(2)];
line('build: float32 on 2 threads', secondsOf(twoMs), `${ratio(oneMs / twoMs)} of 1 thread`);

// Searching at equal recall.
const exact = queries.map((query) => {
  const found = (kernels[0] as { kernel: VectorKernel }).kernel.scan(query, { k });
  return new Set(found.rows.subarray(0, found.count));
});
const searchOf =
  (kernel: VectorKernel): Search =>
  (query, ef) => {
    const found = kernel.search(queries[query] as Float32Array, { k, ef });
    return found.rows.subarray(0, found.count);
  };
const bareSearch: Search = (query, ef) => {
  bare.setEf(ef);
  return bare.searchKnn(queryNumbers[query] as number[], k).neighbors;
};
const contenders: readonly (readonly [string, Search])[] = [
  ['hnswlib-node', bareSearch],
  ...kernels.map(({ name, kernel }) => [name, searchOf(kernel)] as const),
];
const recallOf = (search: Search, ef: number): number => {
  let hits = 0;
  for (const [i, wanted] of exact.entries()) for (const row of Array.from(search(i, ef))) if (wanted.has(row)) hits++;
  return hits / (queryCount * k);
};
const efs = [10, 12, 15, 20, 25, 30, 40, 50, 65, 80, 100, 130, 160, 200, 260, 330, 420];
for (const target of [0.95, 0.99]) {
  const runs = contenders.flatMap(([name, search]) => {
    const ef = efs.find((one) => recallOf(search, one) >= target);
    if (ef === undefined) line(`recall ${target}: ${name}`, 'not reached');
    return ef === undefined ? [] : [{ name, search, ef, ms: 0 }];
  });
  for (let round = 0; round < rounds; round++) {
    for (let from = 0; from < queryCount; from += turn) {
      for (const run of runs) {
        run.ms += cpuMsOf(() => {
          for (let i = from; i < from + turn; i++) run.search(i, run.ef);
        });
      }
    }
  }
  const bareRunMs = runs.find(({ name }) => name === 'hnswlib-node')?.ms ?? Number.NaN;
  for (const { name, search, ef, ms } of runs) {
    const perSecond = `${((rounds * queryCount * 1_000) / ms).toFixed(0)} a second`;
    line(
      `recall ${target}: ${name}`,
      perSecond,
      ratio(bareRunMs / ms),
      `ef ${ef}, recall ${recallOf(search, ef).toFixed(3)}`,
    );
  }
}

// Filters, as parts of the time of an unfiltered search.
const kernel = (kernels[1] as { kernel: VectorKernel }).kernel;
const timeOf = (search: (query: Float32Array) => unknown): number =>
  cpuMsOf(() => {
    for (const query of queries) search(query);
  });
const unfilteredMs = timeOf((query) => kernel.search(query, { k, ef: 50 }));
for (const share of [0.1, 0.01, 0.001]) {
  const bits = new Uint32Array(Math.ceil(count / 32));
  for (const row of rows) if (random() < share) bits[row >>> 5] = (bits[row >>> 5] as number) | (1 << (row & 31));
  const scanMs = timeOf((query) => kernel.scan(query, { k, bits }));
  const walkMs = timeOf((query) => kernel.search(query, { k, ef: 50, bits }));
  const inUnfiltered = (ms: number): string => `${(ms / unfilteredMs).toFixed(2)} of unfiltered`;
  line(`int8, filter of ${share * 100} %`, `scan ${inUnfiltered(scanMs)}`, `walk ${inUnfiltered(walkMs)}`);
}

// Threads.
await using pool = createSearchPool(kernel, { threads: 2 });
const batch = Array.from({ length: 5 }, () => queries).flat();
await pool.search(queries, { k });
const aloneMs = await msOf(() => {
  for (const query of batch) kernel.search(query, { k });
});
line('search: int8 on 2 threads', `${ratio(aloneMs / (await msOf(() => pool.search(batch, { k }))))} of 1 thread`);
