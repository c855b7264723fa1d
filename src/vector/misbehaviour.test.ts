import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Random, seededRandom, type VectorEntry } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { hnsw } from './index.js';

// One test for each way in which hnswlib-node is known to die, lie or slow down.

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pipewright-misbehaviour-'));
});
afterAll(() => rm(root, { recursive: true }));

const dimensions = 16;
const graph = { minCount: 20, efSearch: 20 };
const options = { dimensions, graph: { ...graph, buildThreads: 0 } } as const;
const vectorOf = (random: Random, length: number = dimensions): number[] =>
  Array.from({ length }, () => random() - 0.5);
const entriesOf = (first: number, last: number): VectorEntry[] =>
  Array.from({ length: last - first }, (_, i) => ({
    id: `e${first + i}`,
    text: '',
    metadata: { n: first + i },
    vector: vectorOf(seededRandom(first + i)),
  }));

/** What the bare library does with this code, in a process of its own. */
const bare = (code: string): { readonly signal: string | null; readonly output: string } => {
  const program = `const { HierarchicalNSW } = require('hnswlib-node');
    const index = new HierarchicalNSW('ip', 4); index.initIndex(10); for (let i = 0; i < 5; i++) index.addPoint([i, 1, 2, 3], i);
    ${code}`;
  const { signal, stdout, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
  return { signal, output: stdout + stderr };
};

describe('what hnswlib-node does to a program', () => {
  it('a filter that throws ends it; here a bad filter is an error and a good one never runs inside the library', async () => {
    expect(bare(`index.searchKnn([1, 1, 1, 1], 2, () => { throw new Error('boom'); })`).signal).toBe('SIGABRT');
    await using store = await hnsw(options);
    await store.add(entriesOf(0, 500));
    await store.settle();
    await expect(store.search(vectorOf(seededRandom(1)), { filter: { n: { $in: 3 as never } } })).rejects.toMatchObject(
      {
        code: 'bad-option',
      },
    );
    const trap = {
      get n(): number {
        throw new Error('boom');
      },
    };
    await expect(store.search(vectorOf(seededRandom(1)), { filter: trap })).rejects.toThrow('boom');
    expect(await store.search(vectorOf(seededRandom(1)), { filter: { n: { $gte: 100 } } })).toHaveLength(10);
  });

  it('holes and texts in a vector end it; here they are errors that name the entry', async () => {
    expect(bare(`index.addPoint([1, 'x', 2, 3], 7)`).signal).toBe('SIGABRT');
    await using store = await hnsw(options);
    const holes = new Array<number>(dimensions);
    await expect(store.add([{ id: 'holes', text: '', vector: holes }])).rejects.toThrow(
      /`holes` holds undefined at position 0/,
    );
    const text = vectorOf(seededRandom(1)).with(3, 'x' as never);
    await expect(store.add([{ id: 'text', text: '', vector: text }])).rejects.toThrow(
      /`text` holds the text "x" at position 3/,
    );
    await expect(store.search(text)).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('a missing file, and searches while it reads, end it; here a graph answers only when it is read whole', async () => {
    const path = join(root, 'reading');
    const first = await hnsw({ ...options, path });
    await first.add(entriesOf(0, 2_000));
    await first.settle();
    await first.close();
    await using store = await hnsw({ ...options, path });
    const hits = await Promise.all(
      Array.from({ length: 50 }, (_, i) => store.search(vectorOf(seededRandom(i)), { k: 1 })),
    );
    expect(hits.map(([hit]) => hit?.id)).toEqual(Array.from({ length: 50 }, (_, i) => `e${i}`));
  });

  it('a file that cannot be written is reported as written; here it is a warning, and the data is safe', async () => {
    expect(bare(`index.writeIndex('/nonexistent/x').then((told) => console.log('told', told))`).output).toContain(
      'told true',
    );
    const path = join(root, 'gone');
    const data = memoryStore();
    const store = await hnsw({ ...options, store: data, path: join('/dev/null', 'no-folder') });
    const warnings: string[] = [];
    const listen = (warning: Error): void => {
      warnings.push(warning.message);
    };
    process.on('warning', listen);
    await store.add(entriesOf(0, 500));
    await store.settle();
    await store.close();
    await new Promise(setImmediate);
    process.off('warning', listen);
    expect(warnings.join()).toMatch(/could not save/);
    await using again = await hnsw({ ...options, store: data, path });
    expect(await again.stats()).toMatchObject({ count: 500 });
  });

  it('adding while it writes spoils the file; here adding waits, and what is deleted meanwhile stays deleted', async () => {
    const path = join(root, 'writing');
    {
      await using store = await hnsw({ ...options, path });
      await store.add(entriesOf(0, 3_000));
      const settled = store.settle();
      for (let i = 0; i < 30; i++) {
        await store.add(entriesOf(3_000 + i * 10, 3_010 + i * 10));
        await store.delete(entriesOf(i * 10, i * 10 + 10).map(({ id }) => id));
        await new Promise(setImmediate);
      }
      await settled;
      await store.settle();
    }
    await using store = await hnsw({ ...options, path });
    for (let i = 0; i < 3_300; i += 37) {
      const [hit] = await store.search(vectorOf(seededRandom(i)), { k: 1 });
      if (i < 300) expect(hit?.id).not.toBe(`e${i}`);
      else expect(hit?.id).toBe(`e${i}`);
    }
  });

  it('NaN is taken in; here it is refused', async () => {
    expect(bare(`index.addPoint([NaN, 1, 1, 1], 7); console.log('taken')`).output).toContain('taken');
    await using store = await hnsw(options);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 1e39]) {
      const vector = vectorOf(seededRandom(1)).with(0, bad);
      await expect(store.add([{ id: 'a', text: '', vector }])).rejects.toMatchObject({ code: 'bad-input' });
    }
  });

  it('labels wrap around; here ids are texts of any form', async () => {
    await using store = await hnsw(options);
    const ids = ['-1', '4294967301', '5', 'ä', ' ', '\0', '\u{1f600}'.repeat(2_000)];
    await store.add(ids.map((id, i) => ({ id, text: '', vector: vectorOf(seededRandom(i)) })));
    for (const [i, id] of ids.entries()) {
      expect((await store.search(vectorOf(seededRandom(i)), { k: 1 }))[0]?.id).toBe(id);
    }
  });

  it('`ef` falls back to 10 after reading; here a reopened collection recalls as before', async () => {
    const path = join(root, 'ef');
    const wide = { ...options, graph: { minCount: 20, efSearch: 120 } };
    const first = await hnsw({ ...wide, path });
    await first.add(entriesOf(0, 3_000));
    await first.settle();
    const queries = Array.from({ length: 50 }, (_, i) => vectorOf(seededRandom(50_000 + i)));
    const before = await Promise.all(queries.map((query) => first.search(query)));
    await first.close();
    await using again = await hnsw({ ...wide, path });
    expect(await Promise.all(queries.map((query) => again.search(query)))).toEqual(before);
  });

  it('capacity is fixed; here it grows', async () => {
    expect(
      bare(`index.addPoint([1, 1, 1, 1], 7); for (let i = 8; i < 20; i++) index.addPoint([1, 1, 1, 1], i);`).output,
    ).toContain('exceeds');
    await using store = await hnsw(options);
    for (let i = 0; i < 5; i++) await store.add(entriesOf(i * 1_000, i * 1_000 + 1_000));
    await store.settle();
    expect((await store.search(vectorOf(seededRandom(4_999)), { k: 1 }))[0]?.id).toBe('e4999');
  });

  it('Float32Arrays are refused; here they are what is used', async () => {
    expect(bare(`index.addPoint(new Float32Array(4), 7)`).output).toContain('must be an Array');
    await using store = await hnsw(options);
    await store.add([{ id: 'a', text: '', vector: Float32Array.from(vectorOf(seededRandom(1))) }]);
    expect(await store.search(Float32Array.from(vectorOf(seededRandom(1))))).toMatchObject([{ id: 'a' }]);
  });

  it('deleted entries stay and slow it down; here they are built out, and rows are used again', async () => {
    await using store = await hnsw(options);
    await store.add(entriesOf(0, 3_000));
    await store.settle();
    const { memoryBytes } = await store.stats();
    for (let round = 0; round < 4; round++) {
      await store.delete({ n: { $gte: 100 } });
      expect(await store.search(vectorOf(seededRandom(1)), { k: 3_000 })).toHaveLength(100);
      await store.add(entriesOf(100, 3_000));
      await store.settle();
    }
    const after = (await store.stats()).memoryBytes;
    // Rows are used again; the graph may hold as many dead as alive before it is built anew.
    expect(after).toBeLessThan(memoryBytes * 2);
    for (let i = 0; i < 3_000; i += 97) {
      expect((await store.search(vectorOf(seededRandom(i)), { k: 1 }))[0]?.id).toBe(`e${i}`);
    }
    await store.delete({});
    await store.settle();
    expect(await store.search(vectorOf(seededRandom(1)))).toEqual([]);
    await store.add(entriesOf(0, 30));
    expect(await store.search(vectorOf(seededRandom(1)), { k: 100 })).toHaveLength(30);
  });

  it('building holds the event loop; here it takes short turns, and searches miss nothing meanwhile', async () => {
    const path = join(root, 'turns');
    const random = seededRandom(1);
    const wide = 384;
    const entries = Array.from({ length: 3_000 }, (_, i) => ({
      id: `e${i}`,
      text: 'x'.repeat(500),
      vector: vectorOf(random, wide),
    }));
    await using store = await hnsw({ path, dimensions: wide, graph: { minCount: 500 } });
    await store.add(entries);
    // The last ones first: the graph does not hold them yet.
    for (let i = 2_999; i > 0; i -= 30) {
      const [hit] = await store.search(entries[i]?.vector ?? [], { k: 1 });
      expect(hit?.id).toBe(`e${i}`);
      await new Promise(setImmediate);
    }
    // Turns are counted, not timed: how long one takes is up to what else the machine does.
    let turns = 0;
    let isSettled = false;
    const settled = store.settle().then(() => {
      isSettled = true;
    });
    const start = process.cpuUsage();
    while (!isSettled) {
      turns++;
      await new Promise(setImmediate);
    }
    await settled;
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1_000 / turns).toBeLessThan(50);
    expect((await readdir(path)).filter((file) => file.endsWith('.vectors'))).toHaveLength(1);
  });
});

describe('the metrics', () => {
  const nearest = (
    metric: 'dot' | 'euclidean',
    query: readonly number[],
    vectors: readonly (readonly number[])[],
  ): number[] => {
    const dot = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
    const score = (v: readonly number[]): number =>
      metric === 'dot' ? dot(query, v) : 1 / (1 + Math.hypot(...query.map((x, i) => x - (v[i] ?? 0))));
    return vectors
      .map(score)
      .sort((a, b) => b - a)
      .slice(0, 10);
  };

  it('dot and euclidean find what comparing with all finds, with their scores', async () => {
    for (const metric of ['dot', 'euclidean'] as const) {
      const random = seededRandom(3);
      const vectors = Array.from({ length: 2_000 }, () => vectorOf(random).map((x) => x * (0.5 + random())));
      await using store = await hnsw({ dimensions, metric, graph: { minCount: 100 } });
      await store.add(vectors.map((vector, i) => ({ id: `e${i}`, text: '', vector })));
      await store.settle();
      let found = 0;
      for (let i = 0; i < 50; i++) {
        const query = vectorOf(random);
        const expected = nearest(metric, query, vectors);
        const scores = (await store.search(query)).map(({ score }) => score);
        found += expected.filter((score) => scores.some((other) => Math.abs(other - score) < 1e-5)).length;
      }
      expect(found / 500, metric).toBeGreaterThanOrEqual(0.95);
    }
  });
});
