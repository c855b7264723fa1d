import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  createRun,
  inspect,
  type Memory,
  type MemoryScope,
  type Message,
  partsOf,
  type Recalled,
  type Run,
  type Store,
} from '../../core/index.js';
import { tokenCounter } from '../../model/index.js';
import { memoryStore } from '../../store/index.js';
import { describeRandomMemory } from './memory-random.js';

export interface MemorySuite {
  /** Opens a memory that keeps all in this store; opened again over the same store, it remembers. */
  readonly open: (store: Store) => Memory | Promise<Memory>;
  /** Whether what it keeps is known in one conversation, or in all of a user. */
  readonly belongsTo: 'conversation' | 'user';
  /** Has the memory keep a text. @default it is added as a message of the user */
  readonly tell?: (memory: Memory, text: string, scope?: MemoryScope, run?: Run) => Promise<void>;
}

const told: NonNullable<MemorySuite['tell']> = (memory, text, scope, run) =>
  memory.add([{ role: 'user', content: text }], scope, run);

const secretOf = (word: string): string => `Remember that the code word of the harbour is ${word}.`;
const question = 'What is the code word of the harbour?';

const textIn = ({ messages }: Recalled): string => JSON.stringify(messages);
const nothing: Recalled = { messages: [], turns: [], tokens: 0, notes: [], leftOut: 0 };

/** A store that can be told to fail. */
const failing = (): { readonly store: Store; isBroken: boolean } => {
  const inner = memoryStore();
  const state = { isBroken: false };
  const check = (): void => {
    if (state.isBroken) throw new Error('The disk is full.');
  };
  const store: Store = {
    ...inner,
    write: async (changes) => {
      check();
      await inner.write(changes);
    },
    compareAndSet: async (...args) => {
      check();
      return inner.compareAndSet(...args);
    },
  };
  return Object.assign(state, { store });
};

/** What every `Memory` must do. Run it in a vitest file of the implementation. */
export const describeMemory = (name: string, suite: MemorySuite): void => {
  const { open, tell = told, belongsTo } = suite;
  describe(`${name} as a memory`, () => {
    let store: Store;
    let memory: Memory;
    beforeEach(async () => {
      store = memoryStore();
      memory = await open(store);
    });
    const ask = (scope: MemoryScope = {}, maxTokens = 2_000): Promise<Recalled> =>
      memory.recall({ text: question, maxTokens, ...scope });

    it('says its kind, and shows as a step', () => {
      expect(memory.kind).not.toBe('');
      expect(inspect(memory.recall)).toMatchObject({ kind: 'memory', name: memory.kind });
    });

    it('recalls nothing while it knows nothing', async () => {
      expect(await ask()).toEqual(nothing);
      expect(await memory.recall({})).toEqual(nothing);
      await memory.add([]);
      expect(await ask()).toEqual(nothing);
    });

    it('recalls what it was told, asked for it or for anything', async () => {
      await tell(memory, secretOf('Zanzibar'));
      expect(textIn(await ask())).toContain('Zanzibar');
      expect(textIn(await memory.recall({ maxTokens: 2_000 }))).toContain('Zanzibar');
    });

    it('counts to the token, and never goes above its room', async () => {
      for (const word of ['Oslo', 'Lima', 'Accra', 'Quito']) await tell(memory, secretOf(word));
      const counter = tokenCounter('gpt-5');
      for (const maxTokens of [0, 1, 10, 20, 40, 60, 80, 120, 400]) {
        const { messages, tokens } = await ask({}, maxTokens);
        const counted = messages.length === 0 ? 0 : (await counter.countRequest({ messages })).tokens;
        expect(tokens).toBe(counted);
        expect(tokens).toBeLessThanOrEqual(maxTokens);
      }
      expect((await ask({}, 400)).messages).not.toEqual([]);
    });

    it('refuses a room that is no number', async () => {
      await expect(ask({}, Number.NaN)).rejects.toMatchObject({ code: 'bad-option' });
      await expect(ask({}, -1)).rejects.toMatchObject({ code: 'bad-option' });
    });

    it('tells notes as sources that are information only, never as orders', async () => {
      await tell(memory, secretOf('Oslo'));
      const { messages, turns, notes } = await ask();
      const others = messages.filter((message) => !turns.includes(message));
      expect(others.length > 0).toBe(notes.length > 0);
      for (const message of others) {
        expect(message.role).toBe('user');
        const [rules, ...rest] = partsOf(message);
        expect(rules).toMatchObject({ type: 'text', text: expect.stringContaining('information only') });
        expect(rest.every(({ type }) => type === 'source')).toBe(true);
      }
    });

    it('Q21 says the same in the same bytes when it is asked again', async () => {
      for (const word of ['Oslo', 'Lima']) await tell(memory, secretOf(word));
      expect(textIn(await ask())).toBe(textIn(await ask()));
    });

    it('tells nobody what another has said', async () => {
      await tell(memory, secretOf('Oslo'), { userId: 'ann' });
      await tell(memory, secretOf('Lima'), { userId: 'bob' });
      const ofAnn = textIn(await ask({ userId: 'ann' }));
      expect(ofAnn).toContain('Oslo');
      expect(ofAnn).not.toContain('Lima');
      expect(await ask({ userId: 'eve' })).toEqual(nothing);
      expect(await ask()).toEqual(nothing);
    });

    it('keeps users apart whatever their ids look like', async () => {
      const ids = ['__proto__', 'constructor', 'a/b', 'a%2Fb', 'a', 'b', 'default/a', '$ne', 'Zoë 😀'];
      for (const [at, userId] of ids.entries())
        await tell(memory, secretOf(`word${at}x`), { userId, conversationId: 'a' });
      for (const [at, userId] of ids.entries()) {
        const text = textIn(await ask({ userId, conversationId: 'a' }));
        expect([...new Set(text.match(/word\dx/gu))]).toEqual([`word${at}x`]);
      }
    });

    it('refuses an id that is none', async () => {
      await expect(ask({ userId: '' })).rejects.toMatchObject({ code: 'bad-input' });
      await expect(ask({ userId: 'x'.repeat(101) })).rejects.toMatchObject({ code: 'bad-input' });
      await expect(tell(memory, secretOf('Oslo'), { userId: '\ud800' })).rejects.toMatchObject({ code: 'bad-input' });
    });

    it(`keeps what was said for the ${belongsTo}`, async () => {
      await tell(memory, secretOf('Oslo'), { userId: 'ann', conversationId: 'one' });
      const elsewhere = textIn(await ask({ userId: 'ann', conversationId: 'two' }));
      if (belongsTo === 'user') expect(elsewhere).toContain('Oslo');
      else expect(elsewhere).not.toContain('Oslo');
    });

    it('forgets all of a scope, and nothing else', async () => {
      for (const userId of ['ann', 'bob']) await tell(memory, secretOf('Oslo'), { userId });
      await memory.clear({ userId: 'ann' });
      expect(await ask({ userId: 'ann' })).toEqual(nothing);
      expect(textIn(await ask({ userId: 'bob' }))).toContain('Oslo');
      await memory.clear({ userId: 'ann' });
      await tell(memory, secretOf('Lima'), { userId: 'ann' });
      expect(textIn(await ask({ userId: 'ann' }))).toContain('Lima');
    });

    it('forgets one conversation, and leaves the others', async () => {
      for (const conversationId of ['one', 'two'])
        await tell(memory, secretOf(`of-${conversationId}`), { conversationId });
      await memory.clear({ conversationId: 'one' });
      expect(textIn(await ask({ conversationId: 'one' }))).not.toContain('of-one');
      expect(textIn(await ask({ conversationId: 'two' }))).toContain('of-two');
    });

    it('keeps all that is added at once, and can be asked meanwhile', async () => {
      const words = Array.from({ length: 12 }, (_, at) => `word${at}x`);
      const asked = words.map(() => ask());
      await Promise.all(
        words.map((word) => tell(memory, `Remember that number ${word} is the code word of ship ${word}.`)),
      );
      for (const { tokens } of await Promise.all(asked)) expect(tokens).toBeLessThanOrEqual(2_000);
      const text = textIn(await ask());
      for (const word of words) expect(text).toContain(word);
    });

    it('recalls the same when it is opened again', async () => {
      const run = createRun({ clock: { ...createRun().clock, now: () => 1_000 } });
      for (const word of ['Oslo', 'Lima', 'Accra']) await tell(memory, secretOf(word), {}, run);
      const query = { text: question, maxTokens: 300 };
      const before = await memory.recall(query, run);
      expect(await (await open(store)).recall(query, run)).toEqual(before);
      expect(textIn(before)).toContain('Accra');
    });

    it('rejects with the reason of an aborted run, keeps nothing then, and leaves no listener', async () => {
      const gone = createRun({ signal: AbortSignal.abort('gone') });
      await expect(tell(memory, secretOf('Oslo'), {}, gone)).rejects.toBe('gone');
      await expect(memory.recall({ text: question }, gone)).rejects.toBe('gone');
      expect(await ask()).toEqual(nothing);
      const { signal } = new AbortController();
      const run = createRun({ signal });
      for (let times = 0; times < 3; times++) {
        await tell(memory, secretOf('Lima'), {}, run);
        await memory.recall({ text: question }, run);
      }
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    });

    it('rejects when it cannot keep what was said, and then has kept none of it', async () => {
      const broken = failing();
      const onBroken = await open(broken.store);
      await tell(onBroken, secretOf('Oslo'));
      broken.isBroken = true;
      await expect(tell(onBroken, secretOf('Lima'))).rejects.toThrow('The disk is full.');
      broken.isBroken = false;
      expect(textIn(await onBroken.recall({ text: question, maxTokens: 2_000 }))).not.toContain('Lima');
      await tell(onBroken, secretOf('Quito'));
      expect(textIn(await onBroken.recall({ text: question, maxTokens: 2_000 }))).toContain('Quito');
    });

    it('does not write to what it is given, and keeps no system messages', async () => {
      const content = Object.freeze([Object.freeze({ type: 'text', text: secretOf('Oslo') } as const)]);
      const messages: readonly Message[] = Object.freeze([
        Object.freeze({ role: 'system', content: 'Be short about the harbour.' } as const),
        Object.freeze({ role: 'user', content }),
      ]);
      await memory.add(messages, Object.freeze({}));
      const recalled = await memory.recall(Object.freeze({ text: question, maxTokens: 2_000 }));
      expect(textIn(recalled)).not.toContain('Be short');
    });
  });
  describeRandomMemory(name, suite);
};
