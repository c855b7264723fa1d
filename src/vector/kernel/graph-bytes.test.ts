import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPipewrightError, seededRandom } from '../../core/index.js';
import { createKernel, type VectorKernel } from './index.js';

const dimensions = 6;
const count = 300;
const random = seededRandom(3);
const vectors = Array.from({ length: count }, () => Float32Array.from({ length: dimensions }, () => random() - 0.5));

const filled = (m = 4): VectorKernel => {
  const kernel = createKernel({ dimensions, metric: 'euclidean', m, efConstruction: 30 });
  for (const [row, vector] of vectors.entries()) kernel.set(row, vector);
  return kernel;
};
const linked = (): VectorKernel => {
  const kernel = filled();
  for (let row = 0; row < count; row++) kernel.link(row);
  return kernel;
};
const exported = (kernel: VectorKernel): Uint8Array => Buffer.concat([...kernel.exportGraph()]);
const answersOf = (kernel: VectorKernel): unknown =>
  vectors.slice(0, 30).map((query) => {
    const found = kernel.search(query, { k: 5 });
    return [...found.rows.subarray(0, found.count)];
  });

/** The words with the checksum that they should have. */
const sum = (words: Uint32Array): Uint32Array => {
  let hash = 0x811c9dc5 | 0;
  for (const word of words.subarray(0, -1)) hash = Math.imul(hash ^ word, 0x01000193);
  words[words.length - 1] = hash;
  return words;
};

describe('a graph as bytes', () => {
  it('answers as before when it is read in again', async () => {
    using kernel = linked();
    kernel.remove(7);
    using other = filled();
    await other.importGraph([...kernel.exportGraph()]);
    other.remove(7);
    expect(other.linkedCount).toBe(count);
    expect(other.deadCount).toBe(1);
    expect(answersOf(other)).toEqual(answersOf(kernel));
    expect(exported(other)).toEqual(exported(kernel));
  });

  it('may be of some of the rows, or of none', async () => {
    using kernel = filled();
    using other = filled();
    await other.importGraph([exported(kernel)]);
    expect(other.linkedCount).toBe(0);
    for (let row = 100; row < 200; row++) kernel.link(row);
    // At an odd address, as a part of a larger file may lie.
    const bytes = exported(kernel);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    await other.importGraph([shifted.subarray(1)]);
    expect(other.linkedCount).toBe(100);
    expect(answersOf(other)).toEqual(answersOf(kernel));
    await expect(other.importGraph([bytes])).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('is read in the pieces in which it was written, and not when one of them is missing', async () => {
    const settings = { dimensions: 16, metric: 'euclidean', m: 24, efConstruction: 24 } as const;
    using kernel = createKernel(settings);
    using other = createKernel(settings);
    for (let row = 0; row < 20_000; row++) {
      const vector = Float32Array.from({ length: 16 }, () => random());
      for (const one of [kernel, other]) one.set(row, vector);
      kernel.link(row);
    }
    const pieces = [...kernel.exportGraph()];
    expect(pieces.length).toBeGreaterThan(3); // the last two are its end
    await expect(other.importGraph(pieces.toSpliced(1, 1))).rejects.toMatchObject({ code: 'store-damaged' });
    await other.importGraph(pieces);
    expect([...other.exportGraph()]).toEqual(pieces);
  });

  it('with any damage is a typed error, and the kernel goes on without a graph', async () => {
    using kernel = linked();
    const whole = exported(kernel);
    using other = filled();
    const change = fc.oneof(
      fc.record({ cut: fc.nat(whole.length - 1) }),
      fc.record({ at: fc.nat(whole.length - 1), flip: fc.integer({ min: 1, max: 255 }) }),
      fc.record({ extra: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
    );
    await fc.assert(
      fc.asyncProperty(change, async (damage) => {
        let bytes = Uint8Array.from(whole);
        if ('cut' in damage) bytes = bytes.slice(0, damage.cut);
        else if ('extra' in damage) bytes = Uint8Array.from([...bytes, ...damage.extra]);
        else bytes[damage.at] = (bytes[damage.at] as number) ^ damage.flip;
        const error = await other.importGraph([bytes]).catch((cause: unknown) => cause);
        expect(isPipewrightError(error) && /^store-(damaged|newer)$/.test(error.code)).toBe(true);
        expect(other.linkedCount).toBe(0);
        expect(other.search(vectors[0] as Float32Array, { k: 1 }).count).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it('with a link to a row that is not in it is refused', async () => {
    using kernel = filled();
    for (let row = 0; row < 200; row++) kernel.link(row);
    const words = new Uint32Array(Uint8Array.from(exported(kernel)).buffer);
    // The first link of the first row: after the head come its number, its level, and a count.
    words[6] = 250;
    using other = filled();
    await expect(other.importGraph([new Uint8Array(sum(words).buffer)])).rejects.toThrow(
      'a link in it leads out of it',
    );
  });

  it('with a right checksum and wrong contents is refused too: no link leads out of it', async () => {
    using kernel = linked();
    const whole = new Uint32Array(Uint8Array.from(exported(kernel)).buffer);
    using other = filled();
    const wordOf = fc.oneof(fc.nat(20), fc.nat(count + 2), fc.constant(0xffffffff));
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 2), wordOf), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(changes, async (all) => {
        const words = whole.slice();
        for (const [at, value] of all) words[at] = value;
        const bytes = new Uint8Array(sum(words).buffer);
        // Other links between rows that exist are another graph, which is as good as any; all else is refused.
        using fresh = filled();
        const error = await fresh.importGraph([bytes]).catch((cause: unknown) => cause);
        if (error !== undefined) expect(isPipewrightError(error) && error.code.startsWith('store-')).toBe(true);
        for (const query of vectors.slice(0, 5)) {
          const found = fresh.search(query, { k: 5 });
          for (const row of found.rows.subarray(0, found.count)) expect(row).toBeLessThan(count);
        }
      }),
      { numRuns: 150 },
    );
    await other.importGraph([new Uint8Array(sum(whole.slice()).buffer)]);
    expect(other.linkedCount).toBe(count);
  });

  it('of another `m`, or of more rows than there are, is refused', async () => {
    using kernel = linked();
    const bytes = exported(kernel);
    using wider = filled(5);
    await expect(wider.importGraph([bytes])).rejects.toThrow('its `m` is 4, not 5');
    using empty = createKernel({ dimensions, metric: 'euclidean', m: 4 });
    await expect(empty.importGraph([bytes])).rejects.toMatchObject({ code: 'store-damaged' });
  });
});
