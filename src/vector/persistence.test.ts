import { spawn, spawnSync } from 'node:child_process';
import { copyFile, cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  defineStepWith,
  type Embedder,
  type Random,
  seededRandom,
  type Store,
  type VectorEntry,
} from '../core/index.js';
import { diskStore, memoryStore, scoped } from '../store/index.js';
import { type HnswOptions, hnsw } from './index.js';

let root = '';
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pipewright-collection-'));
});
afterAll(() => rm(root, { recursive: true }));
const freshPath = (): string => join(root, `c${count++}`);

const dimensions = 16;
const graph = { minCount: 100, efSearch: 20 };
const vectorOf = (random: Random): number[] => Array.from({ length: dimensions }, () => random() - 0.5);
const entriesOf = (first: number, last: number, salt = 0): VectorEntry[] =>
  Array.from({ length: last - first }, (_, i) => ({
    id: `e${first + i}`,
    text: `text ${first + i}`,
    metadata: { even: (first + i) % 2 === 0 },
    vector: vectorOf(seededRandom(salt * 100_000 + first + i)),
  }));
const queries = Array.from({ length: 30 }, (_, i) => vectorOf(seededRandom(900_000 + i)));

/** The ids and scores that a collection answers to the queries. */
const answersOf = async (options: HnswOptions): Promise<unknown> => {
  await using store = await hnsw(options);
  await store.settle();
  // Awaited here: the collection closes when this function is left.
  return await Promise.all(queries.map((query) => store.search(query)));
};

const filled = async (path: string, n = 1_000): Promise<void> => {
  const store = await hnsw({ path, dimensions, graph });
  await store.add(entriesOf(0, n));
  await store.settle();
  await store.close();
};

const graphFileOf = async (path: string): Promise<string> => {
  const name = (await readdir(path)).find((file) => file.endsWith('.hnsw'));
  return join(path, name ?? 'none');
};

const embedderOf = (id: string, length: number): Embedder =>
  defineStepWith({ kind: 'embedder' }, { id, dimensions: length }, async (texts: readonly string[]) =>
    texts.map(() => Float32Array.from({ length }, (_, i) => i + 1)),
  );

describe('a collection that is opened again', () => {
  it('Q23 answers as it did before: save, close and open change nothing', async () => {
    const path = freshPath();
    const store = await hnsw({ path, dimensions, graph });
    await store.add(entriesOf(0, 1_200));
    await store.upsert(entriesOf(100, 200, 1));
    await store.delete({ even: true });
    await store.settle();
    const before = await Promise.all(queries.map((query) => store.search(query)));
    const all: unknown[] = [];
    for await (const document of store.entries()) all.push(document);
    await store.close();
    await using again = await hnsw({ path, graph });
    expect(again.dimensions).toBe(dimensions);
    expect(await Promise.all(queries.map((query) => again.search(query)))).toEqual(before);
    const allAgain: unknown[] = [];
    for await (const document of again.entries()) allAgain.push(document);
    expect(allAgain).toEqual(all);
    expect(await again.stats()).toMatchObject({ count: 600, lastChangedMs: expect.any(Number) });
  });

  it('reads the saved graph in place of building it, and only adds what it lacks', async () => {
    const path = freshPath();
    await filled(path);
    const { mtimeMs } = await stat(await graphFileOf(path));
    {
      // Too few changes to write the graph for.
      await using store = await hnsw({ path, graph });
      await store.add(entriesOf(1_000, 1_050));
      await store.delete(['e3']);
    }
    expect((await stat(await graphFileOf(path))).mtimeMs).toBe(mtimeMs);
    await using store = await hnsw({ path, graph });
    for (const [id, salt] of [
      ['e1049', 1_049],
      ['e7', 7],
    ] as const) {
      expect((await store.search(vectorOf(seededRandom(salt)), { k: 1 }))[0]?.id).toBe(id);
    }
    expect((await store.search(vectorOf(seededRandom(3)), { k: 1 }))[0]?.id).not.toBe('e3');
    const exact = await answersOf({ store: await copyOf(store), engine: 'exact', dimensions });
    expect(await Promise.all(queries.map((query) => store.search(query, { k: 1 })))).toEqual(
      (exact as unknown[][]).map((hits) => hits.slice(0, 1)),
    );
  });

  it('saves the graph at close when enough of it changed, and leaves one graph file', async () => {
    const path = freshPath();
    await filled(path);
    const first = await graphFileOf(path);
    {
      await using store = await hnsw({ path, graph });
      await store.add(entriesOf(1_000, 2_100));
      // Each turn of the event loop gives the background work a slice; so many are more than enough for these.
      for (let turn = 0; turn < 300; turn++) await new Promise(setImmediate);
    }
    expect((await readdir(path)).filter((file) => file.endsWith('.hnsw'))).toHaveLength(1);
    expect(await graphFileOf(path)).not.toBe(first);
  });

  it('rebuilds a graph file that is cut off, changed, missing, foreign, or not ours', async () => {
    const path = freshPath();
    await filled(path);
    const other = freshPath();
    const otherStore = await hnsw({ path: other, dimensions, graph });
    await otherStore.add(entriesOf(0, 1_000, 5));
    await otherStore.settle();
    await otherStore.close();
    const expected = await answersOf({ path, graph });
    const meta = join(path, 'graph.meta');
    const damage: Readonly<Record<string, () => Promise<void>>> = {
      'cut off': async () => truncate(await graphFileOf(path), 2_000),
      empty: async () => truncate(await graphFileOf(path), 0),
      'one byte changed': async () => {
        const file = await graphFileOf(path);
        const bytes = await readFile(file);
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
        await writeFile(file, bytes);
      },
      missing: async () => rm(await graphFileOf(path)),
      'head missing': () => rm(meta),
      'head no JSON': () => writeFile(meta, 'no json\n'),
      'head without end': () => writeFile(meta, '{}'),
      'head of nothing': () => writeFile(meta, '{}\n'),
      'keys cut off': async () => truncate(meta, (await stat(meta)).size - 8),
      'keys of odd length': async () => truncate(meta, (await stat(meta)).size - 3),
      'a head that leads elsewhere': async () => {
        const bytes = await readFile(meta);
        await writeFile(
          meta,
          Buffer.concat([Buffer.from(bytes.toString('latin1').replace(/graph-.\.hnsw/, '../graph.hnsw'), 'latin1')]),
        );
      },
      'that of another collection': async () => {
        await copyFile(await graphFileOf(other), await graphFileOf(path));
        await copyFile(join(other, 'graph.meta'), meta);
      },
    };
    for (const [what, spoil] of Object.entries(damage)) {
      await spoil();
      const spoilt = await readFile(await graphFileOf(path)).catch(() => Buffer.alloc(0));
      expect(await answersOf({ path, graph }), what).toEqual(expected);
      if (!what.includes('head') && !what.includes('keys')) {
        expect(spoilt.equals(await readFile(await graphFileOf(path))), `${what}: written anew`).toBe(false);
      }
    }
  });

  it('does not trust a graph that is ahead of a store restored from a backup', async () => {
    const path = freshPath();
    await filled(path, 500);
    const backup = freshPath();
    await cp(path, backup, { recursive: true });
    {
      await using store = await hnsw({ path, graph });
      await store.upsert(entriesOf(0, 500, 3));
      await store.settle();
    }
    await copyFile(join(backup, 'data.mdb'), join(path, 'data.mdb'));
    await (await hnsw({ path, graph })).close();
    // Not the file that knows of a thousand entries, lest it fits when the collection has grown that far.
    const head = await readFile(join(path, 'graph.meta'), 'latin1').catch(() => '');
    expect(head).not.toContain('"nextKey":1000');
    expect(await answersOf({ path, graph })).toEqual(await answersOf({ path: backup, graph }));
  });

  it('builds anew when it is opened with other settings of the graph', async () => {
    const path = freshPath();
    await filled(path, 300);
    await using store = await hnsw({ path, graph: { ...graph, m: 8 } });
    await store.settle();
    expect((await store.search(vectorOf(seededRandom(7)), { k: 1 }))[0]?.id).toBe('e7');
  });

  it('refuses other dimensions, another metric or another embedder, and names both', async () => {
    const path = freshPath();
    const first = await hnsw({ path, embedder: embedderOf('one', 4), metric: 'dot' });
    await first.add([{ id: 'a', text: 'a' }]);
    await first.close();
    const refusal = (...parts: readonly string[]): object => ({
      code: 'bad-option',
      message: expect.stringMatching(new RegExp([path, ...parts].join('.*'))),
    });
    await expect(hnsw({ path, dimensions: 5 })).rejects.toMatchObject(refusal('dimensions 4', 'with 5'));
    await expect(hnsw({ path, metric: 'cosine' })).rejects.toMatchObject(refusal('metric dot', 'with cosine'));
    await expect(hnsw({ path, embedder: embedderOf('two', 4) })).rejects.toMatchObject(
      refusal('embedder one', 'with two'),
    );
    await using again = await hnsw({ path, embedder: embedderOf('one', 4) });
    expect(await again.retriever()('x')).toHaveLength(1);
  });

  it('remembers the embedder that a collection of given vectors gets later', async () => {
    const path = freshPath();
    await (await hnsw({ path, dimensions: 4 })).close();
    await (await hnsw({ path, embedder: embedderOf('one', 4) })).close();
    await expect(hnsw({ path, embedder: embedderOf('two', 4) })).rejects.toMatchObject({ code: 'bad-option' });
    await (await hnsw({ path })).close();
  });

  it('refuses options that contradict each other or make no sense', async () => {
    const bad: readonly HnswOptions[] = [
      {},
      { dimensions: 0 },
      { dimensions: 1.5 },
      { dimensions: 3, embedder: embedderOf('one', 4) },
      { dimensions: 3, metric: 'manhattan' as 'dot' },
      { dimensions: 3, engine: 'gpu' as 'auto' },
      { dimensions: 3, path: '' },
      { dimensions: 3, graph: { m: 1 } },
      { dimensions: 3, graph: { efSearch: 1.5 } },
    ];
    for (const options of bad) {
      await expect(hnsw(options), JSON.stringify(options)).rejects.toMatchObject({ code: 'bad-option' });
    }
  });

  it('is one of several in one file, and leaves that open', async () => {
    const path = freshPath();
    {
      await using file = await diskStore(path);
      await using a = await hnsw({ store: scoped(file, 'a'), dimensions: 2 });
      await using b = await hnsw({ store: scoped(file, 'b'), dimensions: 3 });
      await a.add([{ id: 'x', text: 'in a', vector: [1, 0] }]);
      await b.add([{ id: 'x', text: 'in b', vector: [1, 0, 0] }]);
      await a.close();
      expect(await b.search([1, 0, 0])).toMatchObject([{ text: 'in b' }]);
    }
    await using file = await diskStore(path);
    await using a = await hnsw({ store: scoped(file, 'a') });
    expect(await a.search([1, 0])).toMatchObject([{ text: 'in a' }]);
  });

  it('keeps the graph in a folder beside a store that was handed in', async () => {
    const path = freshPath();
    const store = memoryStore();
    const first = await hnsw({ store, path, dimensions, graph });
    await first.add(entriesOf(0, 500));
    await first.settle();
    const before = await Promise.all(queries.map((query) => first.search(query)));
    await first.close();
    expect((await readdir(path)).sort()).toEqual(['graph-a.hnsw', 'graph.meta']);
    expect(await answersOf({ store, path, graph })).toEqual(before);
  });
});

/** A store in memory with what a collection holds. */
const copyOf = async (from: Awaited<ReturnType<typeof hnsw>>): Promise<Store> => {
  const store = memoryStore();
  const copy = await hnsw({ store, dimensions, engine: 'exact' });
  for await (const { id, text, metadata } of from.entries()) {
    await copy.add([
      { id, text, ...(metadata !== undefined && { metadata }), vector: vectorOf(seededRandom(Number(id.slice(1)))) },
    ]);
  }
  await copy.close();
  return store;
};

describe('damage in the store of a collection', () => {
  const spoilt = async (spoil: (store: Store) => Promise<void>): Promise<unknown> => {
    const store = memoryStore();
    const collection = await hnsw({ store, dimensions: 2 });
    await collection.add([
      { id: 'a', text: 'a', vector: [1, 0] },
      { id: 'b', text: 'b', vector: [0, 1] },
    ]);
    await collection.close();
    await spoil(store);
    return hnsw({ store }).then(
      () => undefined,
      (error: unknown) => error,
    );
  };
  const keys = async (store: Store, from: string): Promise<string[]> => {
    const found: string[] = [];
    for await (const [key] of store.range({ from: `${from}/`, to: `${from}0` })) found.push(key);
    return found;
  };
  const put = (key: string, text: string): Parameters<Store['write']>[0] => [
    { type: 'put', key, value: Buffer.from(text) },
  ];

  it('is a typed error: documents, vectors and head', async () => {
    const damages: readonly ((store: Store) => Promise<void>)[] = [
      async (store) => store.write([{ type: 'delete', key: (await keys(store, 'v'))[0] ?? '' }]),
      async (store) => store.write(put((await keys(store, 'v'))[1] ?? '', 'short')),
      async (store) => store.write(put((await keys(store, 'd'))[0] ?? '', '{')),
      async (store) => store.write(put((await keys(store, 'd'))[0] ?? '', '{"id":1}')),
      (store) => store.write(put('meta', 'no json')),
      (store) => store.write(put('meta', '{"version":1}')),
    ];
    for (const spoil of damages) expect(await spoilt(spoil)).toMatchObject({ code: 'store-damaged' });
    expect(await spoilt((store) => store.write(put('meta', '{"version":2}')))).toMatchObject({ code: 'store-newer' });
  });

  it('is a typed error when a document is lost while the collection is open', async () => {
    const store = memoryStore();
    await using collection = await hnsw({ store, dimensions: 2 });
    await collection.add([{ id: 'a', text: 'a', vector: [1, 0] }]);
    await store.write([{ type: 'delete', key: (await keys(store, 'd'))[0] ?? '' }]);
    await expect(collection.get(['a'])).rejects.toMatchObject({ code: 'store-damaged' });
    expect(await collection.search([1, 0])).toEqual([]);
  });

  it('names the folder of a store that is damaged or open elsewhere', async () => {
    const path = freshPath();
    const open = await hnsw({ path, dimensions: 2 });
    await expect(hnsw({ path })).rejects.toMatchObject({
      code: 'store-locked',
      message: expect.stringContaining(path),
    });
    await open.close();
    await writeFile(join(path, 'data.mdb'), 'garbage');
    await expect(hnsw({ path })).rejects.toMatchObject({
      code: 'store-damaged',
      message: expect.stringContaining(path),
    });
  });
});

/** Adds, replaces and deletes, and prints each round once it is acknowledged. */
const program = `
  import { hnsw } from ${JSON.stringify(fileURLToPath(new URL('./index.ts', import.meta.url)))};
  const [path, from] = process.argv.slice(1);
  const store = await hnsw({ path, dimensions: 8, graph: { minCount: 50 } });
  const entry = (id, n) => ({ id, text: String(n), vector: Array.from({ length: 8 }, (_, i) => Math.sin(n * 7 + i)) });
  for (let n = Number(from); ; n++) {
    await store.add(Array.from({ length: 20 }, (_, i) => entry('a' + n + '-' + i, n)));
    await store.upsert([entry('latest', n)]);
    await store.delete(['a' + n + '-0']);
    process.stdout.write(n + '\\n');
    if (n % 5 === 0) await store.settle();
  }`;

const writeAndKill = (path: string, from: number, rounds: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const args = ['--import', 'tsx', '--input-type=module', '-e', program, path, String(from)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let problems = '';
    child.stderr.on('data', (chunk) => {
      problems += String(chunk);
    });
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
      if (output.split('\n').length > rounds) child.kill('SIGKILL');
    });
    child.on('close', () => {
      if (output === '') reject(new Error(problems));
      else resolve(Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1)));
    });
  });

describe('a collection whose process is killed', () => {
  it('loses nothing acknowledged, has nothing twice, and answers on', async () => {
    const path = freshPath();
    const acknowledged: number[] = [];
    let next = 0;
    for (const rounds of [1, 3, 6, 12]) {
      const last = await writeAndKill(path, next, rounds);
      for (let n = next; n <= last; n++) acknowledged.push(n);
      await using store = await hnsw({ path, graph: { minCount: 50 } });
      const ids: string[] = [];
      for await (const { id } of store.entries()) ids.push(id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(await store.stats()).toMatchObject({ count: ids.length });
      for (const n of acknowledged) {
        expect(ids).not.toContain(`a${n}-0`);
        expect(ids.filter((id) => id.startsWith(`a${n}-`))).toHaveLength(19);
      }
      // What was under way is there whole or not at all.
      expect([0, 19, 20]).toContain(ids.filter((id) => id.startsWith(`a${last + 1}-`)).length);
      expect(Number((await store.get(['latest']))[0]?.text)).toBeGreaterThanOrEqual(last);
      await store.settle();
      const hits = await store.search(
        Array.from({ length: 8 }, (_, i) => Math.sin(last * 7 + i)),
        { k: 19 },
      );
      expect(hits.filter(({ text }) => text === String(last)).length).toBeGreaterThanOrEqual(18);
      next = last + 2;
    }
  }, 60_000);
});

describe('a machine without hnswlib-node', () => {
  const run = (code: string, hook: string): { readonly stdout: string; readonly stderr: string } => {
    const withHook = `
      import { registerHooks, createRequire } from 'node:module';
      const Module = createRequire(import.meta.url)('node:module');
      const load = Module._load;
      Module._load = (request, ...rest) => { if (request === 'bindings') { ${hook} } return load(request, ...rest); };
      const { hnsw } = await import(${JSON.stringify(fileURLToPath(new URL('./index.ts', import.meta.url)))});
      const entries = Array.from({ length: 60 }, (_, n) => ({ id: 'e' + n, text: '', vector: [Math.cos(n / 60), Math.sin(n / 60)] }));
      ${code}`;
    return spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', withHook.replace('registerHooks, ', '')],
      {
        encoding: 'utf8',
      },
    );
  };
  const notBuilt = `throw new Error('Could not locate the bindings file');`;

  it('compares with every vector, and says so once, with the command that mends it', () => {
    const { stdout, stderr } = run(
      `for (let i = 0; i < 3; i++) {
        const store = await hnsw({ dimensions: 2, graph: { minCount: 10 } });
        await store.add(entries);
        await store.settle();
        console.log((await store.search([1, 0], { k: 2 })).map(({ id }) => id).join());
      }`,
      notBuilt,
    );
    expect(stdout).toBe('e0,e1\ne0,e1\ne0,e1\n');
    expect(stderr.match(/PipewrightWarning: hnswlib-node cannot be loaded/g)).toHaveLength(1);
    expect(stderr).toContain('npm rebuild hnswlib-node');
    expect(stderr).toContain('npm install-scripts approve hnswlib-node && npm rebuild hnswlib-node');
  });

  it('says nothing where no graph is wanted, and refuses where it is insisted on', () => {
    const { stdout, stderr } = run(
      `const small = await hnsw({ dimensions: 2 });
      await small.add(entries);
      const exact = await hnsw({ dimensions: 2, engine: 'exact', graph: { minCount: 10 } });
      await exact.add(entries);
      await exact.settle();
      await hnsw({ dimensions: 2, engine: 'hnsw' }).catch((error) => console.log(error.code, error.message));`,
      notBuilt,
    );
    expect(stdout).toMatch(/^dependency-missing .*npm rebuild hnswlib-node/);
    expect(stderr).toBe('');
  });
});
