import { PipewrightError, type Run, type Store, yieldToEventLoop } from '../core/index.js';

/** How a record lies in a store: as JSON with a version. */
export interface StateForm<T> {
  /** What errors call it: `prompt version`. */
  readonly what: string;
  /** The record from its data; undefined when the data is damaged. */
  readonly read: (data: Readonly<Record<string, unknown>>) => T | undefined;
  readonly write: (state: T) => object;
}

/** Of every record here. */
const formatVersion = 1;

/** Each try that fails is one that another has won. */
const maxTries = 1_000;

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

export const isFigure = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** Undefined where the work fails: what is damaged may fail anywhere in it. */
const attempt = <T>(work: () => T): T | undefined => {
  try {
    return work();
  } catch {
    return undefined;
  }
};

/** @throws {PipewrightError} `store-newer` or `store-damaged` that names the key. */
export const decodeState = <T>({ what, read }: StateForm<T>, key: string, bytes: Uint8Array): T => {
  const data: unknown = attempt(() => JSON.parse(new TextDecoder().decode(bytes)));
  const found = isRecord(data) ? data.version : undefined;
  if (typeof found === 'number' && found > formatVersion) {
    const message = `The ${what} under \`${key}\` has format ${found}, this release reads up to ${formatVersion}. Update pipewright.`;
    throw new PipewrightError('store-newer', message, { details: { where: key } });
  }
  const state = isRecord(data) && found === formatVersion ? attempt(() => read(data)) : undefined;
  if (state === undefined) {
    const message = `The ${what} under \`${key}\` is damaged. Restore the store from a copy, or delete this key.`;
    throw new PipewrightError('store-damaged', message, { details: { where: key } });
  }
  return state;
};

export const encodeState = <T>({ write }: StateForm<T>, state: T): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ version: formatVersion, ...write(state) }));

/** The record under a key; undefined when there is none. */
export const loadState = async <T>(form: StateForm<T>, store: Store, key: string): Promise<T | undefined> => {
  const bytes = await store.get(key);
  return bytes === undefined ? undefined : decodeState(form, key, bytes);
};

/** Changes the record under a key, also while other processes do: none of the changes is lost. */
export const changeState = async <T>(
  form: StateForm<T>,
  store: Store,
  key: string,
  change: (state: T | undefined) => T,
  run?: Run,
): Promise<T> => {
  for (let tries = 0; tries < maxTries; tries++) {
    run?.throwIfAborted();
    const before = await store.get(key);
    const next = change(before === undefined ? undefined : decodeState(form, key, before));
    const bytes = encodeState(form, next);
    if (before !== undefined && Buffer.compare(before, bytes) === 0) return next;
    if (await store.compareAndSet(key, before, bytes)) return next;
    await yieldToEventLoop();
  }
  throw new PipewrightError('store-locked', `\`${key}\` is changed by so many others that it was given up.`, {
    retryable: true,
    details: { where: key },
  });
};
