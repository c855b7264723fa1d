import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defineStepWith, type Embedder, type Run, type Store } from '../core/index.js';
import { diskStore, memoryStore } from '../store/index.js';
import { testRun } from '../testing/index.js';
import { batchedEmbedder, cachedEmbedder } from './index.js';

interface Counted {
  readonly embedder: Embedder;
  /** The texts it was asked for, in order. */
  readonly asked: string[];
}

const counted = (
  id = 'fake',
  answer: (texts: readonly string[], run: Run) => Promise<void> = async () => undefined,
): Counted => {
  const asked: string[] = [];
  const embedder = defineStepWith(
    { kind: 'embedder', name: id },
    { id, dimensions: 3 },
    async (texts: readonly string[], run) => {
      asked.push(...texts);
      await answer(texts, run);
      return texts.map((text) => Float32Array.of(text.length, text.charCodeAt(0), id.length));
    },
  );
  return { embedder, asked };
};

const numbers = (vectors: readonly Float32Array[]): readonly number[][] => vectors.map((vector) => [...vector]);

const keysOf = async (store: Store): Promise<readonly string[]> => {
  const keys: string[] = [];
  for await (const [key] of store.range({ from: 'embedding1/', to: 'embedding10' })) keys.push(key);
  return keys;
};

describe('cachedEmbedder', () => {
  it('asks only for texts that it has not seen, each once, and keeps order and repeats', async () => {
    const { embedder, asked } = counted();
    const cached = cachedEmbedder(embedder, memoryStore());
    expect(numbers(await cached(['aa', 'b', 'aa']))).toEqual([
      [2, 97, 4],
      [1, 98, 4],
      [2, 97, 4],
    ]);
    expect(asked).toEqual(['aa', 'b']);
    const { run, events } = testRun();
    expect(numbers(await cached(['b', 'ccc', 'aa'], run))).toEqual([
      [1, 98, 4],
      [3, 99, 4],
      [2, 97, 4],
    ]);
    expect(asked).toEqual(['aa', 'b', 'ccc']);
    const kinds = events.map(({ type }) => type).filter((type) => type.startsWith('cache-'));
    expect(kinds).toEqual(['cache-hit', 'cache-hit', 'cache-miss']);
    expect(cached.id).toBe('fake');
    expect(cached.dimensions).toBe(3);
  });

  it('finds on disk what an earlier process has embedded', async () => {
    const path = await mkdtemp(join(tmpdir(), 'pipewright-embeddings-'));
    try {
      const texts = Array.from({ length: 700 }, (_, n) => `text ${n}`);
      const before = await diskStore(path);
      const first = await cachedEmbedder(counted().embedder, before)(texts);
      await before.close();
      await using after = await diskStore(path);
      const { embedder, asked } = counted();
      expect(await cachedEmbedder(embedder, after)(texts)).toEqual(first);
      expect(asked).toEqual([]);
    } finally {
      await rm(path, { recursive: true, force: true });
    }
  });

  it('never serves the vectors of another embedder', async () => {
    const store = memoryStore();
    await cachedEmbedder(counted('one').embedder, store)(['same']);
    const other = counted('other');
    expect(numbers(await cachedEmbedder(other.embedder, store)(['same']))).toEqual([[4, 115, 5]]);
    expect(other.asked).toEqual(['same']);
  });

  it('gives every caller vectors of its own', async () => {
    const cached = cachedEmbedder(counted().embedder, memoryStore());
    const [first, second] = await cached(['a', 'a']);
    first?.fill(0);
    expect([...(second ?? [])]).toEqual([1, 97, 4]);
    expect(numbers(await cached(['a']))).toEqual([[1, 97, 4]]);
  });

  it('makes a damaged entry anew, whatever the damage', async () => {
    const store = memoryStore();
    await cachedEmbedder(counted().embedder, store)(['a']);
    const [key = ''] = await keysOf(store);
    const whole = (await store.get(key)) ?? new Uint8Array(0);
    const flipped = Uint8Array.from(whole, (byte, at) => (at === 9 ? byte ^ 1 : byte));
    for (const value of [flipped, whole.subarray(1), new Uint8Array(0), new Uint8Array([...whole, 0])]) {
      await store.write([{ type: 'put', key, value }]);
      const { embedder, asked } = counted();
      expect(numbers(await cachedEmbedder(embedder, store)(['a']))).toEqual([[1, 97, 4]]);
      expect(asked).toEqual(['a']);
      expect(await store.get(key)).toEqual(whole);
    }
  });

  it('embeds a text once that two calls want at the same time', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { embedder, asked } = counted('fake', () => gate);
    const cached = cachedEmbedder(embedder, memoryStore());
    const both = Promise.all([cached(['a', 'b']), cached(['b', 'c'])]);
    await new Promise((resolve) => setImmediate(resolve));
    open();
    expect((await both).map(numbers)).toEqual([
      [
        [1, 97, 4],
        [1, 98, 4],
      ],
      [
        [1, 98, 4],
        [1, 99, 4],
      ],
    ]);
    expect([...asked].sort()).toEqual(['a', 'b', 'c']);
  });

  it('asks for itself when the call that it waited for fails or is aborted', async () => {
    let calls = 0;
    const { run: aborted, abort } = testRun();
    const { embedder, asked } = counted('fake', async (_, run) => {
      calls += 1;
      if (calls === 1) await new Promise((_resolve, reject) => run.onAbort(() => reject(new Error('cut'))));
    });
    const cached = cachedEmbedder(embedder, memoryStore());
    const first = cached(['a'], aborted);
    const second = cached(['a']);
    await new Promise((resolve) => setImmediate(resolve));
    abort('gone');
    await expect(first).rejects.toBe('gone');
    expect(numbers(await second)).toEqual([[1, 97, 4]]);
    expect(asked).toEqual(['a', 'a']);
  });

  it('keeps its bound, and goes on finding what it kept', async () => {
    const store = memoryStore();
    const { embedder, asked } = counted();
    const cached = cachedEmbedder(embedder, store, { maxEntries: 100 });
    for (let n = 0; n < 500; n++) await cached([`text ${n}`]);
    expect((await keysOf(store)).length).toBeLessThanOrEqual(100);
    expect((await keysOf(store)).length).toBeGreaterThanOrEqual(90);
    asked.length = 0;
    await cached(Array.from({ length: 500 }, (_, n) => `text ${n}`));
    expect(asked.length).toBeLessThanOrEqual(410);
    expect((await keysOf(store)).length).toBeLessThanOrEqual(100);
  });

  it('goes on with a warning when its store fails', async () => {
    const broken: Store = {
      ...memoryStore(),
      get: () => Promise.reject(new Error('disk on fire')),
      write: () => Promise.reject(new Error('disk on fire')),
    };
    const { run, events } = testRun();
    expect(numbers(await cachedEmbedder(counted().embedder, broken)(['a'], run))).toEqual([[1, 97, 4]]);
    const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(warnings).toEqual([expect.stringContaining('be read'), expect.stringContaining('be written')]);
  });

  it('inside a batched embedder keeps what was embedded before a failure', async () => {
    let isBroken = true;
    const { embedder, asked } = counted('fake', async (texts) => {
      if (isBroken && texts.includes('e')) throw new Error('no more today');
    });
    const both = batchedEmbedder(cachedEmbedder(embedder, memoryStore()), { maxTexts: 2, concurrency: 1 });
    await expect(both(['a', 'b', 'c', 'd', 'e', 'f'])).rejects.toThrow('no more today');
    isBroken = false;
    asked.length = 0;
    expect(await both(['a', 'b', 'c', 'd', 'e', 'f'])).toHaveLength(6);
    expect(asked).toEqual(['e', 'f']);
  });

  it('keeps no vector of the wrong length, and refuses what is no text', async () => {
    const odd: Embedder = defineStepWith(
      { kind: 'embedder' },
      { id: 'odd', dimensions: 3 },
      async (texts: readonly string[]) => texts.map(() => new Float32Array(2)),
    );
    await expect(cachedEmbedder(odd, memoryStore())(['a'])).rejects.toMatchObject({ code: 'output-invalid' });
    const cached = cachedEmbedder(counted().embedder, memoryStore());
    await expect(cached([1] as unknown as string[])).rejects.toMatchObject({ code: 'bad-input' });
    expect(() => cachedEmbedder(counted().embedder, memoryStore(), { maxEntries: 0 })).toThrow(/maxEntries/);
  });
});
