import {
  checkAtLeast,
  createRun,
  defineStep,
  type Memory,
  type MemoryScope,
  PipewrightError,
  type RecalledNote,
  type RecallQuery,
  type Run,
  type Store,
} from '../core/index.js';
import { isText, listIn, member, numberIn } from '../ask/index.js';
import { tokenCounter } from '../model/index.js';
import { memoryStore } from '../store/index.js';
import { recalledOf } from './recalled.js';
import { logIdOf } from './scope.js';
import { createShelf } from './shelf.js';

export interface WorkingMemoryOptions {
  /** Where values are kept. @default in memory, gone with the process */
  readonly store?: Store;
  /** Names and values of one conversation at most; the ones set longest ago give way. @default 500 */
  readonly maxTokens?: number;
  /** How long a value is kept. @default until it is deleted */
  readonly ttlMs?: number;
  /** Whose tokens. @default 'gpt-5' */
  readonly model?: string;
}

export interface WorkingValue {
  readonly name: string;
  readonly value: string;
  /** Milliseconds since 1970. */
  readonly setMs: number;
  /** When it is gone by itself. */
  readonly untilMs?: number;
}

export interface SetOptions {
  /** How long this value is kept. @default that of the memory */
  readonly ttlMs?: number;
}

export interface WorkingMemory extends Memory {
  /**
   * Sets a value, and returns the names of those that had to give way.
   * @throws {PipewrightError} `memory-full` when the value alone takes more than the memory has.
   */
  readonly set: (
    name: string,
    value: string,
    options?: SetOptions,
    scope?: MemoryScope,
    run?: Run,
  ) => Promise<readonly string[]>;
  readonly get: (name: string, scope?: MemoryScope, run?: Run) => Promise<string | undefined>;
  /** Resolves to whether there was one. */
  readonly delete: (name: string, scope?: MemoryScope, run?: Run) => Promise<boolean>;
  /** The values that are there, those set longest ago first. */
  readonly list: (scope?: MemoryScope, run?: Run) => Promise<readonly WorkingValue[]>;
}

const isValue = (value: unknown): boolean =>
  isText(member(value, 'name')) && isText(member(value, 'value')) && numberIn(value, 'setMs') !== undefined;

interface State {
  readonly values: readonly WorkingValue[];
}

const isState = (value: unknown): value is State => listIn(value, 'values')?.every(isValue) === true;

const lineOf = ({ name, value }: Pick<WorkingValue, 'name' | 'value'>): string => `${name}: ${value}`;

const noteOf = (value: WorkingValue): RecalledNote => ({
  id: value.name,
  kind: 'working',
  text: lineOf(value),
  createdMs: value.setMs,
});

/**
 * A scratchpad of one conversation: named values that a program sets, told with every recall while they last. `add` keeps nothing: what
 * was said is for other memories.
 * @throws {PipewrightError} `bad-option`.
 * @example
 * const pad = workingMemory();
 * await pad.set('order', '4711');
 * await pad.get('order') // => '4711'
 */
export const workingMemory = (options: WorkingMemoryOptions = {}): WorkingMemory => {
  const { store = memoryStore(), maxTokens: capTokens = 500, ttlMs = Infinity, model = 'gpt-5' } = options;
  checkAtLeast('maxTokens', capTokens, 1);
  if (!(ttlMs > 0)) throw new PipewrightError('bad-option', `\`ttlMs\` must be above 0, got ${ttlMs}.`);
  const shelf = createShelf<State>({ store, prefix: 'memory-working', empty: { values: [] }, isState });
  const counter = tokenCounter(model);

  const lasting = (values: readonly WorkingValue[], run: Run): readonly WorkingValue[] =>
    values.filter(({ untilMs = Infinity }) => run.clock.now() < untilMs);
  const list: WorkingMemory['list'] = async (scope = {}, run = createRun()) =>
    lasting((await shelf.read(logIdOf(scope))).state.values, run);

  const set: WorkingMemory['set'] = async (
    name,
    value,
    { ttlMs: ownMs = ttlMs } = {},
    scope = {},
    run = createRun(),
  ) => {
    if (!(ownMs > 0)) throw new PipewrightError('bad-option', `\`ttlMs\` must be above 0, got ${ownMs}.`);
    const setMs = run.clock.now();
    const own: WorkingValue = { name, value, setMs, ...(ownMs === Infinity ? {} : { untilMs: setMs + ownMs }) };
    const tokensOfLine = async (each: WorkingValue): Promise<number> => (await counter.count(lineOf(each))).tokens;
    const ownTokens = await tokensOfLine(own);
    if (ownTokens > capTokens) {
      const message = `The value \`${name.slice(0, 60)}\` takes ${ownTokens} tokens, and the memory holds ${capTokens}. Shorten it, or raise \`maxTokens\`.`;
      throw new PipewrightError('memory-full', message);
    }
    const gaveWay: string[] = [];
    await shelf.locked(logIdOf(scope), run, async () => {
      const sizes = new Map<string, number>();
      for (const each of await list(scope, run)) sizes.set(lineOf(each), await tokensOfLine(each));
      await shelf.change(logIdOf(scope), run, ({ values }) => {
        gaveWay.length = 0;
        const others = lasting(values, run).filter((each) => each.name !== name);
        let tokens = ownTokens;
        const kept: WorkingValue[] = [];
        for (const each of [...others].reverse()) {
          // What another process has set meanwhile was not counted: about four characters a token.
          tokens += sizes.get(lineOf(each)) ?? Math.ceil(lineOf(each).length / 4);
          if (tokens <= capTokens) kept.unshift(each);
          else gaveWay.unshift(each.name);
        }
        return { values: [...kept, own] };
      });
    });
    return gaveWay;
  };

  const recall = async (query: RecallQuery, run: Run) => {
    const maxTokens = query.maxTokens ?? Infinity;
    checkAtLeast('maxTokens', maxTokens, 0);
    const notes = (await list(query, run)).map(noteOf).reverse();
    return recalledOf({ turns: [], notes, leftOut: 0 }, { maxTokens, counter });
  };

  return {
    kind: 'working',
    add: async (_messages, _scope, run) => run?.throwIfAborted(),
    recall: defineStep({ kind: 'memory', name: 'working', details: { maxTokens: capTokens } }, recall),
    clear: async (scope = {}, run = createRun()) => shelf.clear(logIdOf(scope), run),
    set,
    get: async (name, scope = {}, run = createRun()) =>
      (await list(scope, run)).find((each) => each.name === name)?.value,
    delete: async (name, scope = {}, run = createRun()) => {
      let wasThere = false;
      await shelf.change(logIdOf(scope), run, ({ values }) => {
        const kept = lasting(values, run).filter((each) => each.name !== name);
        wasThere = lasting(values, run).length > kept.length;
        return wasThere ? { values: kept } : undefined;
      });
      return wasThere;
    },
    list,
  };
};
