import {
  checkAtLeast,
  createRun,
  defineStep,
  type Memory,
  type MemoryScope,
  PipewrightError,
  type Recalled,
  type RecalledNote,
  type RecallQuery,
  type Run,
  type Store,
} from '../core/index.js';
import { isText, listIn, member, numberIn } from '../ask/index.js';
import { type TokenCounter, tokenCounter } from '../model/index.js';
import { memoryStore } from '../store/index.js';
import { recalledOf } from './recalled.js';
import { logIdOf } from './scope.js';
import { createShelf, type Shelf } from './shelf.js';

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

interface Settings {
  readonly shelf: Shelf<State>;
  readonly counter: TokenCounter;
  readonly maxTokens: number;
}

const lasting = (values: readonly WorkingValue[], run: Run): readonly WorkingValue[] =>
  values.filter(({ untilMs = Infinity }) => run.clock.now() < untilMs);

const checkTtl = (ttlMs: number): void => {
  if (!(ttlMs > 0)) throw new PipewrightError('bad-option', `\`ttlMs\` must be above 0, got ${ttlMs}.`);
};

/** The value as it is kept, if it has room at all. */
const checkedValue = async (value: WorkingValue, { counter, maxTokens }: Settings): Promise<number> => {
  if (value.name.trim() === '') throw new PipewrightError('bad-input', 'A value needs a `name`.');
  const { tokens } = await counter.count(lineOf(value));
  if (tokens <= maxTokens) return tokens;
  const message = `The value \`${value.name.slice(0, 60)}\` takes ${tokens} tokens, and the memory holds ${maxTokens}. Shorten it, or raise \`maxTokens\`.`;
  throw new PipewrightError('memory-full', message);
};

/** The value and the newest of the others that have room beside it. */
const setValue = async (key: string, own: WorkingValue, settings: Settings, run: Run): Promise<readonly string[]> => {
  const { shelf, counter, maxTokens } = settings;
  const ownTokens = await checkedValue(own, settings);
  const sizes = new Map<string, number>();
  for (const each of (await shelf.read(key)).state.values) {
    sizes.set(lineOf(each), (await counter.count(lineOf(each))).tokens);
  }
  const gaveWay: string[] = [];
  await shelf.change(key, run, ({ values }) => {
    gaveWay.length = 0;
    let tokens = ownTokens;
    const kept: WorkingValue[] = [];
    for (const each of lasting(values, run).toReversed()) {
      if (each.name === own.name) continue;
      // What another process has set since was not counted: no token is shorter than a byte.
      tokens += sizes.get(lineOf(each)) ?? Buffer.byteLength(lineOf(each));
      if (tokens <= maxTokens) kept.unshift(each);
      else gaveWay.unshift(each.name);
    }
    return { values: [...kept, own] };
  });
  return gaveWay;
};

const deleteValue = async (key: string, name: string, { shelf }: Settings, run: Run): Promise<boolean> => {
  let wasThere = false;
  await shelf.change(key, run, ({ values }) => {
    const kept = lasting(values, run).filter((each) => each.name !== name);
    wasThere = lasting(values, run).length > kept.length;
    return wasThere ? { values: kept } : undefined;
  });
  return wasThere;
};

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
  const { store = memoryStore(), maxTokens = 500, ttlMs = Infinity, model = 'gpt-5' } = options;
  checkAtLeast('maxTokens', maxTokens, 1);
  checkTtl(ttlMs);
  const shelf = createShelf<State>({ store, prefix: 'memory-working', empty: { values: [] }, isState });
  const counter = tokenCounter(model);
  const settings: Settings = { shelf, counter, maxTokens };

  const list = async (scope: MemoryScope = {}, run: Run = createRun()): Promise<readonly WorkingValue[]> =>
    lasting((await shelf.read(logIdOf(scope))).state.values, run);
  const recall = async (query: RecallQuery, run: Run): Promise<Recalled> => {
    const room = { maxTokens: query.maxTokens ?? Infinity, counter };
    checkAtLeast('maxTokens', room.maxTokens, 0);
    const notes = (await list(query, run)).map(noteOf).toReversed();
    return recalledOf({ turns: [], notes, leftOut: 0 }, room);
  };
  return {
    kind: 'working',
    add: async (_messages, _scope, run) => run?.throwIfAborted(),
    recall: defineStep({ kind: 'memory', name: 'working', details: { maxTokens } }, recall),
    clear: async (scope = {}, run = createRun()) => shelf.clear(logIdOf(scope), run),
    set: async (name, value, { ttlMs: ownMs = ttlMs } = {}, scope = {}, run = createRun()) => {
      checkTtl(ownMs);
      const setMs = run.clock.now();
      const own = { name, value, setMs, ...(ownMs === Infinity ? {} : { untilMs: setMs + ownMs }) };
      return shelf.locked(logIdOf(scope), run, () => setValue(logIdOf(scope), own, settings, run));
    },
    get: async (name, scope = {}, run = createRun()) =>
      (await list(scope, run)).find((each) => each.name === name)?.value,
    delete: (name, scope = {}, run = createRun()) => deleteValue(logIdOf(scope), name, settings, run),
    list,
  };
};
