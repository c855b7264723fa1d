import fc from 'fast-check';
import { createRun, type Message, type Store } from 'pipewright';
import { memoryStore } from 'pipewright/store';
import { testRun } from 'pipewright/testing';
import { describe, expect, it } from 'vitest';
import { messageLog, type LoggedMessage } from './index.js';

const said = (text: string): Message => ({ role: 'user', content: text });
const texts = (entries: readonly LoggedMessage[]): unknown[] => entries.map(({ message }) => message.content);
const all = async <T>(entries: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
};

/** Counts what is read of a store, and can fail a write. */
const watched = (inner: Store = memoryStore()): { store: Store; readonly reads: number; fail: boolean } => {
  const state = { reads: 0, fail: false };
  const store: Store = {
    ...inner,
    range: async function* (range) {
      for await (const entry of inner.range(range)) {
        state.reads++;
        yield entry;
      }
    },
    compareAndSet: async (...args) => {
      if (state.fail) throw new Error('The disk is full.');
      return inner.compareAndSet(...args);
    },
  };
  return Object.assign(state, { store });
};

describe('messageLog', () => {
  it('numbers messages in the order in which they were said, with time, tokens and metadata', async () => {
    const { run } = testRun();
    const log = messageLog();
    const first = await log.append('ann', [said('one'), { ...said('two'), tokens: 3, metadata: { cut: true } }], run);
    await log.append('ann', [{ ...said('three'), createdMs: 7 }], run);
    expect(first[1]).toEqual({
      seq: 1,
      message: said('two'),
      createdMs: run.clock.now(),
      tokens: 3,
      metadata: { cut: true },
    });
    const read = await log.tail('ann');
    expect(read.slice(0, 2)).toEqual(first);
    expect(read[2]).toEqual({ seq: 2, message: said('three'), createdMs: 7 });
    expect(await log.count('ann')).toBe(3);
    expect(await log.count('bob')).toBe(0);
    expect(await log.append('ann', [])).toEqual([]);
  });

  it('gives back bytes, URLs, calls of tools and fields of any name as they were said (Q24)', async () => {
    const log = messageLog();
    const messages: Message[] = [
      {
        role: 'user',
        content: [
          { type: 'image', data: new Uint8Array([1, 2, 255]), mediaType: 'image/png' },
          { type: 'file', data: new URL('https://example.com/a.pdf'), mediaType: 'application/pdf' },
        ],
      },
      {
        role: 'assistant',
        content: [{ type: 'tool-call', id: 'c1', name: 'f', input: JSON.parse('{"__proto__":{"x":1},"$type":"Map"}') }],
      },
      { role: 'tool', content: [{ type: 'tool-result', id: 'c1', name: 'f', output: { at: 4 } }] },
    ];
    await log.append('a', messages);
    const read = (await log.tail('a')).map(({ message }) => message);
    expect(read).toEqual(messages);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it('reads windows backwards and entries forwards, and only what is asked for', async () => {
    const counted = watched();
    const log = messageLog({ store: counted.store });
    await log.append(
      'long',
      Array.from({ length: 5_000 }, (_, i) => said(`${i}`)),
    );
    expect(texts(await log.tail('long', { limit: 3 }))).toEqual(['4997', '4998', '4999']);
    expect(texts(await log.tail('long', { limit: 2, beforeSeq: 4_997 }))).toEqual(['4995', '4996']);
    expect(await log.tail('long', { limit: 2, beforeSeq: 0 })).toEqual([]);
    expect(counted.reads).toBe(5);
    for await (const { seq } of log.backwards('long')) if (seq === 4_990) break;
    expect(counted.reads).toBe(15);
    expect(texts(await all(log.entries('long', 4_998)))).toEqual(['4998', '4999']);
  });

  it('keeps conversations apart whose ids look alike, and refuses ids that are none', async () => {
    const log = messageLog();
    const ids = ['a', 'a/b', 'a%2Fb', 'a0', '__proto__', 'A', 'é', 'a/m/0000000000000000'];
    for (const id of ids) await log.append(id, [said(id)]);
    for (const id of ids) expect(texts(await log.tail(id))).toEqual([id]);
    for (const id of ['', ' ', 'x'.repeat(201), '\ud800']) {
      await expect(log.append(id, [said('x')])).rejects.toMatchObject({ code: 'bad-input' });
    }
  });

  it('keeps all messages of an append or none', async () => {
    const counted = watched();
    const log = messageLog({ store: counted.store });
    await log.append('a', [said('before')]);
    counted.fail = true;
    await expect(log.append('a', [said('x'), said('y')])).rejects.toThrow('The disk is full.');
    counted.fail = false;
    const bad = { role: 'user', content: [{ type: 'text', text: () => 'x' }] } as unknown as Message;
    await expect(log.append('a', [said('x'), bad])).rejects.toMatchObject({ code: 'bad-input' });
    await expect(log.append('a', [{ role: 'boss', content: '' } as unknown as Message])).rejects.toMatchObject({
      code: 'bad-input',
    });
    const control = new AbortController();
    control.abort(new Error('enough'));
    await expect(log.append('a', [said('x')], createRun({ signal: control.signal }))).rejects.toThrow('enough');
    expect(texts(await log.tail('a'))).toEqual(['before']);
    expect(await log.count('a')).toBe(1);
  });

  it('loses nothing that several logs over one store append at the same time', async () => {
    const store = memoryStore();
    const logs = [messageLog({ store }), messageLog({ store }), messageLog({ store })];
    await Promise.all(
      logs.flatMap((log, who) =>
        Array.from({ length: 30 }, (_, i) => log.append('a', [said(`${who}-${i}`), said('+')])),
      ),
    );
    const read = await all(messageLog({ store }).entries('a'));
    expect(read.map(({ seq }) => seq)).toEqual(Array.from({ length: 180 }, (_, i) => i));
    for (const who of [0, 1, 2]) {
      const own = texts(read).filter((text) => String(text).startsWith(`${who}-`));
      expect(own).toEqual(Array.from({ length: 30 }, (_, i) => `${who}-${i}`));
    }
    expect(texts(read).map((text) => text === '+')).toEqual(read.map((_, at) => at % 2 === 1));
  });

  it('forgets the oldest or all, gives no number twice, and leaves nothing behind after a day', async () => {
    let nowMs = 0;
    const store = memoryStore({ clock: { now: () => nowMs, after: () => () => undefined } });
    const log = messageLog({ store });
    await log.append('a', [said('0'), said('1'), said('2')]);
    await log.append('b', [said('other')]);
    expect(await log.trim('a', 2)).toBe(2);
    expect(texts(await log.tail('a'))).toEqual(['2']);
    expect(await log.count('a')).toBe(1);
    await log.clear('a');
    expect(await log.tail('a')).toEqual([]);
    expect((await log.append('a', [said('3')]))[0]?.seq).toBe(3);
    await log.clear('a');
    await log.clear('b');
    nowMs += 86_400_000;
    expect(await all(store.range({}))).toEqual([]);
  });

  it('names the entry that is damaged or was written by a later release', async () => {
    const store = memoryStore();
    const log = messageLog({ store });
    await log.append('a', [said('x')]);
    const entries = await all(store.range({}));
    const [key = ''] = entries.find(([each]) => each.includes('/m/')) ?? [];
    const put = (text: string): Promise<void> => store.write([{ type: 'put', key, value: Buffer.from(text) }]);
    for (const text of [
      '{',
      '[]',
      '{"version":1}',
      '{"version":1,"createdMs":1,"message":{"role":"x","content":""}}',
    ]) {
      await put(text);
      await expect(log.tail('a'), text).rejects.toMatchObject({ code: 'store-damaged', details: { where: key } });
    }
    await put('{"version":2}');
    await expect(log.tail('a')).rejects.toMatchObject({ code: 'store-newer' });
  });

  it('answers as a plain list does, whatever is appended, trimmed and cleared', async () => {
    const operation = fc.oneof(
      { weight: 4, arbitrary: fc.record({ append: fc.integer({ min: 0, max: 5 }) }) },
      { weight: 1, arbitrary: fc.record({ trim: fc.integer({ min: 0, max: 20 }) }) },
      { weight: 1, arbitrary: fc.constant({ clear: true }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 12 }), async (operations) => {
        const log = messageLog();
        let model: number[] = [];
        let next = 0;
        for (const step of operations) {
          if ('append' in step) {
            const added = Array.from({ length: step.append }, () => next++);
            await log.append(
              'a',
              added.map((seq) => said(`${seq}`)),
            );
            model.push(...added);
          } else if ('trim' in step) {
            await log.trim('a', step.trim);
            model = model.filter((seq) => seq >= step.trim);
          } else {
            await log.clear('a');
            model = [];
          }
          expect((await log.tail('a', { limit: 4 })).map(({ seq }) => seq)).toEqual(model.slice(-4));
          expect(await log.count('a')).toBe(model.length);
        }
      }),
      { numRuns: 50 },
    );
  });
});
