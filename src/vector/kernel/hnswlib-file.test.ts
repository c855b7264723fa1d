import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { isPipewrightError, seededRandom } from '../../core/index.js';
import { importHnswlib } from './index.js';

const library = await import('hnswlib-node').then(
  (module) => module.default.HierarchicalNSW,
  () => undefined,
);
if (library === undefined) console.log('Left out: reading files of hnswlib-node, which cannot be loaded here.');

const dimensions = 20;
const count = 600;
const random = seededRandom(9);
const vectors = Array.from({ length: count }, () => Array.from({ length: dimensions }, () => random() - 0.5));
const k = 8;

describe.runIf(library !== undefined)('a file of hnswlib-node', () => {
  let bytes = new Uint8Array();
  /** What the library itself answers, by label. */
  const expected: number[][] = [];
  const labelOf = (i: number): number => 1_000 + 3 * i;

  beforeAll(async () => {
    if (library === undefined) return;
    const index = new library('l2', dimensions);
    index.initIndex({ maxElements: count + 50, m: 8, efConstruction: 60, randomSeed: 1 });
    for (const [i, vector] of vectors.entries()) index.addPoint(vector, labelOf(i));
    for (let i = 0; i < count; i += 10) index.markDelete(labelOf(i));
    index.setEf(200);
    for (const query of vectors.slice(0, 20)) expected.push(index.searchKnn(query, k).neighbors);
    const folder = await mkdtemp(join(tmpdir(), 'pipewright-hnswlib-'));
    try {
      await index.writeIndex(join(folder, 'index'));
      bytes = Uint8Array.from(await readFile(join(folder, 'index')));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('answers as the library does, and can be changed further', () => {
    const { kernel, labels } = importHnswlib(bytes, { dimensions, metric: 'euclidean' });
    expect(kernel.linkedCount).toBe(count);
    expect(kernel.deadCount).toBe(count / 10);
    expect(kernel.options.m).toBe(8);
    for (const [i, query] of vectors.slice(0, 20).entries()) {
      const found = kernel.search(Float32Array.from(query), { k, ef: 200 });
      expect([...found.rows.subarray(0, found.count)].map((row) => labels[row])).toEqual(expected[i]);
    }
    kernel.set(
      count,
      Float32Array.from({ length: dimensions }, () => 2),
    );
    kernel.link(count);
    expect(kernel.search(new Float32Array(dimensions).fill(2), { k: 1 }).rows[0]).toBe(count);
  });

  it('of other dimensions, cut short, too long or changed is a typed error, or a graph that leads nowhere else', () => {
    const open = (file: Uint8Array, width = dimensions): unknown => {
      try {
        const { kernel } = importHnswlib(file, { dimensions: width, metric: 'euclidean' });
        for (const query of vectors.slice(0, 3)) {
          const { rows, count: found } = kernel.search(Float32Array.from(query), { k });
          for (const row of rows.subarray(0, found)) expect(row).toBeLessThan(count);
        }
        return 'opened';
      } catch (error) {
        return isPipewrightError(error) ? error.code : error;
      }
    };
    expect(open(bytes)).toBe('opened');
    expect(open(bytes, 21)).toBe('store-damaged');
    expect(open(Uint8Array.from([...bytes, 0]))).toBe('store-damaged');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => open(bytes.slice(0, length)) === 'store-damaged'),
      { numRuns: 40 },
    );
    const misled = bytes.slice();
    // The first link of the first element.
    new DataView(misled.buffer).setUint32(96 + 4, count, true);
    expect(open(misled)).toBe('store-damaged');
    // In the head, where most harm could be done, and anywhere.
    const place = fc.oneof(fc.nat(95), fc.nat(bytes.length - 1));
    fc.assert(
      fc.property(place, fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = bytes.slice();
        changed[at] = (changed[at] as number) ^ flip;
        return ['opened', 'store-damaged'].includes(String(open(changed)));
      }),
      { numRuns: 120 },
    );
  });
});
