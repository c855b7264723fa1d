import {
  changeEntry,
  decodeState,
  encodeState,
  isRecord,
  PipewrightError,
  type Run,
  type StateForm,
  type Store,
} from '../core/index.js';

/** What is known of one strategy with one kind of question. */
export interface Arm {
  readonly kind: string;
  readonly strategy: string;
  /** Answers with a score. After many the older ones fade, so this need not be whole. */
  readonly count: number;
  readonly sum: number;
  /** Calls, with or without a score, those that failed among them. */
  readonly calls: number;
  readonly failures: number;
  readonly costUsd: number;
  readonly durationMs: number;
}

export type ArmChange = Partial<Omit<Arm, 'kind' | 'strategy'>>;

const version = 1;
const figures = ['count', 'sum', 'calls', 'failures', 'costUsd', 'durationMs'] as const;
/** More kinds than this are taken together as `other`, whatever a classifier says. */
const maxKinds = 32;
/** Arms of strategies that are gone are let go of beyond this. */
const maxArms = 1_024;
const armOf = (value: unknown): Arm | undefined => {
  if (!isRecord(value) || typeof value.kind !== 'string' || typeof value.strategy !== 'string') return undefined;
  const isFigure = (name: string): boolean => typeof value[name] === 'number' && Number.isFinite(value[name]);
  return figures.every(isFigure) ? (value as unknown as Arm) : undefined;
};

const form: StateForm<readonly Arm[]> = {
  what: 'strategies that `adaptive` has learnt',
  version,
  read: (data) => {
    const arms = Array.isArray(data.arms) ? data.arms.map(armOf) : [undefined];
    const good = arms.filter((arm) => arm !== undefined);
    return good.length === arms.length ? good : undefined;
  },
};

const read = (bytes: Uint8Array | undefined, key: string): readonly Arm[] =>
  bytes === undefined ? [] : decodeState(form, bytes, key);

export const readArms = async (store: Store, key: string): Promise<readonly Arm[]> => read(await store.get(key), key);

/** The kind under which a question is counted: a new one only while there are few. */
export const countedKind = (arms: readonly Arm[], kind: string): string => {
  const known = new Set(arms.map((arm) => arm.kind));
  return known.has(kind) || known.size < maxKinds ? kind : 'other';
};

const noArm = { count: 0, sum: 0, calls: 0, failures: 0, costUsd: 0, durationMs: 0 };

/** Adds to an arm; beyond `maxWeight` scores all of it is scaled down, so that what is new counts. */
const changed = (arm: Arm, change: ArmChange, maxWeight: number): Arm => {
  const added = Object.fromEntries(figures.map((name) => [name, Math.max(0, arm[name] + (change[name] ?? 0))]));
  const next = { ...arm, ...added };
  const weight = Math.max(next.count, next.calls);
  if (weight <= maxWeight) return next;
  return { ...next, ...Object.fromEntries(figures.map((name) => [name, (next[name] * maxWeight) / weight])) };
};

/** Adds to what is known, also while other processes do. */
export const addToArm = async (
  { store, key, maxWeight }: { readonly store: Store; readonly key: string; readonly maxWeight: number },
  { kind, strategy }: Pick<Arm, 'kind' | 'strategy'>,
  change: ArmChange,
  run: Run,
): Promise<void> => {
  const learn = (before: Uint8Array | undefined) => {
    const arms = read(before, key);
    const isIt = (arm: Arm): boolean => arm.kind === kind && arm.strategy === strategy;
    const arm = arms.find(isIt) ?? { kind, strategy, ...noArm };
    const others = arms.filter((each) => !isIt(each)).slice(1 - maxArms);
    // The arm that changed last stands at the end, so the ones that nobody changes any more are dropped first.
    return { value: encodeState({ version, arms: [...others, changed(arm, change, maxWeight)] }), result: undefined };
  };
  await changeEntry(store, key, learn, run);
};

/** An answer that feedback may still come for. */
export interface OpenAnswer {
  readonly kind: string;
  readonly strategy: string;
  /** The score that counts for it so far. */
  readonly score?: number;
}

const openForm: StateForm<OpenAnswer> = {
  what: 'answer that waits for feedback',
  version,
  read: ({ kind, strategy, score }) => {
    if (typeof kind !== 'string' || typeof strategy !== 'string') return undefined;
    return { kind, strategy, ...(typeof score === 'number' ? { score } : {}) };
  },
};

const answerKey = (key: string, id: string): string => `${key}/answer/${id}`;

export const rememberAnswer = (store: Store, key: string, id: string, open: OpenAnswer, ttlMs: number): Promise<void> =>
  store.write([{ type: 'put', key: answerKey(key, id), value: encodeState({ version, ...open }), ttlMs }]);

/** Puts a score in place of the one that an answer had, and tells what it had. */
export const rescoreAnswer = async (
  store: Store,
  key: string,
  id: string,
  score: number,
  ttlMs: number,
): Promise<OpenAnswer> => {
  const where = answerKey(key, id);
  const rescored = await changeEntry(store, where, (before) => {
    if (before === undefined) return undefined;
    const open = decodeState(openForm, before, where);
    return { value: encodeState({ version, ...open, score }), ttlMs, result: open };
  });
  if (rescored !== undefined) return rescored;
  const message = `No answer \`${id}\` is waiting for feedback: it is unknown, or too old.`;
  throw new PipewrightError('not-found', message, { details: { where } });
};
