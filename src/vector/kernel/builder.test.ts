import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { seededRandom, yieldToEventLoop } from '../../core/index.js';
import { createBuilder, createKernel, createSearchPool, type KernelOptions, type VectorKernel } from './index.js';

const dimensions = 24;
const random = seededRandom(5);
const gauss = (): number => Math.sqrt(-2 * Math.log(random() || 1e-9)) * Math.cos(2 * Math.PI * random());
const centers = Array.from({ length: 20 }, () => Float32Array.from({ length: dimensions }, gauss));
const randomVector = (): Float32Array =>
  (centers[Math.floor(random() * centers.length)] as Float32Array).map((x) => x + 0.6 * gauss());
const queries = Array.from({ length: 40 }, randomVector);

const filled = (count: number, options: Partial<KernelOptions> = {}): VectorKernel => {
  const kernel = createKernel({ dimensions, metric: 'euclidean', ...options });
  for (let row = 0; row < count; row++) kernel.set(row, randomVector());
  return kernel;
};
const allRows = (kernel: VectorKernel): Uint32Array => Uint32Array.from({ length: kernel.length }, (_, row) => row);

/** The part of the exact answers that the graph finds; checks on the way that no removed row is among them. */
const recallOf = (kernel: VectorKernel, ef = 50): number => {
  let hits = 0;
  let all = 0;
  for (const query of queries) {
    const exact = kernel.scan(query, { k: 10 });
    const wanted = new Set(exact.rows.subarray(0, exact.count));
    all += exact.count;
    const found = kernel.search(query, { k: 10, ef });
    for (const row of found.rows.subarray(0, found.count)) {
      expect(kernel.isLive(row)).toBe(true);
      if (wanted.has(row)) hits++;
    }
  }
  return hits / all;
};

describe('building', () => {
  for (const threads of [0, 1, 2]) {
    it(`with ${threads} threads links every row, while searches go on and see only rows that exist`, async () => {
      const count = 2_000;
      using kernel = filled(count);
      await using builder = createBuilder(kernel, { threads });
      const done = builder.link(allRows(kernel)).then(() => true);
      let searches = 0;
      for (let isDone = false; !isDone; searches++) {
        const {
          rows,
          distances,
          count: found,
        } = kernel.search(queries[searches % 40] as Float32Array, { k: 10, ef: 20 });
        for (let i = 0; i < found; i++) {
          expect(rows[i]).toBeLessThan(count);
          expect(distances[i]).toBeGreaterThan(0);
        }
        isDone = await Promise.race([done, yieldToEventLoop().then(() => false)]);
      }
      expect(searches).toBeGreaterThan(2);
      expect(kernel.linkedCount).toBe(count);
      expect(recallOf(kernel)).toBeGreaterThan(0.97);
    });
  }

  it('goes on while the collection grows', async () => {
    using kernel = filled(1_000);
    await using builder = createBuilder(kernel);
    const jobs = [builder.link(allRows(kernel))];
    for (let part = 1; part < 5; part++) {
      const rows = Uint32Array.from({ length: 1_200 }, () => kernel.length + part).map((_, i) => kernel.length + i);
      for (const row of rows) kernel.set(row, randomVector());
      jobs.push(builder.link(rows));
      await yieldToEventLoop();
      kernel.search(queries[0] as Float32Array, { k: 5 });
    }
    await Promise.all(jobs);
    expect(kernel.linkedCount).toBe(5_800);
    expect(recallOf(kernel)).toBeGreaterThan(0.95);
  });

  it('stops when it is aborted, and can be taken up again', async () => {
    using kernel = filled(3_000);
    for (const threads of [0, 1]) {
      await using builder = createBuilder(kernel, { threads });
      const controller = new AbortController();
      const rows = allRows(kernel).filter((row) => !kernel.isLinked(row));
      const building = builder.link(rows, controller.signal);
      while (kernel.linkedCount < 100) await yieldToEventLoop();
      controller.abort(new Error('enough'));
      await expect(building).rejects.toThrow('enough');
      const linked = kernel.linkedCount;
      expect(linked).toBeLessThan(3_000);
      await yieldToEventLoop();
      expect(kernel.linkedCount).toBe(linked);
      await expect(builder.link(rows, controller.signal)).rejects.toThrow('enough');
    }
    await using builder = createBuilder(kernel);
    await builder.link(allRows(kernel));
    expect(kernel.linkedCount).toBe(3_000);
    expect(recallOf(kernel)).toBeGreaterThan(0.97);
  });

  it('passes over rows that are removed before their turn; consolidating frees them', async () => {
    using kernel = filled(500);
    await using builder = createBuilder(kernel, { threads: 0 });
    const building = builder.link(allRows(kernel));
    expect(kernel.remove(499)).toBe(false);
    await building;
    expect(kernel.isLinked(499)).toBe(true);
    expect([...(await builder.consolidate())]).toEqual([499]);
    kernel.set(499, randomVector());
  });

  it('after its end is refused, and what was under way rejects', async () => {
    using kernel = filled(3_000);
    const builder = createBuilder(kernel, { threads: 1 });
    const building = builder.link(allRows(kernel));
    const waiting = builder.consolidate();
    while (kernel.linkedCount === 0) await yieldToEventLoop();
    const ended = builder.dispose();
    await expect(building).rejects.toMatchObject({ code: 'store-closed' });
    await expect(waiting).rejects.toMatchObject({ code: 'store-closed' });
    await ended;
    await expect(builder.link(Uint32Array.of(0))).rejects.toMatchObject({ code: 'store-closed' });
    await expect(createBuilder(kernel, { threads: 0 }).link(Uint32Array.of(9_999))).rejects.toMatchObject({
      code: 'bad-input',
    });
  });
});

describe('consolidating', () => {
  it('Q23 keeps recall over many rounds of removing and adding, and uses every freed row again', async () => {
    const count = 1_200;
    using kernel = filled(count);
    await using builder = createBuilder(kernel, { threads: 1 });
    await builder.link(allRows(kernel));
    for (const share of [0.1, 0.5, 0.9, 0.3]) {
      const removed: number[] = [];
      for (let row = 0; row < count; row++) {
        if (random() < share) {
          expect(kernel.remove(row)).toBe(false);
          removed.push(row);
        }
      }
      expect(recallOf(kernel)).toBeGreaterThan(0.95);
      expect([...(await builder.consolidate())]).toEqual(removed);
      expect(kernel.deadCount).toBe(0);
      expect(kernel.linkedCount).toBe(count - removed.length);
      expect(recallOf(kernel)).toBeGreaterThan(0.97);
      for (const row of removed) kernel.set(row, randomVector());
      await builder.link(Uint32Array.from(removed));
      expect(kernel.linkedCount).toBe(count);
      expect(recallOf(kernel)).toBeGreaterThan(0.97);
    }
    expect(kernel.length).toBe(count);
  });

  it('of everything leaves an empty graph that can be filled again', async () => {
    using kernel = filled(300);
    await using builder = createBuilder(kernel, { threads: 0 });
    await builder.link(allRows(kernel));
    for (let row = 0; row < 300; row++) kernel.remove(row);
    expect(kernel.search(queries[0] as Float32Array, { k: 10 }).count).toBe(0);
    expect((await builder.consolidate()).length).toBe(300);
    expect(kernel.linkedCount).toBe(0);
    for (let row = 0; row < 300; row++) kernel.set(row, randomVector());
    await builder.link(allRows(kernel));
    expect(recallOf(kernel)).toBe(1);
  });

  it('can be aborted: the rows stay removed, and the next time frees them', async () => {
    using kernel = filled(1_500);
    await using builder = createBuilder(kernel, { threads: 0 });
    await builder.link(allRows(kernel));
    for (let row = 0; row < 1_500; row += 2) kernel.remove(row);
    const controller = new AbortController();
    const work = builder.consolidate(controller.signal);
    await yieldToEventLoop();
    controller.abort(new Error('not now'));
    await expect(work).rejects.toThrow('not now');
    expect(kernel.deadCount).toBe(750);
    expect(recallOf(kernel)).toBeGreaterThan(0.95);
    expect((await builder.consolidate()).length).toBe(750);
    expect(recallOf(kernel)).toBeGreaterThan(0.97);
  });
});

describe('a search pool', () => {
  it('answers as the kernel does, in the order of the queries, with a filter too', async () => {
    using kernel = filled(1_500, { precision: 'int8' });
    await using builder = createBuilder(kernel);
    await builder.link(allRows(kernel));
    for (const threads of [0, 2]) {
      await using pool = createSearchPool(kernel, { threads });
      for (const options of [{ k: 7 }, { k: 3, ef: 90, bits: new Uint32Array(40).fill(0x55555555) }]) {
        const many = Array.from({ length: 30 }, () => queries).flat();
        const answers = await pool.search(many, options);
        expect(answers.length).toBe(many.length);
        for (const [i, query] of queries.entries()) {
          const { rows, distances, count } = kernel.search(query, options);
          expect([...(answers[i + 40]?.rows ?? [])]).toEqual([...rows.subarray(0, count)]);
          expect([...(answers[i]?.distances ?? [])]).toEqual([...distances.subarray(0, count)]);
        }
      }
      expect(await pool.search([], { k: 1 })).toEqual([]);
      await expect(pool.search([new Float32Array(1)], { k: 1 })).rejects.toMatchObject({ code: 'bad-input' });
    }
  });

  it('reads while the graph is built and changed', async () => {
    using kernel = filled(3_000);
    await using builder = createBuilder(kernel);
    await using pool = createSearchPool(kernel, { threads: 1 });
    let isDone = false;
    const building = builder
      .link(allRows(kernel))
      .then(() => {
        for (let row = 0; row < 3_000; row += 4) kernel.remove(row);
        return builder.consolidate();
      })
      .then(() => {
        isDone = true;
      });
    while (!isDone) {
      for (const { rows } of await pool.search(queries, { k: 5 }))
        for (const row of rows) expect(row).toBeLessThan(3_000);
    }
    await building;
    const answers = await pool.search(queries, { k: 5 });
    for (const { rows } of answers) for (const row of rows) expect(row % 4).not.toBe(0);
  });
});

it('threads do not keep a process alive, and end with it', async () => {
  const program = `
    const { createKernel, createBuilder, createSearchPool } = await import('${import.meta.dirname}/index.ts');
    const kernel = createKernel({ dimensions: 2, metric: 'dot' });
    kernel.set(0, Float32Array.of(1, 2));
    await createBuilder(kernel, { threads: 1 }).link(Uint32Array.of(0));
    await createSearchPool(kernel, { threads: 1 }).search([Float32Array.of(1, 1)], { k: 1 });
    console.log('linked', kernel.linkedCount);
  `;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
  expect(stdout.trim()).toBe('linked 1');
});
