import type { Store } from './document.js';
import { PipewrightError } from './errors.js';

/** How state lies in a store, or was exported: as plain data with a `version`. */
export interface StateForm<T> {
  /** What errors call it: `model registry`. */
  readonly what: string;
  readonly version: number;
  /** The state, from data of this version; undefined when the data is damaged. What it throws counts as damage too. */
  readonly read: (data: Readonly<Record<string, unknown>>) => T | undefined;
}

interface Versioned {
  readonly version: number;
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undefined where the work fails: what is damaged may fail anywhere in it. */
const attempt = <T>(work: () => T): T | undefined => {
  try {
    return work();
  } catch {
    return undefined;
  }
};

/** @throws {PipewrightError} `store-newer` or `store-damaged`, which name the place. */
export const stateOf = <T>({ what, version, read }: StateForm<T>, data: unknown, where?: string): T => {
  const at = where === undefined ? '' : ` (${where})`;
  const details = where === undefined ? {} : { where };
  const found = isRecord(data) ? data.version : undefined;
  if (typeof found === 'number' && found > version) {
    const message = `The data of the ${what}${at} has version ${found}, this release reads up to ${version}. Update pipewright.`;
    throw new PipewrightError('store-newer', message, { details });
  }
  const state = isRecord(data) && found === version ? attempt(() => read(data)) : undefined;
  if (state === undefined) {
    const message = `The data of the ${what}${at} is damaged or of something else. Restore it, or start without it.`;
    throw new PipewrightError('store-damaged', message, { details });
  }
  return state;
};

/** The state in the bytes of an entry. Throws as `stateOf` does. */
export const decodeState = <T>(form: StateForm<T>, bytes: Uint8Array, key: string): T =>
  stateOf(
    form,
    attempt(() => JSON.parse(new TextDecoder().decode(bytes))),
    key,
  );

/** The bytes of an entry from data that has its `version`. */
export const encodeState = <T extends Versioned>(data: T): Uint8Array => new TextEncoder().encode(JSON.stringify(data));

/** The state under a key; undefined when there is none. Throws as `stateOf` does. */
export const loadState = async <T>(form: StateForm<T>, store: Store, key: string): Promise<T | undefined> => {
  const bytes = await store.get(key);
  return bytes === undefined ? undefined : decodeState(form, bytes, key);
};

export const saveState = <T extends Versioned>(store: Store, key: string, data: T): Promise<void> =>
  store.write([{ type: 'put', key, value: encodeState(data) }]);
