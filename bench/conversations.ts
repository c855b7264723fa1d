// A conversation that grows: what appending and reading a window cost at 1,000, 10,000 and 100,000 messages, in memory and on
// disk; memory, disk, and search. Run: npm run bench -- conversations [messages]
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conversations } from '../src/conversation/index.js';
import type { Message, Store } from '../src/core/index.js';
import { diskStore, memoryStore } from '../src/store/index.js';

const last = Number(process.argv[2] ?? 100_000);
const sizes = [1_000, 10_000, 100_000].filter((size) => size <= last);
const samples = 200;
const window = 20;

const message = (i: number): Message => ({
  role: i % 2 === 0 ? 'user' : 'assistant',
  content: Array.from(
    { length: 25 },
    (_, j) => `word${Math.floor(((i * 7919 + j * 104_729) % 10_007) ** 2 / 20_000)}`,
  ).join(' '),
});

const timesMs = async (work: (at: number) => Promise<unknown>): Promise<number[]> => {
  const times: number[] = [];
  for (let at = 0; at < samples; at++) {
    const start = performance.now();
    await work(at);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b);
};
const shown = (times: readonly number[]): string =>
  [0.5, 0.95].map((share) => (times[Math.floor(times.length * share)] ?? Number.NaN).toFixed(3)).join(' / ');

const diskBytes = async (folder: string): Promise<number> => {
  let bytes = 0;
  for (const name of await readdir(folder)) bytes += (await stat(join(folder, name))).blocks * 512;
  return bytes;
};

const measure = async (name: string, store: Store, folder: string | undefined): Promise<void> => {
  const all = conversations({ store });
  await all.create({ id: 'long' });
  let said = 0;
  console.log(`\n${name}: ms, median / 95th percentile of ${samples}`);
  for (const size of sizes) {
    while (said < size - samples) {
      const batch = Array.from({ length: Math.min(1_000, size - samples - said) }, (_, i) => message(said + i));
      await all.append('long', batch);
      said += batch.length;
    }
    const append = await timesMs(() => all.append('long', [message(said++)]));
    const tail = await timesMs(() => all.tail('long', { limit: window }));
    const middle = await timesMs((at) =>
      all.tail('long', { limit: window, beforeSeq: Math.floor((said * at) / samples) }),
    );
    const branch = await timesMs(() => all.branch({ id: 'long', seq: said >> 1 }));
    globalThis.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const held = ((heapUsed + arrayBuffers) / 1e6).toFixed(0);
    const disk = folder === undefined ? '' : `  disk ${((await diskBytes(folder)) / 1e6).toFixed(0)} MB`;
    console.log(
      `${String(said).padStart(7)} messages  append ${shown(append)}  newest ${window} ${shown(tail)}  older ${window} ${shown(middle)}  ` +
        `branch ${shown(branch)}  heap ${held} MB${disk}`,
    );
  }
  const start = performance.now();
  await all.search('word7 word400');
  const first = (performance.now() - start) / 1_000;
  const search = await timesMs((at) => all.search(`word${at} word${at * 7}`));
  const mixed = await timesMs(async (at) => {
    await all.append('long', [message(said++)]);
    await all.search(`word${at} word${at * 7}`);
  });
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const held = ((heapUsed + arrayBuffers) / 1e6).toFixed(0);
  const disk = folder === undefined ? '' : `  disk ${((await diskBytes(folder)) / 1e6).toFixed(0)} MB`;
  console.log(
    `        search: first, taking in all, ${first.toFixed(1)} s; then ${shown(search)}; append and search ${shown(mixed)}  ` +
      `heap ${held} MB${disk}`,
  );
  await all.close();
  await store.close();
};

await measure('memory', memoryStore(), undefined);
const folder = await mkdtemp(join(tmpdir(), 'pipewright-talk-'));
await measure('disk', await diskStore(folder), folder);
await rm(folder, { recursive: true });
