import { describe, expect, it } from 'vitest';
import { PipewrightError, seededRandom } from '../../core/index.js';
import { createBuilder, createKernel } from './index.js';
import { createSpace } from './space.js';

const full = (): PipewrightError => new PipewrightError('memory-full', 'full');

describe('the memory of a kernel', () => {
  it('hands out zeros, also where something else stood before', () => {
    const space = createSpace(16 * 1_048_576, full);
    const first = space.take(16_384);
    space.bytes.fill(7, first, first + 16_384);
    space.give(first, 16_384);
    const second = space.take(16_384);
    expect(second).toBe(first);
    expect(space.bytes.subarray(second, second + 16_384).every((byte) => byte === 0)).toBe(true);
  });

  it('does not grow beyond its end', () => {
    const space = createSpace(1_048_576, full);
    expect(() => space.take(2_097_152)).toThrow(expect.objectContaining({ code: 'memory-full' }));
  });

  it('keeps the graph whole when rows are set after the list of a job was given back', async () => {
    const random = seededRandom(1);
    const vector = (): Float32Array => Float32Array.from({ length: 16 }, () => random() - 0.5);
    using kernel = createKernel({ dimensions: 16, metric: 'euclidean', m: 2, efConstruction: 8 });
    await using builder = createBuilder(kernel, { threads: 0 });
    // The list of 4,096 rows is as large as the pieces that the lists above level 0 come from.
    for (let start = 0; start < 12_288; start += 4_096) {
      const rows = Uint32Array.from({ length: 4_096 }, (_, i) => start + i);
      for (const row of rows) kernel.set(row, vector());
      await builder.link(rows);
    }
    let words = 0;
    for (const piece of kernel.exportGraph()) words += piece.byteLength / 4;
    // Four links and four words of head for each row, and what stands above: a stray count would show here, or throw.
    expect(words).toBeLessThan(12_288 * 16);
    expect(kernel.linkedCount).toBe(12_288);
  });
});
