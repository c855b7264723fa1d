import { afterEach, describe, expect, it, vi } from 'vitest';
import { seededRandom, yieldToEventLoop } from '../../core/index.js';
import { createBuilder, createKernel, createSearchPool, type KernelOptions, type VectorKernel } from './index.js';

const dimensions = 20;
const random = seededRandom(11);
const centers = Array.from({ length: 40 }, () => Float32Array.from({ length: dimensions }, () => random() - 0.5));
const randomVector = (): Float32Array =>
  (centers[Math.floor(random() * centers.length)] as Float32Array).map((x) => x + 0.3 * (random() - 0.5));
const queries = Array.from({ length: 30 }, randomVector);

const filled = async (count: number, options: Partial<KernelOptions> = {}): Promise<VectorKernel> => {
  const kernel = createKernel({ dimensions, metric: 'euclidean', m: 6, efConstruction: 24, ...options });
  for (let row = 0; row < count; row++) kernel.set(row, randomVector());
  await using builder = createBuilder(kernel, { threads: 0 });
  await builder.link(Uint32Array.from({ length: count }, (_, row) => row));
  return kernel;
};

/** The graph as it is told to others: for each row its lists. */
const graphOf = (kernel: VectorKernel): ReadonlyMap<number, readonly (readonly number[])[]> => {
  const words = [...kernel.exportGraph()].flatMap((piece) => [...new Uint32Array(piece.slice().buffer)]);
  const graph = new Map<number, number[][]>();
  let at = 3;
  while (at < words.length - 3) {
    const [row, top] = [words[at] as number, words[at + 1] as number];
    at += 2;
    const lists: number[][] = [];
    for (let level = 0; level <= top; level++) {
      const count = words[at] as number;
      lists.push(words.slice(at + 1, at + 1 + count));
      at += 1 + count;
    }
    graph.set(row, lists);
  }
  return graph;
};

const answersOf = (kernel: VectorKernel): readonly unknown[] =>
  queries.map((query) => {
    const { count, rows, distances } = kernel.search(query, { k: 10, ef: 40 });
    return { rows: [...rows.subarray(0, count)], distances: [...distances.subarray(0, count)] };
  });

/** The part of all links that lead to a row at most 50 places away. */
const nearnessOf = (kernel: VectorKernel): number => {
  const place = new Map([...kernel.rowsInOrder()].map((row, i) => [row, i]));
  const distances = [...graphOf(kernel)].flatMap(([row, [list = []]]) =>
    list.map((neighbour) => Math.abs((place.get(row) ?? Number.NaN) - (place.get(neighbour) ?? Number.NaN))),
  );
  return distances.filter((distance) => distance <= 50).length / distances.length;
};

/** Lets time run so fast that every slice of work has one step. */
const hurry = (): void => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 20));
};
afterEach(() => void vi.restoreAllMocks());

describe('arranging', () => {
  for (const [name, options] of [
    ['float32', {}],
    ['dot products', { metric: 'dot' }],
    ['int8', { precision: 'int8' }],
    ['int8 without originals', { precision: 'int8', keepsOriginals: false }],
  ] as const) {
    it(`brings neighbours together and changes nothing that can be asked for (${name})`, async () => {
      using kernel = await filled(3_000, options);
      await using builder = createBuilder(kernel, { threads: 0 });
      const before = { graph: graphOf(kernel), answers: answersOf(kernel), vectors: [0, 1_500, 2_999].map(kernel.get) };
      const nearness = nearnessOf(kernel);
      await builder.arrange();
      expect({
        graph: new Map([...graphOf(kernel)].sort(([a], [b]) => a - b)),
        answers: answersOf(kernel),
        vectors: [0, 1_500, 2_999].map(kernel.get),
      }).toEqual(before);
      expect([...kernel.rowsInOrder()].sort((a, b) => a - b)).toEqual(Array.from({ length: 3_000 }, (_, row) => row));
      expect(nearnessOf(kernel)).toBeGreaterThan(2.5 * nearness);
    });
  }

  it('lies so again where rows are set in its order', async () => {
    using kernel = await filled(1_000);
    await using builder = createBuilder(kernel, { threads: 0 });
    await builder.arrange();
    const order = [...kernel.rowsInOrder()];
    using again = createKernel(kernel.options);
    for (const row of order) again.set(row, kernel.get(row));
    await again.importGraph([...kernel.exportGraph()]);
    expect([...again.rowsInOrder()]).toEqual(order);
    expect(answersOf(again)).toEqual(answersOf(kernel));
  });

  it('lets rows come, go and be found while it is under way, on threads too', async () => {
    const count = 500;
    using kernel = await filled(count);
    await using builder = createBuilder(kernel, { threads: 1 });
    await using pool = createSearchPool(kernel, { threads: 1 });
    const wanted = answersOf(kernel);
    hurry();
    let isDone = false;
    const done = builder.arrange().finally(() => {
      isDone = true;
    });
    let turns = 0;
    while (!isDone) {
      await yieldToEventLoop();
      turns++;
      // Those with even numbers go again, unlinked: what is linked answers as before.
      kernel.set(count + turns, randomVector());
      if (turns % 2 === 0) expect(kernel.remove(count + turns)).toBe(true);
      expect(answersOf(kernel)).toEqual(wanted);
      const found = await pool.search(queries.slice(0, 4), { k: 10, ef: 40 });
      expect(found.map(({ rows, distances }) => ({ rows: [...rows], distances: [...distances] }))).toEqual(
        wanted.slice(0, 4),
      );
    }
    await done;
    expect(turns).toBeGreaterThan(100);
    const late = Uint32Array.from({ length: Math.ceil(turns / 2) }, (_, i) => count + 1 + 2 * i);
    await builder.link(late);
    for (const row of late) {
      const found = kernel.search(kernel.get(row), { k: 1, ef: 100 });
      expect(found.rows[0]).toBe(row);
    }
  });

  it('that is aborted leaves all in order, and goes on from there the next time', async () => {
    using kernel = await filled(1_000);
    await using builder = createBuilder(kernel, { threads: 0 });
    const wanted = answersOf(kernel);
    const graph = graphOf(kernel);
    const nearness = nearnessOf(kernel);
    const sorted = (): unknown => new Map([...graphOf(kernel)].sort(([a], [b]) => a - b));
    let aborted = 0;
    hurry();
    for (const turns of [0, 3, 500, 1_200, 1_300, 1_600, 1_801, 1_900, 2_000]) {
      const stopping = new AbortController();
      const arranged = builder.arrange(stopping.signal).then(
        () => 'done',
        () => 'aborted',
      );
      for (let i = 0; i < turns; i++) await yieldToEventLoop();
      stopping.abort();
      if ((await arranged) === 'aborted') aborted++;
      expect(answersOf(kernel)).toEqual(wanted);
    }
    expect(sorted()).toEqual(graph);
    expect(aborted).toBeGreaterThan(4);
    vi.restoreAllMocks();
    await builder.arrange();
    expect(sorted()).toEqual(graph);
    expect(nearnessOf(kernel)).toBeGreaterThan(2.5 * nearness);
  });

  it('goes together with removing, consolidating and filling up again', async () => {
    using kernel = await filled(2_000);
    await using builder = createBuilder(kernel, { threads: 0 });
    const live = new Set(Array.from({ length: 2_000 }, (_, row) => row));
    for (let round = 0; round < 6; round++) {
      for (const row of [...live].filter(() => random() < 0.3)) {
        live.delete(row);
        kernel.remove(row);
      }
      if (round % 2 === 0) await builder.arrange();
      const freed = await builder.consolidate();
      for (const row of freed) {
        kernel.set(row, randomVector());
        live.add(row);
      }
      await builder.link(freed);
      await builder.arrange();
      expect(kernel.linkedCount).toBe(2_000);
      let hits = 0;
      for (const query of queries) {
        const exact = kernel.scan(query, { k: 10 });
        const wanted = new Set(exact.rows.subarray(0, exact.count));
        const found = kernel.search(query, { k: 10, ef: 80 });
        for (const row of found.rows.subarray(0, found.count)) if (wanted.has(row)) hits++;
      }
      expect(hits / (10 * queries.length)).toBeGreaterThan(0.9);
    }
    expect([...kernel.rowsInOrder()].sort((a, b) => a - b)).toEqual(Array.from({ length: 2_000 }, (_, row) => row));
  });

  it('of rows that are not in the graph, or of none, does no harm', async () => {
    using kernel = createKernel({ dimensions, metric: 'euclidean' });
    await using builder = createBuilder(kernel, { threads: 0 });
    await builder.arrange();
    for (const row of [5, 2, 1_700]) kernel.set(row, randomVector());
    await builder.arrange();
    await builder.link(Uint32Array.of(2));
    await builder.arrange();
    expect([...kernel.rowsInOrder()].sort((a, b) => a - b)).toEqual([2, 5, 1_700]);
    expect(kernel.scan(kernel.get(1_700), { k: 1 }).rows[0]).toBe(1_700);
    expect(kernel.search(kernel.get(2), { k: 1 }).rows[0]).toBe(2);
  });
});
