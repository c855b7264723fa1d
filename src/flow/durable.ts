import {
  type AnyStep,
  callStep,
  checkAtLeast,
  createRun,
  decodeState,
  defineStepWith,
  fromJson,
  isPipewrightError,
  map,
  messageOf,
  PipewrightError,
  type Run,
  type RunScope,
  scrubText,
  type Step,
  type StepLike,
  type Store,
} from '../core/index.js';
import {
  deletes,
  digestOf,
  type DurableKeys,
  keysOf,
  loadDone,
  loadOpen,
  openForm,
  type OpenRecord,
  plainJson,
  putState,
} from './durable-store.js';
import { createJournal, journalEntries, journalKey } from './journal.js';
import { type Lease, takeLease } from './lease.js';

export interface DurableOptions {
  /** Where runs are kept. */
  readonly store: Store;
  /** Tells its runs from those of other pipelines in the store. */
  readonly name: string;
  /** A process that gives no sign of life for so long counts as dead, and another may go on with its runs. @default 30000 */
  readonly leaseMs?: number;
  /** Calls that the journal of one run holds at most. @default 10000 */
  readonly maxEntries?: number;
  /** How long the result of a run is kept for whoever asks again. @default 604800000 (a week) */
  readonly keepDoneMs?: number;
}

export interface DurableInput<In> {
  /** Stands for this piece of work: the same id never does it twice. */
  readonly id: string;
  /** What the pipeline is given. @default the input that this run was begun with */
  readonly input?: In;
}

/** A run that was begun and has not come to its end. */
export interface UnfinishedRun {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  /** Why it stopped the last time; undefined when it is under way, or its process died. */
  readonly failure?: { readonly message: string; readonly atMs: number };
}

/** What became of a run that was resumed with the others. */
export type ResumedRun<Out> =
  | { readonly id: string; readonly status: 'done'; readonly output: Out }
  | { readonly id: string; readonly status: 'failed'; readonly error: unknown };

export interface Durable<In, Out> extends Step<DurableInput<In>, Out> {
  /** The runs that have not come to their end, by id. */
  readonly unfinished: () => AsyncIterable<UnfinishedRun>;
  /** Goes on with all of them that nobody works on, eight at once. */
  readonly resumeAll: (run?: Run) => Promise<readonly ResumedRun<Out>[]>;
  /** Forgets a run with all that it has kept. Throws `store-locked` while somebody works on it. */
  readonly delete: (id: string, run?: Run) => Promise<void>;
}

interface Settings {
  readonly store: Store;
  readonly name: string;
  readonly leaseMs: number;
  readonly maxEntries: number;
  readonly keepDoneMs: number;
  readonly keys: DurableKeys;
  readonly step: StepLike<unknown, unknown>;
}

const leaseOn = (
  { store, name, keys, leaseMs }: Settings,
  id: string,
  onLost: (error: unknown) => void,
  run: Run,
): Promise<Lease> =>
  takeLease(store, keys.lease(id), { what: `The run \`${id}\` of \`${name}\``, leaseMs, onLost }, run);

const otherInput = (id: string): PipewrightError =>
  new PipewrightError(
    'journal-mismatch',
    `The run \`${id}\` was begun with another input. Give other work another id, or leave the input out to go on with this one.`,
    { details: { where: id } },
  );

/** What the run has come to already, if it was this one. */
const finished = async ({ store, keys }: Settings, { id, input }: DurableInput<unknown>) => {
  const done = await loadDone(store, keys.done(id));
  if (done === undefined) return undefined;
  if (input !== undefined && digestOf(plainJson(input)) !== done.inputDigest) throw otherInput(id);
  return { output: fromJson(done.output) };
};

/** The record to go on with, or a new one. */
const openRecord = async (
  settings: Settings,
  { id, input }: DurableInput<unknown>,
  lease: Lease,
  run: Run,
): Promise<OpenRecord> => {
  const { store, name, keys } = settings;
  const known = await loadOpen(store, keys.open(id));
  if (known !== undefined) {
    if (input !== undefined && digestOf(plainJson(input)) !== digestOf(known.input)) throw otherInput(id);
    return known;
  }
  if (input === undefined) {
    const message = `There is no run \`${id}\` of \`${name}\` to go on with. Give an input to begin it.`;
    throw new PipewrightError('not-found', message, { details: { where: id } });
  }
  const record: OpenRecord = { version: 1, input: plainJson(input), startedMs: run.clock.now() };
  await lease.write([putState(keys.open(id), record)]);
  return record;
};

const nobody = (): void => undefined;

/** Runs the pipeline with the journal of the run, and keeps what it resolves to. */
const work = async (
  settings: Settings,
  id: string,
  record: OpenRecord,
  lease: Lease,
  scope: RunScope,
): Promise<unknown> => {
  const { store, keys, maxEntries, keepDoneMs, step } = settings;
  const { run } = scope;
  const prefix = keys.journal(id);
  const journal = createJournal({
    prefix,
    entries: await journalEntries(store, prefix),
    put: (key, value) => lease.write([{ type: 'put', key, value }]),
    depth: run.span.path.length,
    maxEntries,
    isOrdered: true,
    // At once, whoever catches the error: nothing must be done that cannot be kept.
    onBroken: (error) => scope.abort(error),
  });
  // Watched, so that every step has a span: their names are the places of the journal.
  const output = await callStep(
    step,
    fromJson(record.input),
    run.with({ on: nobody, values: new Map([[journalKey, journal]]) }),
  );
  run.throwIfAborted();
  const unused = journal.unused();
  if (unused.length > 0) {
    run.emit({
      type: 'warning',
      message: `The run \`${id}\` ended without asking for what it had kept: ${unused.join(', ')}.`,
    });
  }
  const json = plainJson(output);
  await lease.release([
    putState(keys.done(id), { version: 1, inputDigest: digestOf(record.input), output: json }, keepDoneMs),
    ...deletes([keys.open(id), ...journal.keys()]),
  ]);
  return fromJson(json);
};

/** Tells why it stopped, where the store still takes it: the failure itself matters more. */
const giveUp = async (
  { keys }: Settings,
  id: string,
  record: OpenRecord | undefined,
  lease: Lease,
  error: unknown,
  run: Run,
): Promise<void> => {
  const failure = { message: scrubText(messageOf(error)), atMs: run.clock.now() };
  const changes = record === undefined ? [] : [putState(keys.open(id), { ...record, failure })];
  await lease.release(changes).catch(() => undefined);
};

const runDurably = async (settings: Settings, asked: DurableInput<unknown>, run: Run): Promise<unknown> => {
  const { id } = asked;
  const before = await finished(settings, asked);
  if (before !== undefined) return before.output;
  using scope = run.scope();
  const lease = await leaseOn(settings, id, (error) => scope.abort(error), scope.run);
  let record: OpenRecord | undefined;
  try {
    // Another process may have ended it in the meantime.
    const meanwhile = await finished(settings, asked);
    if (meanwhile !== undefined) {
      await lease.release([]);
      return meanwhile.output;
    }
    record = await openRecord(settings, asked, lease, scope.run);
    return await work(settings, id, record, lease, scope);
  } catch (error) {
    await giveUp(settings, id, record, lease, error, run);
    throw error;
  }
};

const isLocked = (error: unknown): boolean => isPipewrightError(error) && error.code === 'store-locked';

const deleteRun = async (settings: Settings, id: string, run: Run): Promise<void> => {
  const { store, keys } = settings;
  const lease = await leaseOn(settings, id, nobody, run);
  try {
    const entries = await journalEntries(store, keys.journal(id));
    await lease.release(deletes([keys.open(id), keys.done(id), ...entries.keys()]));
  } catch (error) {
    await lease.release([]).catch(nobody);
    throw error;
  }
};

async function* unfinishedOf({ store, keys }: Settings): AsyncGenerator<UnfinishedRun> {
  for await (const [key, bytes] of store.range(keys.allOpen)) {
    const { startedMs, failure } = decodeState(openForm, bytes, key);
    yield { id: keys.idOf(key), startedMs, ...(failure === undefined ? {} : { failure }) };
  }
}

const settingsOf = (step: AnyStep, options: DurableOptions): Settings => {
  const { store, name, leaseMs = 30_000, maxEntries = 10_000, keepDoneMs = 604_800_000 } = options;
  if (name === '') throw new PipewrightError('bad-option', '`name` must not be empty.');
  checkAtLeast('leaseMs', leaseMs, 1);
  checkAtLeast('maxEntries', maxEntries, 1);
  checkAtLeast('keepDoneMs', keepDoneMs, 1);
  return {
    store,
    name,
    leaseMs,
    maxEntries,
    keepDoneMs,
    keys: keysOf(name),
    step: step as unknown as StepLike<unknown, unknown>,
  };
};

/**
 * Makes a pipeline survive the end of its process. Each piece of work has an id; its input, what its steps marked with `once`
 * resolve to, and its result are kept in the store. Called again with the id, it goes on where it stopped: what is in the journal is
 * not done again; a run that is done answers with its result. The pipeline itself runs again from its beginning, so what is not
 * marked must do the same each time: time, chance and what others change belong into a `once`. Inputs, results and what is
 * journaled must be plain data.
 * It costs a write for each `once`, three for a run, and a read of the journal.
 * The step throws `store-locked` (retryable) while another process works on the id, `journal-mismatch` when the id was begun with
 * another input or by another pipeline, `not-found` when it is to go on with a run that is not there, and what the pipeline throws.
 * @throws {PipewrightError} `bad-option`.
 * @example
 * const pay = durable(once('charge', (eur: number) => `paid ${eur}`), { name: 'pay', store: memoryStore() });
 * await pay({ id: 'order-17', input: 5 }) // => 'paid 5'
 */
export const durable = <In, Out>(step: StepLike<In, Out>, options: DurableOptions): Durable<In, Out> => {
  const settings = settingsOf(step as AnyStep, options);
  const { name, leaseMs } = settings;
  const info = { kind: 'durable', name, details: { leaseMs }, children: [{ step: step as AnyStep }] };
  const body = (asked: DurableInput<In>, run: Run): Promise<Out> => runDurably(settings, asked, run) as Promise<Out>;
  const resumeOne = async ({ id }: UnfinishedRun, run: Run): Promise<readonly ResumedRun<Out>[]> => {
    try {
      return [{ id, status: 'done', output: await body({ id }, run) }];
    } catch (error) {
      run.throwIfAborted();
      return isLocked(error) ? [] : [{ id, status: 'failed', error }];
    }
  };
  const props = {
    unfinished: () => unfinishedOf(settings),
    resumeAll: async (run: Run = createRun()): Promise<readonly ResumedRun<Out>[]> => {
      const all: UnfinishedRun[] = [];
      for await (const each of unfinishedOf(settings)) all.push(each);
      return (await map(resumeOne)(all, run)).flat();
    },
    delete: (id: string, run: Run = createRun()) => deleteRun(settings, id, run),
  };
  return defineStepWith<DurableInput<In>, Out, typeof props>(info, props, body);
};
