import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun, type Document, type KeywordIndex, type Store } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { describeKeywordIndex } from '../testing/suites/index.js';
import { bm25 } from './index.js';

describeKeywordIndex('bm25 in a store', { open: () => bm25({ store: memoryStore() }) });

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const documentsIn = async (index: KeywordIndex): Promise<Document[]> => {
  const found: Document[] = [];
  for await (const document of index.entries()) found.push(document);
  return found;
};
const rowsOf = async (store: Store): Promise<readonly (readonly [string, unknown])[]> => {
  const rows: [string, unknown][] = [];
  for await (const [key, value] of store.range({})) rows.push([key, JSON.parse(new TextDecoder().decode(value))]);
  return rows;
};

describe('bm25 in a store', () => {
  it('opens with the same documents in the same order, and goes on from there', async () => {
    const store = memoryStore();
    const first = await bm25({ store });
    const metadata = JSON.parse('{"__proto__": "plain", "tags": ["x"], "none": null}');
    await first.add([
      { id: 'zebra', title: 'Z', text: 'lone surrogate \ud800, emoji 😀', metadata },
      { id: 'ant', text: 'first words', source: 'a.md', place: { page: 2 } },
      { id: 'bee', text: 'words' },
    ]);
    await first.upsert([{ id: 'zebra', text: 'new words', metadata }]);
    await first.delete(['bee']);
    const { lastChangedMs } = await first.stats();
    const before = await documentsIn(first);
    const hits = await first.search('words');
    await first.close();

    const second = await bm25({ store });
    expect(await documentsIn(second)).toEqual(before);
    expect(before.map(({ id }) => id)).toEqual(['ant', 'zebra']);
    expect(await second.search('words')).toEqual(hits);
    expect((await second.stats()).lastChangedMs).toBe(lastChangedMs);
    await second.add([{ id: 'bee', text: 'again' }]);
    expect((await (await bm25({ store })).stats()).count).toBe(3);
  });

  it('writes each call as one batch with a version', async () => {
    const batches: number[] = [];
    const inner = memoryStore();
    const store: Store = {
      ...inner,
      write: async (changes) => {
        batches.push(changes.length);
        await inner.write(changes);
      },
    };
    const index = await bm25({ store });
    await index.add([
      { id: 'a', text: 'x' },
      { id: 'b', text: 'y' },
    ]);
    expect(batches).toEqual([3]);
    expect((await rowsOf(inner)).map(([key]) => key)).toEqual([
      'document/0000000000000000',
      'document/0000000000000001',
      'keyword',
    ]);
    expect((await rowsOf(inner)).at(-1)?.[1]).toMatchObject({ version: 2, next: 2 });
  });

  it('changes nothing when the store refuses a write', async () => {
    const inner = memoryStore();
    let isBroken = false;
    const store: Store = {
      ...inner,
      write: (changes) => (isBroken ? Promise.reject(new Error('disk full')) : inner.write(changes)),
    };
    const index = await bm25({ store });
    await index.add([{ id: 'a', text: 'old' }]);
    isBroken = true;
    await expect(
      index.upsert([
        { id: 'a', text: 'new' },
        { id: 'b', text: 'new' },
      ]),
    ).rejects.toThrow('disk full');
    await expect(index.delete(['a'])).rejects.toThrow('disk full');
    isBroken = false;
    expect((await index.search('old new')).map(({ id }) => id)).toEqual(['a']);
    await index.upsert([{ id: 'a', text: 'newer' }]);
    expect((await rowsOf(inner)).filter(([key]) => key !== 'keyword')).toHaveLength(1);
  });

  it('takes the time of a change from the run', async () => {
    const index = await bm25({ store: memoryStore() });
    const clock = { now: () => 1234, after: () => () => undefined };
    await index.add([{ id: 'a', text: 'x' }], createRun({ clock }));
    expect((await index.stats()).lastChangedMs).toBe(1234);
  });

  it('refuses a newer or damaged store and names the entry', async () => {
    const cases = [
      ['keyword', bytes({ version: 3, lastChangedMs: 1 }), 'store-newer'],
      ['keyword', bytes({ version: 2, lastChangedMs: 1 }), 'store-damaged'],
      ['keyword', bytes({ version: 1 }), 'store-damaged'],
      ['keyword', bytes(null), 'store-damaged'],
      ['document/0000000000000000', bytes({ id: 'a' }), 'store-damaged'],
      ['document/zero', bytes({ id: 'a', text: 'x' }), 'store-damaged'],
      ['document/0000000000000000', new Uint8Array([0xff, 0xfe]), 'store-damaged'],
    ] as const;
    for (const [key, value, code] of cases) {
      const store = memoryStore();
      await store.write([{ type: 'put', key, value }]);
      await expect(bm25({ store })).rejects.toMatchObject({ code, details: { where: key } });
    }
  });
});

describe('bm25 in a folder', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyword-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('keeps its documents on disk and frees the folder when it is closed', async () => {
    const path = join(folder, 'index');
    {
      await using index = await bm25({ path });
      await index.add([{ id: 'a', text: 'Refunds take five days.' }]);
      await expect(bm25({ path })).rejects.toMatchObject({ code: 'store-locked' });
    }
    await using index = await bm25({ path });
    expect((await index.search('refund')).map(({ id }) => id)).toEqual(['a']);
  });

  it('refuses a path and a store together', async () => {
    const both = bm25({ path: join(folder, 'other'), store: memoryStore() });
    await expect(both).rejects.toMatchObject({ code: 'bad-option' });
  });
});
