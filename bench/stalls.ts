// The longest time that the event loop is held while vectors are added, linked and saved: each kind of collection alone in a process of
// its own, since the pauses of the garbage collector grow with everything that is in the heap. Run: npm run bench -- stalls [count] [dimensions]
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type HnswOptions, hnsw } from '../src/vector/index.js';
import { addAll } from './lib/vector-contenders.js';
import { vectorData } from './lib/vector-data.js';

const count = Number(process.argv[2] ?? 100_000);
const dimensions = Number(process.argv[3] ?? 384);
const kinds: Readonly<Record<string, HnswOptions & { readonly isOnDisk?: boolean }>> = {
  'float32 in memory': {},
  'int8 in memory': { precision: 'int8' },
  'float32 on disk': { isOnDisk: true },
  'int8 on disk': { precision: 'int8', isOnDisk: true },
};

const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  // It counts from its first turn on: a stall right at the beginning must not slip through.
  await new Promise((resolve) => setTimeout(resolve, 20));
  const start = performance.now();
  const result = await work();
  const ms = performance.now() - start;
  await new Promise((resolve) => setTimeout(resolve, 20));
  delay.disable();
  console.log(
    `${what.padEnd(46)}  ${(ms / 1_000).toFixed(2).padStart(6)} s  longest stall ${(delay.max / 1e6).toFixed(0)} ms`,
  );
  return result;
};

const measure = async (name: string): Promise<void> => {
  const { isOnDisk, ...options } = kinds[name] ?? {};
  const data = vectorData(count, dimensions, 1);
  const folder = await mkdtemp(join(tmpdir(), 'pipewright-stalls-'));
  const where = isOnDisk === true ? { path: folder } : {};
  const store = await hnsw({ ...options, ...where, dimensions });
  await timed(`${name}: added`, () => addAll(store, data));
  await timed(`${name}: linked and saved`, () => store.settle());
  await timed(`${name}: a tenth deleted, and mended`, async () => {
    await store.delete({ share: { $lt: 100 } });
    await store.settle();
  });
  await store.close();
  if (isOnDisk === true)
    await timed(`${name}: opened`, () => hnsw({ ...options, ...where })).then((one) => one.close());
  await rm(folder, { recursive: true });
};

const ofOne = process.argv[4];
if (ofOne !== undefined) await measure(ofOne);
else {
  console.log(`${count} vectors of ${dimensions} dimensions, Node ${process.version}\n`);
  for (const name of Object.keys(kinds)) {
    const child = fork(process.argv[1] as string, [`${count}`, `${dimensions}`, name]);
    await new Promise((resolve) => child.on('exit', resolve));
  }
}
