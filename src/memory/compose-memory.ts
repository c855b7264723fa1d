import {
  callStep,
  checkAtLeast,
  createRun,
  defineStep,
  type Memory,
  type MemoryScope,
  type Message,
  messageOf,
  PipewrightError,
  type Recalled,
  type RecalledNote,
  type RecallQuery,
  type Run,
} from '../core/index.js';
import { type TokenCounter, tokenCounter } from '../model/index.js';
import { fittingTurns, recalledOf } from './recalled.js';
import { normalised } from './units.js';

export interface ComposeMemoryOptions {
  /** Room for all that is recalled; a query's own wins. @default 4000 */
  readonly maxTokens?: number;
  /** Parts of the room, one for each memory; what one leaves goes to those behind it. @default equal parts */
  readonly shares?: readonly number[];
  /** Whose tokens. @default 'gpt-5' */
  readonly model?: string;
}

const resolve = (count: number, { maxTokens = 4_000, shares, model = 'gpt-5' }: ComposeMemoryOptions) => {
  if (count === 0) throw new PipewrightError('bad-option', '`composeMemory` needs at least one memory.');
  const parts = shares ?? new Array<number>(count).fill(1);
  checkAtLeast('maxTokens', maxTokens, 0);
  if (parts.length !== count) {
    throw new PipewrightError('bad-option', `\`shares\` must have one number for each of the ${count} memories.`);
  }
  parts.forEach((part, at) => {
    checkAtLeast(`shares[${at}]`, part, 0);
  });
  const sum = parts.reduce((a, b) => a + b, 0);
  if (!(sum > 0 && sum < Infinity)) {
    throw new PipewrightError('bad-option', '`shares` must add up to a number above 0.');
  }
  return { maxTokens, shares: parts.map((part) => part / sum), counter: tokenCounter(model) };
};

/** What several memories recalled, as one: the turns of the first that has any, and each note once. */
const merged = async (all: readonly Recalled[], maxTokens: number, counter: TokenCounter): Promise<Recalled> => {
  const said = all.find(({ turns }) => turns.length > 0)?.turns ?? [];
  const turns = await fittingTurns(said, { maxTokens, counter });
  const notes = new Map<string, RecalledNote>();
  for (const note of all.flatMap((one) => one.notes)) {
    const plain = normalised(note.text);
    if (!notes.has(plain)) notes.set(plain, note);
  }
  const leftOut = all.reduce((sum, one) => sum + one.leftOut, 0);
  return recalledOf({ turns, notes: [...notes.values()], leftOut }, { maxTokens, counter });
};

/** Does something with every memory. What fails in some is a warning; what fails in all, throws. */
const withEach = async (
  memories: readonly Memory[],
  what: string,
  run: Run,
  work: (memory: Memory) => Promise<void>,
): Promise<void> => {
  const outcomes = await Promise.allSettled(memories.map(work));
  const failures = outcomes.flatMap((outcome, at) =>
    outcome.status === 'rejected' ? [{ reason: outcome.reason as unknown, kind: memories[at]?.kind }] : [],
  );
  if (failures.length === memories.length) throw failures[0]?.reason;
  for (const { reason, kind } of failures) {
    run.emit({ type: 'warning', message: `The memory \`${kind}\` ${what}: ${messageOf(reason)}` });
  }
};

/**
 * Several memories as one. Each is asked in its turn, within its share of the room and what those before it left, and told what they
 * recalled, so that nothing is said twice; the result never takes more than `maxTokens`. The turns come from the first memory that has any:
 * put that of the conversation first. A memory that fails gives a warning and its room to the others; only when all fail, the call
 * does. `clear` rejects when any of them fails, after it has asked all: forgetting is a promise.
 * @throws {PipewrightError} `bad-option`.
 * @example composeMemory([windowMemory(), factMemory()], { maxTokens: 2000, shares: [0.7, 0.3] }).kind // => 'composed'
 */
export const composeMemory = (memories: readonly Memory[], options: ComposeMemoryOptions = {}): Memory => {
  const { maxTokens: defaultTokens, shares, counter } = resolve(memories.length, options);
  const recall = async (query: RecallQuery, run: Run): Promise<Recalled> => {
    const maxTokens = query.maxTokens ?? defaultTokens;
    checkAtLeast('maxTokens', maxTokens, 0);
    const recalled: Recalled[] = [];
    const failures: unknown[] = [];
    let known: readonly Message[] = query.known ?? [];
    let left = 0;
    for (const [at, memory] of memories.entries()) {
      const room = Math.floor(maxTokens * (shares[at] ?? 0)) + left;
      try {
        const one = await callStep(memory.recall, { ...query, maxTokens: room, known }, run);
        recalled.push(one);
        known = [...known, ...one.messages];
        left = Math.max(0, room - one.tokens);
      } catch (error) {
        run.throwIfAborted();
        failures.push(error);
        left = room;
        run.emit({ type: 'warning', message: `The memory \`${memory.kind}\` recalled nothing: ${messageOf(error)}` });
      }
    }
    if (failures.length === memories.length) throw failures[0];
    return merged(recalled, maxTokens, counter);
  };
  const info = {
    kind: 'memory',
    name: 'composed',
    details: { maxTokens: defaultTokens },
    children: memories.map(({ kind, recall: step }) => ({ label: kind, step })),
  };
  return {
    kind: 'composed',
    add: async (messages: readonly Message[], scope: MemoryScope = {}, run: Run = createRun()) => {
      run.throwIfAborted();
      await withEach(memories, 'kept nothing', run, (memory) => memory.add(messages, scope, run));
    },
    recall: defineStep(info, recall),
    clear: async (scope: MemoryScope = {}, run: Run = createRun()) => {
      const outcomes = await Promise.allSettled(memories.map((memory) => memory.clear(scope, run)));
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
};
