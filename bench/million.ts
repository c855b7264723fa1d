/**
 * A large collection on one machine: built, closed, opened again and asked, with memory and time of each. Run:
 * npm run bench -- million [count] [dimensions] [float32|int8] [threads]. A million vectors of 128 dimensions take some minutes and 2 GB.
 */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { type Random, seededRandom, type VectorEntry } from '../src/core/index.js';
import { type Precision, hnsw } from '../src/vector/index.js';
import { median } from './lib/report.js';

const [countText = '1000000', dimensionsText = '128', precisionText = 'float32', threadsText] = process.argv.slice(2);
const count = Number(countText);
const dimensions = Number(dimensionsText);
const precision = precisionText as Precision;
const buildThreads = Number(threadsText ?? availableParallelism());
const k = 10;
const checked = 200;
const batch = 10_000;

const random = seededRandom(11);
const gauss = (source: Random): number => Math.sqrt(-2 * Math.log(source() || 1e-9)) * Math.cos(2 * Math.PI * source());
const centers = Array.from({ length: 1_000 }, () => Float32Array.from({ length: dimensions }, () => gauss(random)));

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};

/** Unit vectors in a thousand clusters. */
const clustered = (): Float32Array => {
  const center = centers[Math.floor(random() * centers.length)] as Float32Array;
  const vector = center.map((x) => x + 0.9 * gauss(random));
  const length = Math.sqrt(dot(vector, vector));
  return vector.map((x) => x / length);
};

const queries = Array.from({ length: 1_000 }, clustered);
/** The nearest to the first queries so far, best first. */
const exact = Array.from({ length: checked }, (): { readonly id: string; readonly score: number }[] => []);
const compare = (id: string, vector: Float32Array): void => {
  for (const [i, nearest] of exact.entries()) {
    const score = dot(queries[i] as Float32Array, vector);
    if (nearest.length === k && score <= (nearest.at(-1)?.score ?? 0)) continue;
    nearest.push({ id, score });
    nearest.sort((a, b) => b.score - a.score);
    nearest.length = Math.min(k, nearest.length);
  }
};

const rawBytes = count * dimensions * Float32Array.BYTES_PER_ELEMENT;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  const result = await work();
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  delay.disable();
  const { rss, heapUsed } = process.memoryUsage();
  const stall = `longest stall ${(delay.max / 1e6).toFixed(0)} ms`;
  console.log(what.padEnd(34), `${seconds} s`, stall, `process ${megabytes(rss)}, heap ${megabytes(heapUsed)}`);
  return result;
};

const path = await mkdtemp(join(tmpdir(), 'pipewright-million-'));
try {
  console.log(`${count} × ${dimensions}, ${precision}, ${buildThreads} threads, vectors alone ${megabytes(rawBytes)}`);
  const store = await hnsw({ path, dimensions, precision, graph: { buildThreads } });
  let addingMs = 0;
  await timed('vectors made and added', async () => {
    for (let start = 0; start < count; start += batch) {
      const entries: VectorEntry[] = [];
      for (let at = start; at < Math.min(start + batch, count); at++) {
        const [id, vector] = [String(at), clustered()];
        compare(id, vector);
        entries.push({ id, text: `Passage ${id}.`, metadata: { share: at % 1_000 }, vector });
        // Making them takes longer than adding them, and must not count as a stall.
        if (at % 100 === 0) await turn();
      }
      const before = performance.now();
      await store.add(entries);
      addingMs += performance.now() - before;
    }
  });
  console.log('added, acknowledged on disk'.padEnd(34), `${(addingMs / 1_000).toFixed(1)} s`);
  await timed('graph built and saved', () => store.settle());
  await timed('closed', () => store.close());
  const again = await timed('opened', () => hnsw({ path, dimensions, precision }));
  const { memoryBytes, vectorBytes } = await again.stats();
  console.log(
    `memory ${(memoryBytes / rawBytes).toFixed(2)} × the vectors (vectors and graph ${(vectorBytes / rawBytes).toFixed(2)} ×)`,
  );
  let bytes = 0;
  for (const name of await readdir(path)) bytes += (await stat(join(path, name))).size;
  console.log(`folder ${megabytes(bytes)}`);
  for (const efSearch of [32, 64, 128]) {
    const times: number[] = [];
    let found = 0;
    for (const [i, query] of queries.entries()) {
      const start = performance.now();
      const hits = await again.search(query, { k, efSearch });
      times.push(performance.now() - start);
      if (i < checked) found += hits.filter(({ id }) => exact[i]?.some((one) => one.id === id)).length;
    }
    console.log(
      `search, ef ${efSearch}`.padEnd(34),
      `p50 ${median(times).toFixed(2)} ms`,
      `recall ${(found / checked / k).toFixed(3)}`,
    );
  }
  for (const permille of [100, 10, 1]) {
    const times: number[] = [];
    for (const query of queries.slice(0, 200)) {
      const start = performance.now();
      await again.search(query, { k, filter: { share: { $lt: permille } } });
      times.push(performance.now() - start);
    }
    console.log(`search, ${permille / 10} % match`.padEnd(34), `p50 ${median(times).toFixed(2)} ms`);
  }
  await timed('a tenth deleted, graph mended', async () => {
    await again.delete({ share: { $lt: 100 } });
    await again.settle();
  });
  await again.close();
} finally {
  await rm(path, { recursive: true });
}
