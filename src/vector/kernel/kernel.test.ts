import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPipewrightError, seededRandom } from '../../core/index.js';
import { createKernel, isKernelAvailable, type KernelOptions, type Nearest, type VectorKernel } from './index.js';

const random = seededRandom(11);
const gauss = (): number => Math.sqrt(-2 * Math.log(random() || 1e-9)) * Math.cos(2 * Math.PI * random());
const randomVector = (dimensions: number): Float32Array => Float32Array.from({ length: dimensions }, gauss);

const fill = (kernel: VectorKernel, vectors: readonly Float32Array[]): VectorKernel => {
  for (const [row, vector] of vectors.entries()) kernel.set(row, vector);
  return kernel;
};
const linkAll = (kernel: VectorKernel): VectorKernel => {
  for (let row = 0; row < kernel.length; row++) kernel.link(row);
  return kernel;
};
const rowsOf = ({ rows, count }: Nearest): number[] => [...rows.subarray(0, count)];
const distancesOf = ({ distances, count }: Nearest): number[] => [...distances.subarray(0, count)];

/** The plain reference. */
const distanceOf = (metric: 'dot' | 'euclidean', a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    sum += metric === 'dot' ? -x * y : (x - y) ** 2;
  }
  return sum;
};
const codeOf = (error: unknown): string | undefined => (isPipewrightError(error) ? error.code : undefined);
const codeFrom = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
};

const vectorsOf = (dimensions: number) =>
  fc.array(fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: dimensions, maxLength: dimensions }), {
    minLength: 2,
    maxLength: 12,
  });
const cases = fc.integer({ min: 1, max: 70 }).chain((dimensions) =>
  fc.record({
    vectors: vectorsOf(dimensions).map((all) => all.map((one) => Float32Array.from(one))),
    metric: fc.constantFrom('dot' as const, 'euclidean' as const),
  }),
);

describe('distances', () => {
  it('equal the plain reference, for every metric and length of vectors', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom('float32' as const, 'int8' as const), ({ vectors, metric }, precision) => {
        const [query, ...stored] = vectors as [Float32Array, ...Float32Array[]];
        const dimensions = query.length;
        using kernel = fill(createKernel({ dimensions, metric, precision }), stored);
        // Codes name a few more than are asked for; with so many everything is scored exactly.
        const found = kernel.scan(query, { k: stored.length });
        expect(found.count).toBe(stored.length);
        for (let i = 0; i < found.count; i++) {
          const expected = distanceOf(metric, query, stored[found.rows[i] as number] as Float32Array);
          expect(found.distances[i]).toBeCloseTo(expected, 2);
          if (i > 0) expect(found.distances[i]).toBeGreaterThanOrEqual(found.distances[i - 1] as number);
        }
        expect(kernel.distance(0, stored.length - 1)).toBeCloseTo(
          distanceOf(metric, stored[0] as Float32Array, stored.at(-1) as Float32Array),
          2,
        );
        expect([...kernel.get(0)]).toEqual([...(stored[0] as Float32Array)]);
      }),
      { numRuns: 80 },
    );
  });

  it('of codes alone are near the exact ones', () => {
    for (const metric of ['dot', 'euclidean'] as const) {
      for (const dimensions of [1, 15, 16, 17, 100]) {
        const stored = Array.from({ length: 40 }, () => randomVector(dimensions));
        const options: KernelOptions = { dimensions, metric, precision: 'int8', keepsOriginals: false };
        using kernel = fill(createKernel(options), stored);
        expect(kernel.isExact).toBe(false);
        const query = randomVector(dimensions);
        const { rows, distances, count } = kernel.scan(query, { k: 40 });
        expect(count).toBe(40);
        for (let i = 0; i < count; i++) {
          const exact = distanceOf(metric, query, stored[rows[i] as number] as Float32Array);
          expect(Math.abs((distances[i] as number) - exact)).toBeLessThan(0.1 * Math.sqrt(dimensions) + 0.1);
        }
        const largest = Math.max(...(stored[3] as Float32Array).map(Math.abs));
        for (const [i, value] of kernel.get(3).entries()) {
          expect(Math.abs(value - (stored[3]?.[i] as number))).toBeLessThanOrEqual(largest / 127);
        }
      }
    }
  });

  it('of a vector of zeros are those of zeros', () => {
    using kernel = createKernel({ dimensions: 3, metric: 'euclidean', precision: 'int8' });
    kernel.set(0, new Float32Array(3));
    expect(distancesOf(kernel.scan(Float32Array.of(0, 3, 4), { k: 1 }))).toEqual([25]);
    expect(distancesOf(kernel.scan(new Float32Array(3), { k: 1 }))).toEqual([0]);
  });
});

/** Vectors around a few centers, as those of texts are. */
const clustered = (count: number, dimensions: number): Float32Array[] => {
  const centers = Array.from({ length: 30 }, () => randomVector(dimensions));
  return Array.from({ length: count }, () => {
    const center = centers[Math.floor(random() * centers.length)] as Float32Array;
    const vector = center.map((x) => x + 0.7 * gauss());
    const length = Math.hypot(...vector);
    return vector.map((x) => x / length);
  });
};

const bitsOf = (length: number, isIn: (row: number) => boolean): Uint32Array => {
  const bits = new Uint32Array(Math.ceil(length / 32));
  for (let row = 0; row < length; row++) {
    if (isIn(row)) bits[row >>> 5] = (bits[row >>> 5] as number) | (1 << (row & 31));
  }
  return bits;
};

const recallOf = (kernel: VectorKernel, queries: readonly Float32Array[], ef: number, bits?: Uint32Array): number => {
  const filter = bits === undefined ? {} : { bits };
  let hits = 0;
  let all = 0;
  for (const query of queries) {
    const exact = rowsOf(kernel.scan(query, { k: 10, ...filter }));
    const found = new Set(rowsOf(kernel.search(query, { k: 10, ef, ...filter })));
    all += exact.length;
    hits += exact.filter((row) => found.has(row)).length;
  }
  return hits / all;
};

describe('a graph', () => {
  const count = 2_500;
  const dimensions = 40;
  const all = clustered(count + 60, dimensions);
  const vectors = all.slice(0, count);
  const queries = all.slice(count);
  const kinds: readonly Omit<KernelOptions, 'dimensions'>[] = [
    { metric: 'dot' },
    { metric: 'euclidean' },
    { metric: 'dot', precision: 'int8' },
    { metric: 'euclidean', precision: 'int8' },
  ];
  for (const kind of kinds) {
    it(`finds nearly all nearest rows: ${kind.metric}, ${kind.precision ?? 'float32'}`, () => {
      using kernel = linkAll(fill(createKernel({ dimensions, ...kind }), vectors));
      expect(kernel.linkedCount).toBe(count);
      expect(recallOf(kernel, queries, 50)).toBeGreaterThan(0.98);
    });
  }

  it('finds the same rows in one sorted list as in the two heaps that it needs once a row is dead', () => {
    const efs = [1, 2, 3, 10, 64, 128];
    for (const kind of kinds) {
      using kernel = linkAll(fill(createKernel({ dimensions, ...kind }), vectors));
      const answers = (): [number, number][][] =>
        efs.flatMap((ef) =>
          queries.map((query) => {
            const { count, rows, distances } = kernel.search(query, { k: ef, ef });
            return Array.from({ length: count }, (_, i): [number, number] => [
              rows[i] as number,
              distances[i] as number,
            ]);
          }),
        );
      const before = answers();
      const found = new Set(before.flatMap((answer) => answer.map(([row]) => row)));
      const far = vectors.findIndex((_, row) => !found.has(row));
      expect(kernel.remove(far)).toBe(false);
      expect(kernel.deadCount).toBe(1);
      expect(answers()).toEqual(before);
      expect(before.map((answer) => answer.length)).toEqual(efs.flatMap((ef) => queries.map(() => ef)));
    }
  });

  it('walks through rows that a filter leaves out, and gives only those that it lets through', () => {
    using kernel = linkAll(fill(createKernel({ dimensions, metric: 'dot' }), vectors));
    for (const share of [0.9, 0.5, 0.1, 0.01]) {
      const chosen = vectors.map(() => random() < share);
      const bits = bitsOf(count, (row) => chosen[row] === true);
      expect(recallOf(kernel, queries, 50, bits)).toBeGreaterThan(0.95);
      for (const row of rowsOf(kernel.search(queries[0] as Float32Array, { k: 50, bits })))
        expect(chosen[row]).toBe(true);
    }
    expect(kernel.search(queries[0] as Float32Array, { k: 5, bits: new Uint32Array(1) }).count).toBe(0);
    // Rows beyond the end of a bit set do not match.
    for (const row of rowsOf(kernel.search(queries[0] as Float32Array, { k: 9, bits: Uint32Array.of(0xffffffff) }))) {
      expect(row).toBeLessThan(32);
    }
  });

  it('finds what passes a filter and lies far from the query, by comparing or by a wider walk', () => {
    const wide = 16;
    const centers = Array.from({ length: 40 }, () => randomVector(wide));
    const near = (center: number): Float32Array => (centers[center] as Float32Array).map((x) => x + 0.4 * gauss());
    const many = Array.from({ length: 12_000 }, (_, row) => near(row % 40));
    using kernel = linkAll(fill(createKernel({ dimensions: wide, metric: 'euclidean', efConstruction: 40 }), many));
    const fromLast = Array.from({ length: 40 }, (_, i) => near(39 - (i % 4)));
    // A tenth of the rows is compared one by one; half of them are too many for `ef` 10.
    for (const [clusters, ef] of [
      [4, 30],
      [20, 10],
    ] as const) {
      const bits = bitsOf(many.length, (row) => row % 40 < clusters);
      expect(recallOf(kernel, fromLast, ef, bits)).toBeGreaterThan(0.9);
    }
  });

  it('does not end in the wrong cluster, where hardly a link leads from one to another', () => {
    const clusters = 60;
    const centers = Array.from({ length: clusters }, () => randomVector(24));
    const near = (at: number): Float32Array => (centers[at % clusters] as Float32Array).map((x) => x + 0.5 * gauss());
    const many = Array.from({ length: 12_000 }, (_, row) => near(row));
    using kernel = linkAll(fill(createKernel({ dimensions: 24, metric: 'euclidean', m: 8, efConstruction: 40 }), many));
    let lost = 0;
    for (let at = 0; at < 1_000; at++) {
      const [row = -1] = rowsOf(kernel.search(near(at), { k: 1, ef: 10 }));
      if (row % clusters !== at % clusters) lost++;
    }
    // More than 40, where one row alone is followed on the upper levels.
    expect(lost).toBeLessThan(25);
  });

  it('never gives a removed row again, and still finds the others', () => {
    using kernel = linkAll(fill(createKernel({ dimensions, metric: 'dot' }), vectors));
    for (let row = 0; row < count; row += 3) expect(kernel.remove(row)).toBe(false);
    expect(kernel.deadCount).toBe(Math.ceil(count / 3));
    expect(recallOf(kernel, queries, 50)).toBeGreaterThan(0.97);
    for (const query of queries) {
      expect(rowsOf(kernel.search(query, { k: 30 })).some((row) => row % 3 === 0)).toBe(false);
      expect(rowsOf(kernel.scan(query, { k: 30 })).some((row) => row % 3 === 0)).toBe(false);
    }
  });

  it('of the same rows in the same order is the same', () => {
    const bytes = [0, 1].map(() => {
      using kernel = linkAll(fill(createKernel({ dimensions, metric: 'dot' }), vectors.slice(0, 400)));
      return Buffer.concat([...kernel.exportGraph()]);
    });
    expect(bytes[0]?.equals(bytes[1] as Buffer)).toBe(true);
  });

  it('holds a thousand equal vectors', () => {
    const same = randomVector(8);
    using kernel = linkAll(fill(createKernel({ dimensions: 8, metric: 'euclidean' }), Array(1_000).fill(same)));
    expect(kernel.search(same, { k: 10 }).count).toBe(10);
  });
});

describe('scan', () => {
  it('compares with the rows of a list or of a bit set, live ones only', () => {
    using kernel = createKernel({ dimensions: 1, metric: 'euclidean' });
    for (let row = 0; row < 3_000; row++) kernel.set(row, Float32Array.of(row));
    kernel.remove(1_000);
    const query = Float32Array.of(1_000);
    expect(rowsOf(kernel.scan(query, { k: 2 })).sort()).toEqual([1_001, 999]);
    expect(rowsOf(kernel.scan(query, { k: 9, rows: Uint32Array.of(5, 1_000, 2_999, 7, 4_000_000) }))).toEqual([
      7, 5, 2_999,
    ]);
    expect(rowsOf(kernel.scan(query, { k: 9, bits: bitsOf(1_002, (row) => row >= 999) })).sort()).toEqual([1_001, 999]);
    expect(kernel.scan(query, { k: 0 }).count).toBe(0);
  });

  it('gives every row when more are wanted than there are', () => {
    using kernel = fill(createKernel({ dimensions: 2, metric: 'dot' }), [randomVector(2), randomVector(2)]);
    expect(kernel.scan(randomVector(2), { k: 5_000 }).count).toBe(2);
    expect(kernel.search(randomVector(2), { k: 5_000 }).count).toBe(0);
    expect(linkAll(kernel).search(randomVector(2), { k: 5_000 }).count).toBe(2);
  });
});

describe('rows', () => {
  it('grow over many blocks, and what is there stays', () => {
    using kernel = createKernel({ dimensions: 2, metric: 'euclidean', m: 2, efConstruction: 8 });
    const count = 70_000;
    for (let row = 0; row < count; row++) kernel.set(row, Float32Array.of(row, 1));
    for (const row of [0, 1_023, 1_024, 4_095, 4_096, 65_535, 65_536, count - 1]) {
      expect([...kernel.get(row)]).toEqual([row, 1]);
      kernel.link(row);
      expect(rowsOf(kernel.search(Float32Array.of(row, 1), { k: 1 }))).toEqual([row]);
    }
  });

  it('are free again at once when they were in no graph', () => {
    using kernel = createKernel({ dimensions: 1, metric: 'dot' });
    kernel.set(0, Float32Array.of(1));
    expect(codeFrom(() => kernel.set(0, Float32Array.of(2)))).toBe('bad-input');
    expect(kernel.remove(0)).toBe(true);
    kernel.set(0, Float32Array.of(3));
    expect(kernel.get(0)[0]).toBe(3);
    kernel.link(0);
    expect(kernel.remove(0)).toBe(false);
    expect(codeFrom(() => kernel.set(0, Float32Array.of(4)))).toBe('bad-input');
  });

  it('and vectors that cannot be are refused', () => {
    using kernel = createKernel({ dimensions: 2, metric: 'dot' });
    for (const row of [-1, 1.5, Number.NaN])
      expect(codeFrom(() => kernel.set(row, new Float32Array(2)))).toBe('bad-input');
    expect(codeFrom(() => kernel.set(0, new Float32Array(3)))).toBe('bad-input');
    expect(kernel.length).toBe(0);
    for (const work of [
      () => kernel.get(0),
      () => kernel.link(0),
      () => kernel.remove(0),
      () => kernel.distance(0, 0),
    ]) {
      expect(codeFrom(work)).toBe('bad-input');
    }
    expect(codeFrom(() => kernel.search(new Float32Array(1), { k: 1 }))).toBe('bad-input');
    expect(codeFrom(() => kernel.scan(new Float32Array(2), { k: -1 }))).toBe('bad-input');
    expect(codeFrom(() => createKernel({ dimensions: 0, metric: 'dot' }))).toBe('bad-option');
    expect(codeFrom(() => createKernel({ dimensions: 2, metric: 'dot', m: 1 }))).toBe('bad-option');
  });
});

describe('memory', () => {
  it('at its end is a typed error that says what fits, and what was there still answers', () => {
    using kernel = createKernel({ dimensions: 64, metric: 'dot', maxBytes: 4 * 1_048_576 });
    let row = 0;
    const code = codeFrom(() => {
      for (; row < 100_000; row++) kernel.set(row, randomVector(64));
    });
    expect(code).toBe('memory-full');
    expect(kernel.length).toBe(row);
    expect(() => kernel.set(row, randomVector(64))).toThrow(
      /4 MiB, in which about [\d,]+ vectors of 64 dimensions fit/,
    );
    expect(kernel.scan(randomVector(64), { k: 3 }).count).toBe(3);
  });

  it('holds a hundred collections at once', () => {
    const kernels = Array.from({ length: 100 }, () => createKernel({ dimensions: 4, metric: 'dot' }));
    for (const [i, kernel] of kernels.entries()) kernel.set(0, Float32Array.of(i, 0, 0, 0));
    expect(kernels.map((kernel) => kernel.get(0)[0])).toEqual(kernels.map((_, i) => i));
    for (const kernel of kernels) kernel.dispose();
  });

  it('of bit sets is used again for other ones', () => {
    using kernel = fill(createKernel({ dimensions: 1, metric: 'dot' }), [Float32Array.of(1)]);
    linkAll(kernel);
    for (let i = 0; i < 40; i++) kernel.search(Float32Array.of(1), { k: 1, bits: new Uint32Array(1_000 + i).fill(1) });
    const before = kernel.bytes;
    for (let i = 0; i < 2_000; i++)
      kernel.search(Float32Array.of(1), { k: 1, bits: new Uint32Array(1_000 + (i % 24)) });
    expect(kernel.bytes).toBe(before);
  });
});

it('is available here', () => {
  expect(isKernelAvailable()).toBe(true);
});
