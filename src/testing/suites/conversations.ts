import { createRun, type KeywordIndex, type Message, type Store } from '../../core/index.js';
import {
  type Conversations,
  conversationMarkdown,
  conversations,
  type LoggedMessage,
} from '../../conversation/index.js';
import { manualClock } from '../manual-clock.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

export const said = (text: string): Message => ({ role: 'user', content: text });
export const answered = (text: string): Message => ({ role: 'assistant', content: text });
export const textsOf = (entries: readonly LoggedMessage[]): unknown[] => entries.map(({ message }) => message.content);
export const allOf = async <T>(entries: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
};

/** Where the suite opens its conversations. */
export interface ConversationsSuite {
  /** Opens a store that is new and empty. The suite closes it. */
  readonly open: () => Promise<Store>;
  /** Opens an index that is new and empty. @default `bm25` over the store */
  readonly keywords?: () => Promise<KeywordIndex>;
}

/** What conversations do over every store. */
export const describeConversations = (name: string, suite: ConversationsSuite): void => {
  describe(`conversations over ${name}`, () => {
    let store: Store;
    let all: Conversations;
    beforeEach(async () => {
      store = await suite.open();
      const keywords = await suite.keywords?.();
      all = conversations({ store, ...(keywords === undefined ? {} : { keywords }) });
    });
    afterEach(async () => {
      await all.close();
      await store.close();
    });
    const found = async (text: string, from: Conversations = all): Promise<string[]> =>
      (await from.search(text)).map(({ conversationId, seq }) => `${conversationId}:${seq}`).sort();

    it('gives back a conversation with title, tags, metadata and its messages as they were said', async () => {
      await all.create({ id: 'tea', title: 'Tea', tags: ['home', 'food', 'home'], metadata: { pinned: true } });
      await all.append('tea', [said('When is tea?'), { ...answered('At four.'), tokens: 3, costUsd: 0.5 }]);
      await all.append('tea', [{ role: 'user', content: [{ type: 'image', data: new Uint8Array([1, 2]) }] }]);
      expect(await all.get('tea')).toMatchObject({
        title: 'Tea',
        tags: ['home', 'food'],
        metadata: { pinned: true },
        messageCount: 3,
        costUsd: 0.5,
      });
      expect((await all.tail('tea', { limit: 2 })).map(({ seq, costUsd }) => [seq, costUsd])).toEqual([
        [1, 0.5],
        [2, undefined],
      ]);
      expect(textsOf(await all.tail('tea', { beforeSeq: 2 }))).toEqual(['When is tea?', 'At four.']);
      expect((await allOf(all.entries('tea', 2)))[0]?.message.content).toEqual([
        { type: 'image', data: new Uint8Array([1, 2]) },
      ]);
      expect((await allOf(all.backwards('tea'))).map(({ seq }) => seq)).toEqual([2, 1, 0]);
      const changed = await all.update('tea', { title: 'Tea time', tags: ['home'] });
      expect(changed).toMatchObject({ title: 'Tea time', tags: ['home'], metadata: { pinned: true }, messageCount: 3 });
      await expect(all.create({ id: 'tea' })).rejects.toMatchObject({ code: 'duplicate-id' });
    });

    it('lists what changed last first, page by page, of all and of those with tags', async () => {
      const clock = manualClock();
      const run = createRun({ clock });
      for (let i = 0; i < 7; i++) {
        await clock.advance(10);
        await all.create({ id: `c${i}`, tags: i % 2 === 0 ? ['even', 'x'] : ['odd', 'x'] }, run);
      }
      await clock.advance(10);
      await all.append('c1', [said('news')], run);
      const pages: string[][] = [];
      for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
        const page = await all.list({ limit: 3, ...(cursor === undefined ? {} : { cursor }) });
        pages.push(page.conversations.map(({ id }) => id));
        cursor = page.cursor;
      }
      expect(pages).toEqual([['c1', 'c6', 'c5'], ['c4', 'c3', 'c2'], ['c0']]);
      const odd = await all.list({ tags: ['x', 'odd'] });
      expect(odd).toEqual({ conversations: expect.any(Array) });
      expect(odd.conversations.map(({ id }) => id)).toEqual(['c1', 'c5', 'c3']);
      await all.update('c5', { tags: [] }, run);
      expect((await all.list({ tags: ['odd'] })).conversations.map(({ id }) => id)).toEqual(['c1', 'c3']);
      await expect(all.list({ cursor: '../../x' })).rejects.toMatchObject({ code: 'bad-input' });
    });

    it('finds messages by their words, in all conversations or in one, also those said since the last search', async () => {
      await all.create({ id: 'a' });
      await all.create({ id: 'b' });
      await all.append('a', [said('The roses are watered every evening.'), answered('Noted.')]);
      expect(await found('watering a rose')).toEqual(['a:0']);
      await all.append('b', [said('Who waters the roses?')]);
      expect(await found('roses')).toEqual(['a:0', 'b:0']);
      const [hit] = await all.search('roses', { conversationId: 'b' });
      expect(hit).toMatchObject({ conversationId: 'b', seq: 0, message: said('Who waters the roses?') });
      const { start = 0, end = 0 } = hit?.highlights[0] ?? {};
      expect('Who waters the roses?'.slice(start, end)).toBe('roses');
      expect(await all.search('ros', { isPrefix: true, k: 1 })).toHaveLength(1);
      await all.delete('a');
      expect(await found('roses')).toEqual(['b:0']);
    });

    it('branches without copying; each side goes on alone, and what both share is found once', async () => {
      await all.create({ id: 'main', title: 'Main', tags: ['t'] });
      await all.append('main', ['zero', 'one', 'two', 'three'].map(said));
      const edit = await all.branch({ id: 'main', seq: 1 }, { id: 'edit' });
      expect(edit).toMatchObject({ title: 'Main', tags: ['t'], messageCount: 2, parent: { id: 'main', seq: 1 } });
      await all.append('edit', [said('two again'), said('three again')]);
      await all.append('main', [said('four')]);
      await all.branch({ id: 'edit', seq: 2 }, { id: 'deep' });
      await all.append('deep', [said('deep three')]);
      await all.branch({ id: 'deep', seq: 0 }, { id: 'early' });
      await all.branch({ id: 'main', seq: -1 }, { id: 'empty' });
      const texts = async (id: string): Promise<unknown[]> => textsOf(await allOf(all.entries(id)));
      expect(await texts('main')).toEqual(['zero', 'one', 'two', 'three', 'four']);
      expect(await texts('edit')).toEqual(['zero', 'one', 'two again', 'three again']);
      expect(await texts('deep')).toEqual(['zero', 'one', 'two again', 'deep three']);
      expect(await texts('early')).toEqual(['zero']);
      expect(await texts('empty')).toEqual([]);
      expect(textsOf(await all.tail('deep', { limit: 3 }))).toEqual(['one', 'two again', 'deep three']);
      expect((await all.tail('deep', { limit: 2, beforeSeq: 2 })).map(({ seq }) => seq)).toEqual([0, 1]);
      expect(await found('two')).toEqual(['edit:2', 'main:2']);
      expect((await all.search('two', { conversationId: 'deep' })).map(({ seq }) => seq)).toEqual([2]);
      expect((await all.search('four', { conversationId: 'edit' })).length).toBe(0);
      expect((await all.statistics()).messages).toBe(8);
      await expect(all.branch({ id: 'main', seq: 5 })).rejects.toMatchObject({ code: 'bad-input' });
      await expect(all.branch({ id: 'nobody', seq: 0 })).rejects.toMatchObject({ code: 'not-found' });
    });

    it('keeps for branches what they share of a deleted conversation, and nothing when the last one goes', async () => {
      await all.create({ id: 'main' });
      await all.append('main', ['zero', 'one', 'two'].map(said));
      await all.branch({ id: 'main', seq: 1 }, { id: 'edit' });
      await all.append('edit', [said('end')]);
      expect(await found('zero')).toEqual(['main:0']);
      expect(await all.delete('main')).toBe(true);
      expect(await all.delete('main')).toBe(false);
      await expect(all.tail('main')).rejects.toMatchObject({ code: 'not-found' });
      expect(textsOf(await all.tail('edit'))).toEqual(['zero', 'one', 'end']);
      expect(await found('zero')).toEqual(['edit:0']);
      expect(await found('two')).toEqual([]);
      await expect(all.create({ id: 'main' })).rejects.toMatchObject({ code: 'duplicate-id' });
      await all.delete('edit');
      expect(await found('zero')).toEqual([]);
      const left = (await allOf(store.range({}))).filter(([key]) => key.startsWith('conversations/'));
      expect(left.map(([key]) => key)).toEqual([]);
      await all.create({ id: 'main' });
      expect(await all.tail('main')).toEqual([]);
    });

    it('shows a user nothing of another one', async () => {
      const [ann, eve] = [all.of('ann'), all.of('eve/ann')];
      await ann.create({ id: 'secret', tags: ['private'] });
      await ann.append('secret', [said('The treasure lies below the oak.')]);
      expect(await eve.get('secret')).toBeUndefined();
      expect(await found('treasure', eve)).toEqual([]);
      expect(await found('treasure', ann)).toEqual(['secret:0']);
      expect(await eve.list()).toEqual({ conversations: [] });
      expect(await eve.delete('secret')).toBe(false);
      expect(await eve.statistics()).toMatchObject({ conversations: 0, messages: 0, tags: {} });
      for (const attempt of [
        () => eve.append('secret', [said('x')]),
        () => eve.tail('secret'),
        () => eve.messages('secret'),
        () => allOf(eve.entries('secret')),
        () => eve.branch({ id: 'secret', seq: 0 }),
        () => eve.export('secret'),
        () => eve.update('secret', { title: 'mine' }),
        () => eve.search('treasure', { conversationId: 'secret' }),
      ]) {
        await expect(attempt()).rejects.toMatchObject({ code: 'not-found' });
      }
      await eve.create({ id: 'secret' });
      await eve.delete('secret');
      expect(await ann.get('secret')).toMatchObject({ messageCount: 1 });
    });

    it('sums up messages, tokens, cost, tags and days as they come, and takes off what is deleted', async () => {
      const at = (day: number): number => Date.UTC(2026, 10, day, 12);
      await all.create({ id: 'a', tags: ['x', 'y'] });
      await all.create({ id: 'b', tags: ['x', '__proto__'] });
      await all.append('a', [{ ...said('q'), createdMs: at(1), tokens: 10 }]);
      await all.append('a', [{ ...answered('r'), createdMs: at(1), tokens: 20, costUsd: 0.25 }]);
      await all.append('b', [{ ...said('four words of text'), createdMs: at(2) }]);
      const whole = await all.statistics();
      expect(whole).toMatchObject({ conversations: 2, messages: 3, costUsd: 0.25 });
      expect(Object.entries(whole.tags).sort()).toEqual([
        ['__proto__', 1],
        ['x', 2],
        ['y', 1],
      ]);
      expect(whole.days[0]).toEqual({ day: '2026-11-01', messages: 2, tokens: 30, costUsd: 0.25 });
      expect(whole.days[1]?.tokens).toBeGreaterThan(0);
      expect((await all.statistics({ fromMs: at(2) })).days.map(({ day }) => day)).toEqual(['2026-11-02']);
      expect((await all.statistics({ toMs: at(1) })).messages).toBe(2);
      await all.delete('a');
      expect(await all.statistics()).toMatchObject({ conversations: 1, messages: 1, costUsd: 0 });
    });

    it('exports what can be imported again without loss, by another user too', async () => {
      await all.create({ id: 'main', title: 'Tea', tags: ['t'], metadata: { n: 1 } });
      await all.append('main', [
        { role: 'user', content: [{ type: 'image', data: new Uint8Array([7, 255]), mediaType: 'image/png' }] },
        { ...answered('Four.'), tokens: 2, costUsd: 0.1, metadata: { isCut: true }, createdMs: 1_000 },
      ]);
      await all.branch({ id: 'main', seq: 1 }, { id: 'edit' });
      await all.append('edit', [said('Why?')]);
      const exported = JSON.parse(JSON.stringify(await all.export('edit')));
      const other = all.of('other');
      const { id, ...copy } = await other.import(exported);
      expect(copy).toMatchObject({ title: 'Tea', tags: ['t'], metadata: { n: 1 }, messageCount: 3, costUsd: 0.1 });
      expect(await allOf(other.entries(id))).toEqual(await allOf(all.entries('edit')));
      expect(await found('four', other)).toEqual([`${id}:1`]);
      expect(conversationMarkdown(exported)).toContain('## assistant, 1970-01-01T00:00:01.000Z, cut off\n\nFour.');
      for (const bad of [null, 7, {}, { ...exported, messages: [{}] }, { ...exported, conversation: {} }]) {
        await expect(other.import(bad)).rejects.toMatchObject({ code: 'bad-input' });
      }
      await expect(other.import({ ...exported, version: 2 })).rejects.toMatchObject({ code: 'store-newer' });
    });

    it('Q03 keeps messages as they were said and reads them for a model with a result for each call', async () => {
      const call = (id: string): Message => ({
        role: 'assistant',
        content: [{ type: 'tool-call', id, name: 'clock', input: {} }],
      });
      const result = (id: string): Message => ({
        role: 'tool',
        content: [{ type: 'tool-result', id, name: 'clock', output: 4 }],
      });
      const messages = [said('time?'), call('1'), result('1'), call('2')];
      await all.create({ id: 'a' });
      await all.append('a', messages);
      expect((await all.tail('a')).map(({ message }) => message)).toEqual(messages);
      const callsAndResults = (await all.messages('a', { limit: 2 })).flatMap(({ content }) =>
        typeof content === 'string' ? [] : content.map((part) => [part.type, 'id' in part && part.id]),
      );
      expect(callsAndResults).toEqual([
        ['tool-call', '2'],
        ['tool-result', '2'],
      ]);
    });

    it('keeps every message of many writers at once', async () => {
      await all.create({ id: 'a' });
      const others = [all, conversations({ store }), conversations({ store })];
      await Promise.all(
        others.flatMap((each, who) => Array.from({ length: 8 }, (_, i) => each.append('a', [said(`${who}-${i}`)]))),
      );
      const read = await allOf(all.entries('a'));
      expect(read.map(({ seq }) => seq)).toEqual(Array.from({ length: 24 }, (_, i) => i));
      expect(new Set(textsOf(read)).size).toBe(24);
      expect(await all.get('a')).toMatchObject({ messageCount: 24 });
      expect((await all.statistics()).messages).toBe(24);
      expect((await all.list()).conversations).toHaveLength(1);
    });
  });
};
