import {
  decodeState,
  encodeState,
  fromJson,
  type Json,
  PipewrightError,
  type Run,
  type RunKey,
  runKey,
  type Store,
  toJson,
} from '../core/index.js';
import { digestOf, type Entry, entryForm, hashOf, keptError, revivedError } from './journal-entry.js';

/** One call whose result is kept. */
export interface JournalCall<T> {
  readonly name: string;
  /** Stands for the call in place of the order in which it comes. */
  readonly key?: string;
  /** What it is called with, where another input at the same place means that the pipeline has changed. */
  readonly input?: unknown;
  readonly work: (run: Run) => T | Promise<T>;
  /** Whether the result is kept. @default always */
  readonly isKept?: (output: T) => boolean;
  /** Whether a failure is kept too, and thrown again. @default never */
  readonly isErrorKept?: (error: unknown) => boolean;
}

/** The results of the calls inside a run, each under the place where it was made, so that a second run need not make them. */
export interface Journal {
  readonly call: <T>(call: JournalCall<T>, run: Run) => Promise<T>;
  /** The same journal for what happens at a place that no span tells of, below the span of the run. */
  readonly at: (place: string, run: Run) => Journal;
  /** Keys of all entries that it read, wrote, or may yet write. */
  readonly keys: () => readonly string[];
  /** Names of the calls whose results were there and that nobody has asked for. */
  readonly unused: () => readonly string[];
}

export interface JournalOptions {
  /** Stands before every key of the journal, and in the keys that make calls idempotent. */
  readonly prefix: string;
  /** Entries of an earlier run. */
  readonly entries: ReadonlyMap<string, Uint8Array>;
  readonly put: (key: string, value: Uint8Array) => Promise<void>;
  /** How much of the path of a span stands before what the journal is about. */
  readonly depth: number;
  readonly maxEntries: number;
  /** Whether another call at the position of a kept one means that the pipeline has changed. */
  readonly isOrdered: boolean;
  /** Is told when the journal does not fit or cannot be kept. */
  readonly onBroken: (error: unknown) => void;
}

/** The journal of the run, where there is one. */
export const journalKey: RunKey<Journal> = runKey('journal');

/**
 * A text that stays the same when a journaled call is made again after a crash: give it to a service that does work once for
 * each key. Undefined outside of `once`, and where nothing is journaled.
 */
export const idempotencyKey: RunKey<string> = runKey('idempotency-key');

/** Tries of one call are one place: a retry around it must find what an earlier try has left. */
const isPlace = (segment: string): boolean => !/^attempt \d+$/u.test(segment);

/** Where the paths of calls begin. */
interface Base {
  readonly path: readonly string[];
  /** How much of the path of a span is in it already. */
  readonly depth: number;
}

const pathFrom = ({ path, depth }: Base, { span }: Run): readonly string[] => [
  ...path,
  ...span.path.slice(depth).filter(isPlace),
];

/** Where a call is made: the spans around it, without that of the call itself, which a combinator may have made. */
const placeOf = (base: Base, run: Run, name: string): readonly string[] => {
  const path = pathFrom(base, run);
  return path.at(-1) === name ? path.slice(0, -1) : path;
};

const positionOf = (path: readonly string[], order: number): string => JSON.stringify([path, order]);

/** The calls of one name below one path, numbered by their order; a call that failed gives its number back. */
interface Numbers {
  next: number;
  readonly free: number[];
}

const takeNumber = (numbers: Numbers): number => {
  if (numbers.free.length === 0) return numbers.next++;
  const least = Math.min(...numbers.free);
  numbers.free.splice(numbers.free.indexOf(least), 1);
  return least;
};

const mismatch = (where: string, what: string): PipewrightError =>
  new PipewrightError(
    'journal-mismatch',
    `The journal does not fit the pipeline at \`${where}\`: ${what}. Go on with the pipeline that began this run, or delete the run.`,
    { details: { where } },
  );

const encoded = (name: string, output: unknown): Json => {
  try {
    return toJson(output, { isExact: true });
  } catch (cause) {
    const message = `What \`${name}\` resolved to cannot be kept in a journal: it must be plain data.`;
    throw new PipewrightError('bad-input', message, { cause, details: { where: name } });
  }
};

class RunJournal {
  readonly #options: JournalOptions;
  readonly #entries: Map<string, Entry>;
  readonly #keys: Set<string>;
  /** Entries that nobody has asked for yet, by their position. */
  readonly #positions: Map<string, string>;
  /** By path and name. */
  readonly #numbers = new Map<string, Numbers>();
  /** How many calls came below a path. */
  readonly #orders = new Map<string, number>();

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#entries = new Map([...options.entries].map(([key, bytes]) => [key, decodeState(entryForm, bytes, key)]));
    this.#keys = new Set(options.entries.keys());
    this.#positions = new Map([...this.#entries].map(([key, { path, order }]) => [positionOf(path, order), key]));
  }

  /** What goes wrong with the journal itself, not with a call. */
  #broken(error: unknown): unknown {
    this.#options.onBroken(error);
    return error;
  }

  from(base: Base): Journal {
    return {
      call: (call, run) => this.#call(base, call, run),
      at: (place, run) => this.from({ path: [...pathFrom(base, run), place], depth: run.span.path.length }),
      keys: () => [...this.#keys],
      unused: () => [...this.#entries.values()].map(({ name }) => name),
    };
  }

  async #call<T>(base: Base, call: JournalCall<T>, run: Run): Promise<T> {
    const { name } = call;
    const path = placeOf(base, run, name);
    const order = this.#orders.get(JSON.stringify(path)) ?? 0;
    this.#orders.set(JSON.stringify(path), order + 1);
    const numbers = this.#numbersOf(path, call);
    const number = numbers === undefined ? undefined : takeNumber(numbers);
    const key = `${this.#options.prefix}${hashOf(JSON.stringify([path, name, number ?? call.key]))}`;
    const where = [...path, name].join(' / ');
    const digest = call.key === undefined ? digestOf(call.input) : undefined;
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#entries.delete(key);
      this.#positions.delete(positionOf(known.path, known.order));
      return this.#again(known, digest, where, run);
    }
    this.#checkOrder(path, order, where);
    const giveBack = (): void => {
      this.#keys.delete(key);
      if (number !== undefined) numbers?.free.push(number);
    };
    const head = { version: 1, path, name, order, ...(digest === undefined ? {} : { digest }) } as const;
    return this.#first(call, key, head, run, giveBack);
  }

  #numbersOf<T>(path: readonly string[], { name, key }: JournalCall<T>): Numbers | undefined {
    if (key !== undefined) return undefined;
    const place = JSON.stringify([path, name]);
    const numbers = this.#numbers.get(place) ?? { next: 0, free: [] };
    this.#numbers.set(place, numbers);
    return numbers;
  }

  #again<T>({ name, digest, output, error }: Entry, given: string | undefined, where: string, run: Run): T {
    if (digest !== undefined && given !== undefined && digest !== given) {
      throw this.#broken(
        mismatch(where, 'its input is not the one that it had then. What differs from run to run needs a `once` too'),
      );
    }
    run.emit({ type: 'custom', name: 'journal-replay', data: { name } });
    if (error !== undefined) throw revivedError(error);
    return fromJson(output as Json) as T;
  }

  /** Another call came at this position when the journal was written: this one is new, or has another name now. */
  #checkOrder(path: readonly string[], order: number, where: string): void {
    const there = this.#options.isOrdered ? this.#positions.get(positionOf(path, order)) : undefined;
    if (there !== undefined) {
      throw this.#broken(mismatch(where, `then \`${this.#entries.get(there)?.name}\` stood there`));
    }
  }

  async #first<T>(
    call: JournalCall<T>,
    key: string,
    head: Omit<Entry, 'output' | 'error'>,
    run: Run,
    giveBack: () => void,
  ): Promise<T> {
    const { maxEntries } = this.#options;
    if (this.#keys.size >= maxEntries) {
      const message = `The journal holds ${maxEntries} calls, its limit. Raise \`maxEntries\`, or put \`once\` around larger parts.`;
      throw this.#broken(new PipewrightError('quota-exhausted', message, { details: { where: head.name } }));
    }
    this.#keys.add(key);
    let output: T;
    try {
      output = await call.work(run.with({ values: new Map([[idempotencyKey, key]]) }));
    } catch (error) {
      run.throwIfAborted();
      if (call.isErrorKept?.(error) === true) await this.#put(key, { ...head, error: keptError(error) });
      else giveBack();
      throw error;
    }
    if (call.isKept?.(output) === false) {
      giveBack();
      return output;
    }
    // Also after an abort: the work is done, and must not be done again.
    return fromJson(await this.#keep(key, head, output)) as T;
  }

  async #keep(key: string, head: Omit<Entry, 'output' | 'error'>, output: unknown): Promise<Json> {
    try {
      const json = encoded(head.name, output);
      await this.#put(key, { ...head, output: json });
      return json;
    } catch (error) {
      throw this.#broken(error);
    }
  }

  async #put(key: string, entry: Entry): Promise<void> {
    await this.#options.put(key, encodeState(entry));
  }
}

export const createJournal = (options: JournalOptions): Journal =>
  new RunJournal(options).from({ path: [], depth: options.depth });

/** The entries that an earlier run has left under a prefix. */
export const journalEntries = async (store: Store, prefix: string): Promise<ReadonlyMap<string, Uint8Array>> => {
  const entries = new Map<string, Uint8Array>();
  // `0` follows `/`, with which the prefix ends.
  for await (const [key, value] of store.range({ from: prefix, to: `${prefix.slice(0, -1)}0` }))
    entries.set(key, value);
  return entries;
};
