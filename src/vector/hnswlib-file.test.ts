import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { isPipewrightError, seededRandom } from '../core/index.js';
import { hnsw, hnswlibEntries } from './index.js';

const library = await import('hnswlib-node').then(
  (module) => module.default.HierarchicalNSW,
  () => undefined,
);
if (library === undefined) console.log('Left out: reading files of hnswlib-node, which cannot be loaded here.');

const dimensions = 20;
const count = 300;
const random = seededRandom(9);
const vectors = Array.from({ length: count }, () => Array.from({ length: dimensions }, () => random() - 0.5));
const labelOf = (i: number): number => 1_000 + 3 * i;

describe.runIf(library !== undefined)('a file of hnswlib-node', () => {
  let bytes = new Uint8Array();
  /** What the library itself answers, by label. */
  const expected: number[][] = [];

  beforeAll(async () => {
    if (library === undefined) return;
    const index = new library('l2', dimensions);
    index.initIndex({ maxElements: count + 50, m: 8, efConstruction: 60, randomSeed: 1 });
    for (const [i, vector] of vectors.entries()) index.addPoint(vector, labelOf(i));
    for (let i = 0; i < count; i += 10) index.markDelete(labelOf(i));
    index.setEf(200);
    for (const query of vectors.slice(0, 20)) expected.push(index.searchKnn(query, 8).neighbors);
    const folder = await mkdtemp(join(tmpdir(), 'pipewright-hnswlib-'));
    try {
      await index.writeIndex(join(folder, 'index'));
      bytes = Uint8Array.from(await readFile(join(folder, 'index')));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  const outcomeOf = async (file: Uint8Array, width = dimensions): Promise<unknown> => {
    try {
      let read = 0;
      for await (const { vector } of hnswlibEntries(file, width)) read += vector.length / width;
      return read;
    } catch (error) {
      return isPipewrightError(error) ? error.code : error;
    }
  };

  it('moves into a collection that answers as the library does, without what was removed', async () => {
    await using store = await hnsw({ dimensions, metric: 'euclidean' });
    for await (const { label, vector } of hnswlibEntries(bytes, dimensions)) {
      await store.add([{ id: String(label), text: '', vector }]);
    }
    expect((await store.stats()).count).toBe(count - count / 10);
    for (const [i, query] of vectors.slice(0, 20).entries()) {
      const hits = await store.search(query, { k: 8 });
      expect(hits.map(({ id }) => Number(id))).toEqual(expected[i]);
    }
  });

  it('of other dimensions, cut short, too long or changed gives a typed error or vectors, never a crash', async () => {
    expect(await outcomeOf(bytes)).toBe(count - count / 10);
    expect(await outcomeOf(bytes, 21)).toBe('store-damaged');
    expect(await outcomeOf(bytes, 0)).toBe('bad-option');
    expect(await outcomeOf(Uint8Array.from([...bytes, 0]))).toBe('store-damaged');
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        async (length) => (await outcomeOf(bytes.slice(0, length))) === 'store-damaged',
      ),
      { numRuns: 60 },
    );
    // In the head, where most harm could be done, and anywhere.
    const place = fc.oneof(fc.nat(95), fc.nat(bytes.length - 1));
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = bytes.slice();
        changed[at] = (changed[at] as number) ^ flip;
        const outcome = await outcomeOf(changed);
        return outcome === 'store-damaged' || (typeof outcome === 'number' && outcome <= count);
      }),
      { numRuns: 150 },
    );
  });
});
