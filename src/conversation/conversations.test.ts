import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRun, type KeywordIndex, type Message, type Store } from 'pipewright';
import { bm25 } from 'pipewright/keyword';
import { diskStore, memoryStore } from 'pipewright/store';
import { manualClock } from 'pipewright/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeConversations } from '../testing/suites/index.js';
import { conversations } from './index.js';

const said = (text: string): Message => ({ role: 'user', content: text });
const allOf = async <T>(entries: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
};

let root = '';
let made = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pipewright-conversations-'));
});
afterAll(() => rm(root, { recursive: true }));
const freshPath = (): string => join(root, `s${made++}`);

describeConversations('memory', { open: async () => memoryStore() });
describeConversations('a disk', { open: () => diskStore(freshPath()) });

describe('conversations', () => {
  it('are there again after closing, with their index', async () => {
    const path = freshPath();
    const open = async (
      work: (all: ReturnType<typeof conversations>, store: Store) => Promise<void>,
    ): Promise<void> => {
      await using store = await diskStore(path);
      await using all = conversations({ store });
      await work(all, store);
    };
    await open(async (all) => {
      await all.create({ id: 'a', title: 'Roses' });
      await all.append('a', [said('The roses are watered.')]);
      expect(await all.search('roses')).toHaveLength(1);
      await all.append('a', [said('No rose is forgotten.')]);
    });
    await open(async (all) => {
      expect(await all.get('a')).toMatchObject({ title: 'Roses', messageCount: 2 });
      expect(await all.search('roses')).toHaveLength(2);
    });
  });

  it('are over when they have been idle for too long, and the longest unchanged go when there are too many', async () => {
    const clock = manualClock();
    const run = createRun({ clock });
    const store = memoryStore();
    const all = conversations({ store, clock, maxIdleMs: 100, maxPerUser: 3 });
    for (const id of ['a', 'b', 'c']) {
      await all.create({ id }, run);
      await all.append(id, [said(`rose ${id}`)], run);
      await clock.advance(10);
    }
    expect(await all.search('rose')).toHaveLength(3);
    await all.append('a', [said('still here')], run);
    await all.create({ id: 'd' }, run);
    expect((await all.list()).conversations.map(({ id }) => id).sort()).toEqual(['a', 'c', 'd']);
    await clock.advance(95);
    expect(await all.get('c')).toBeUndefined();
    await expect(all.append('c', [said('late')], run)).rejects.toMatchObject({ code: 'not-found' });
    expect((await all.list()).conversations.map(({ id }) => id).sort()).toEqual(['a', 'd']);
    expect(await all.purge(run)).toBe(1);
    await clock.advance(100);
    expect(await all.search('rose')).toEqual([]);
    expect((await all.statistics()).conversations).toBe(0);
    expect((await allOf(store.range({ from: 'conversations/', to: 'conversations0' }))).length).toBe(0);
  });

  it('index what was said although an index failed before, each message once', async () => {
    const inner = await bm25();
    let failures = 2;
    const keywords: KeywordIndex = {
      ...inner,
      upsert: async (...args) => {
        if (failures-- > 0) throw new Error('The index is away.');
        await inner.upsert(...args);
      },
    };
    const all = conversations({ keywords });
    await all.create({ id: 'a' });
    await all.append(
      'a',
      Array.from({ length: 1_200 }, (_, i) => said(`word${i} rose`)),
    );
    await expect(all.search('word7')).rejects.toThrow('The index is away.');
    await expect(all.search('word7')).rejects.toThrow('The index is away.');
    expect(await all.search('word7')).toHaveLength(1);
    expect((await inner.stats()).count).toBe(1_200);
    await all.close();
    expect((await inner.stats()).count).toBe(1_200);
  });

  it('find nothing that is deleted, also where the index could not be told', async () => {
    const inner = await bm25();
    let isAway = false;
    const keywords: KeywordIndex = {
      ...inner,
      delete: async (...args) => {
        if (isAway) throw new Error('The index is away.');
        return inner.delete(...args);
      },
    };
    const all = conversations({ keywords });
    await all.create({ id: 'a' });
    await all.append('a', [said('rose')]);
    expect(await all.search('rose')).toHaveLength(1);
    isAway = true;
    await expect(all.delete('a')).rejects.toThrow('The index is away.');
    expect(await all.get('a')).toBeUndefined();
    isAway = false;
    expect(await all.search('rose')).toEqual([]);
    expect((await inner.stats()).count).toBe(0);
  });

  it('have no branch of a conversation that is deleted while it is made, and a whole one otherwise', async () => {
    const inner = memoryStore();
    const other = conversations({ store: inner });
    let isHasty = true;
    const store: Store = {
      ...inner,
      compareAndSet: async (key, ...rest) => {
        const isSet = await inner.compareAndSet(key, ...rest);
        if (isHasty && key.endsWith('/edit')) {
          isHasty = false;
          // Another process looks for branches before the new one could be seen.
          await inner.write([{ type: 'delete', key: 'conversations/shared/default/main/edit' }]);
          await other.delete('main');
        }
        return isSet;
      },
    };
    const all = conversations({ store });
    await all.create({ id: 'main' });
    await all.append('main', ['zero', 'one'].map(said));
    await expect(all.branch({ id: 'main', seq: 1 }, { id: 'edit' })).rejects.toMatchObject({ code: 'not-found' });
    expect(await all.get('edit')).toBeUndefined();
    await all.create({ id: 'main' });
    await all.append('main', ['zero', 'one'].map(said));
    await all.branch({ id: 'main', seq: 1 }, { id: 'edit' });
    await all.delete('main');
    expect((await all.tail('edit')).map(({ message }) => message.content)).toEqual(['zero', 'one']);
  });

  it('write nothing after an abort, and refuse what is no conversation', async () => {
    const all = conversations();
    await all.create({ id: 'a' });
    const control = new AbortController();
    control.abort(new Error('enough'));
    const run = createRun({ signal: control.signal });
    await expect(all.append('a', [said('x')], run)).rejects.toThrow('enough');
    await expect(all.search('x', {}, run)).rejects.toThrow('enough');
    expect(await all.get('a')).toMatchObject({ messageCount: 0 });
    for (const tags of [[''], ['x'.repeat(101)], Array.from({ length: 21 }, (_, i) => `${i}`)]) {
      await expect(all.create({ tags })).rejects.toMatchObject({ code: 'bad-input' });
    }
    for (const wrong of [{ createdMs: -1 }, { createdMs: Number.NaN }, { createdMs: 1e300 }]) {
      await expect(all.append('a', [{ ...said('x'), ...wrong }])).rejects.toMatchObject({ code: 'bad-input' });
    }
    expect(() => conversations({ maxIdleMs: 0 })).toThrow(/maxIdleMs/);
    expect(() => all.of('')).toThrow(/userId/);
  });
});
