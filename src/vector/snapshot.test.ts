import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom, type Store, type VectorEntry } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { type HnswOptions, hnsw } from './index.js';

const dimensions = 8;
const options: HnswOptions = { dimensions, graph: { minCount: 20, efSearch: 30, buildThreads: 0 } };
const random = seededRandom(5);
const vector = (): number[] => Array.from({ length: dimensions }, () => random() - 0.5);
const entriesOf = (first: number, last: number): VectorEntry[] =>
  Array.from({ length: last - first }, (_, i) => ({
    id: `e${first + i}`,
    text: '',
    metadata: { n: first + i },
    vector: vector(),
  }));
const queries = Array.from({ length: 8 }, vector);

let path = '';
let store: Store;
let file = '';
let whole: Buffer;
let expected: unknown;

/** What the collection answers when it is opened now; the snapshot stays as it is. */
const answers = async (): Promise<unknown> => {
  await using vectors = await hnsw({ ...options, store, path });
  const found = [];
  for (const query of queries)
    found.push(await vectors.search(query), await vectors.search(query, { filter: { n: { $lt: 40 } } }));
  return found;
};

beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), 'pipewright-snapshot-'));
  store = memoryStore();
  const vectors = await hnsw({ ...options, store, path });
  await vectors.add(entriesOf(0, 120));
  await vectors.settle();
  // In the graph and dead, beside rows that were used again: all that a snapshot can hold.
  await vectors.delete(['e1', 'e2']);
  await vectors.add(entriesOf(120, 130));
  await vectors.close();
  file = join(path, (await readdir(path))[0] ?? '');
  whole = await readFile(file);
  expected = await answers();
});
afterAll(() => rm(path, { recursive: true }));

it('is read while it is whole: what was deleted is still in its graph', async () => {
  await using vectors = await hnsw({ ...options, store, path });
  expect(await vectors.stats()).toMatchObject({ count: 128, deletedCount: 2, linkedCount: 118 });
});

/** Answers as before, whatever the file holds. */
const expectUnharmed = async (what: string): Promise<void> => {
  expect(await answers(), what).toEqual(expected);
  await writeFile(file, whole);
};

describe('a snapshot that is damaged counts as none, and the answers stay the same', () => {
  it('cut off at any length', async () => {
    const lengths = [
      0,
      1,
      3,
      4,
      5,
      100,
      whole.length - 9,
      whole.length - 8,
      whole.length - 5,
      whole.length - 4,
      whole.length - 1,
    ];
    for (let i = 0; i < 25; i++) lengths.push(Math.floor(random() * whole.length));
    for (const length of lengths) {
      await truncate(file, length);
      await expectUnharmed(`cut off at ${length}`);
    }
  });

  it('with any byte changed', async () => {
    const places = [0, 3, 4, 10, whole.length - 1, whole.length - 4, whole.length - 5, whole.length - 8];
    for (let i = 0; i < 40; i++) places.push(Math.floor(random() * whole.length));
    for (const place of places) {
      const bytes = Buffer.from(whole);
      bytes[place] = (bytes[place] ?? 0) ^ (1 << Math.floor(random() * 8));
      await writeFile(file, bytes);
      await expectUnharmed(`byte ${place} changed`);
    }
  });

  it('with pages that the disk forgot, more at its end, of another kind, empty or missing', async () => {
    for (let start = 0; start < whole.length; start += 4_096) {
      await writeFile(file, Buffer.from(whole).fill(0, start, start + 512));
      await expectUnharmed(`zeros from ${start}`);
    }
    await writeFile(file, Buffer.concat([whole, Buffer.alloc(1)]));
    await expectUnharmed('longer');
    await writeFile(file, Buffer.from('a text'.repeat(10_000)));
    await expectUnharmed('a text');
    await writeFile(file, '');
    await expectUnharmed('empty');
    await rm(file);
    await expectUnharmed('missing');
  });

  it('of another collection, of other settings, or of another format', async () => {
    const other = await mkdtemp(join(tmpdir(), 'pipewright-snapshot-'));
    const foreign = await hnsw({ ...options, store: memoryStore(), path: other });
    await foreign.add(entriesOf(0, 120));
    await foreign.settle();
    await foreign.close();
    await writeFile(file, await readFile(join(other, (await readdir(other))[0] ?? '')));
    await expectUnharmed('of another collection');
    const newer = Buffer.from(whole.toString('latin1').replace('"version":1', '"version":9'), 'latin1');
    await writeFile(file, newer);
    await expectUnharmed('of another format');
    await using vectors = await hnsw({ ...options, store, path, precision: 'int8' });
    expect((await vectors.search(queries[0] ?? [], { k: 3 })).map(({ id }) => id)).toEqual(
      (expected as { id: string }[][])[0]?.slice(0, 3).map(({ id }) => id),
    );
    await rm(other, { recursive: true });
  });
});
