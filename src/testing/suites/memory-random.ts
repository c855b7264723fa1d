import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createRun,
  type Memory,
  type Message,
  messageGroups,
  partsOf,
  type Recalled,
  type Store,
  type ToolCallPart,
} from '../../core/index.js';
import { tokenCounter } from '../../model/index.js';
import { memoryStore } from '../../store/index.js';
import type { MemorySuite } from './memory.js';

const users = ['ann', 'bob'] as const;
type User = (typeof users)[number];

type Operation =
  /** `abortAt`: the run is aborted when the store is called so many times. */
  | {
      readonly type: 'add';
      readonly user: User;
      readonly turn: readonly Message[];
      readonly abortAt: number | undefined;
    }
  | { readonly type: 'recall'; readonly user: User; readonly maxTokens: number; readonly text: string }
  | { readonly type: 'clear'; readonly user: User }
  | { readonly type: 'reopen' };

const topics = ['harbour', 'ship', 'storm', 'captain', 'cargo'] as const;
const sentence = fc
  .tuple(fc.constantFrom(...topics), fc.constantFrom(...topics), fc.nat(99))
  .map(([one, other, number]) => `My ${one} number ${number} is near the ${other}.`);

const call = (id: string): ToolCallPart => ({ type: 'tool-call', id, name: 'clock', input: { zone: 'UTC' } });

/** What is added after a question: an answer, calls with their results, or calls that an abort has left open. */
const turnArbitrary: fc.Arbitrary<readonly Message[]> = fc
  .tuple(
    fc.array(sentence, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('none', 'answer', 'call', 'open', 'orphan'),
  )
  .map(([sentences, rest]): readonly Message[] => {
    const asked: Message = { role: 'user', content: sentences.join(' ') };
    const id = `call${sentences.length}`;
    const result: Message = { role: 'tool', content: [{ type: 'tool-result', id, name: 'clock', output: 'Four.' }] };
    const answer: Message = { role: 'assistant', content: 'It is four.' };
    const calls: Message = { role: 'assistant', content: [call(id), call(`${id}b`)] };
    const second: Message = {
      role: 'tool',
      content: [{ type: 'tool-result', id: `${id}b`, name: 'clock', output: 'Five.' }],
    };
    if (rest === 'none') return [asked];
    if (rest === 'answer') return [asked, answer];
    if (rest === 'open') return [asked, calls, result];
    return rest === 'orphan' ? [result, asked, answer] : [asked, calls, result, second, answer];
  });

const userArbitrary = fc.constantFrom(...users);
const operationArbitrary: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('add' as const),
      user: userArbitrary,
      turn: turnArbitrary,
      abortAt: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined, freq: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('recall' as const),
      user: userArbitrary,
      maxTokens: fc.oneof(fc.nat(60), fc.nat(600)),
      text: fc.constantFrom('', 'Where is the harbour?', 'storm'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('clear' as const), user: userArbitrary }) },
  { weight: 1, arbitrary: fc.constant({ type: 'reopen' } as const) },
);

/** What a strict server says of a list of messages: undefined when it takes it. */
export const refusalOf = (messages: readonly Message[]): string | undefined => {
  for (const group of messageGroups(messages)) {
    const [first, ...results] = group;
    if (first === undefined || first.role === 'tool') return 'a result that nobody asked for';
    const calls = partsOf(first).flatMap((part) => (part.type === 'tool-call' ? [part.id] : []));
    const answered = results.flatMap(partsOf).map((part) => (part.type === 'tool-result' ? part.id : 'no result'));
    if (calls.toSorted().join() !== answered.toSorted().join()) return `calls ${calls} with results ${answered}`;
  }
  return undefined;
};

/** A store that aborts a controller when it has been called so many times. */
const interrupting = (inner: Store): { readonly store: Store; onCall: () => void } => {
  const hook = { onCall: (): void => undefined };
  const store: Store = {
    ...inner,
    get: async (key) => {
      hook.onCall();
      return inner.get(key);
    },
    write: async (changes) => {
      hook.onCall();
      await inner.write(changes);
    },
    compareAndSet: async (...args) => {
      hook.onCall();
      return inner.compareAndSet(...args);
    },
  };
  return Object.assign(hook, { store });
};

/** What was surely kept, what may have been, and nothing else: an add that was aborted is either. */
interface Known {
  readonly said: Message[];
}

const plainTurns = (recalled: Recalled): readonly string[] =>
  recalled.turns.filter(({ role }) => role === 'user').map((message) => JSON.stringify(message.content));

const isInOrder = (some: readonly string[], all: readonly string[]): boolean => {
  let from = 0;
  for (const one of some) {
    const at = all.indexOf(one, from);
    if (at < 0) return false;
    from = at + 1;
  }
  return true;
};

/** Random operations and aborts on any memory. */
export const describeRandomMemory = (name: string, { open }: MemorySuite): void => {
  describe(`${name} under random operations and aborts`, () => {
    const counter = tokenCounter('gpt-5');

    const checkRecalled = async (recalled: Recalled, maxTokens: number, { said }: Known): Promise<void> => {
      const { messages, turns, tokens, notes } = recalled;
      expect(tokens).toBeLessThanOrEqual(maxTokens);
      expect(tokens).toBe(messages.length === 0 ? 0 : (await counter.countRequest({ messages })).tokens);
      expect(refusalOf(messages)).toBeUndefined();
      expect(turns.every((turn) => messages.includes(turn))).toBe(true);
      const all = said.filter(({ role }) => role === 'user').map(({ content }) => JSON.stringify(content));
      expect(isInOrder(plainTurns(recalled), all)).toBe(true);
      // Every number that is told was said by this user.
      const numbers = new Set(JSON.stringify(said).match(/number \d+/gu));
      for (const told of JSON.stringify([turns, notes]).match(/number \d+/gu) ?? []) expect(numbers).toContain(told);
    };

    it('Q03 stays within its room, in order, with every call beside its result, apart for each user, through restarts', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operationArbitrary, { minLength: 1, maxLength: 12 }), async (operations) => {
          const hook = interrupting(memoryStore());
          let memory: Memory = await open(hook.store);
          const known: Record<User, Known> = { ann: { said: [] }, bob: { said: [] } };
          const marked = (user: User, turn: readonly Message[]): readonly Message[] =>
            // Numbers of the two never meet.
            user === 'ann' ? turn : (JSON.parse(JSON.stringify(turn).replace(/number /gu, 'number 1')) as Message[]);
          for (const operation of operations) {
            if (operation.type === 'reopen') {
              const before = await memory.recall({ userId: 'ann', maxTokens: 300, text: 'storm' });
              memory = await open(hook.store);
              const { messages } = await memory.recall({ userId: 'ann', maxTokens: 300, text: 'storm' });
              expect(messages).toEqual(before.messages);
            } else if (operation.type === 'clear') {
              await memory.clear({ userId: operation.user });
              known[operation.user].said.length = 0;
              expect((await memory.recall({ userId: operation.user, maxTokens: 500 })).messages).toEqual([]);
            } else if (operation.type === 'add') {
              const { user, abortAt } = operation;
              const control = new AbortController();
              let calls = 0;
              if (abortAt !== undefined) hook.onCall = () => ++calls >= abortAt && control.abort('enough');
              const turn = marked(user, operation.turn);
              known[user].said.push(...turn);
              await memory
                .add(turn, { userId: user }, createRun({ signal: control.signal }))
                .catch((error: unknown) => {
                  expect(error).toBe('enough');
                });
              hook.onCall = () => undefined;
            }
            const user = operation.type === 'reopen' ? 'ann' : operation.user;
            const maxTokens = operation.type === 'recall' ? operation.maxTokens : 400;
            const text = operation.type === 'recall' ? operation.text : 'harbour';
            await checkRecalled(await memory.recall({ userId: user, maxTokens, text }), maxTokens, known[user]);
          }
        }),
        { numRuns: 25 },
      );
    });
  });
};
