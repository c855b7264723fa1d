import { PipewrightError, type Store } from '../core/index.js';

/** Reads and checks state that was exported or stored as plain data with a `version`. */
export interface StateForm<T> {
  /** What errors call it: `model registry`. */
  readonly what: string;
  readonly version: number;
  /** The state, from data of this version; undefined when the data is damaged. */
  readonly read: (data: Readonly<Record<string, unknown>>) => T | undefined;
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws {PipewrightError} `store-newer` or `store-damaged`. */
export const stateOf = <T>({ what, version, read }: StateForm<T>, data: unknown, where?: string): T => {
  const at = where === undefined ? '' : ` (${where})`;
  const details = where === undefined ? {} : { where };
  const found = isRecord(data) ? data.version : undefined;
  if (typeof found === 'number' && found > version) {
    const message = `The data of the ${what}${at} has version ${found}, this release reads up to ${version}. Update pipewright.`;
    throw new PipewrightError('store-newer', message, { details });
  }
  const state = isRecord(data) && found === version ? read(data) : undefined;
  if (state === undefined) {
    const message = `The data of the ${what}${at} is damaged or of something else. Restore it, or start without it.`;
    throw new PipewrightError('store-damaged', message, { details });
  }
  return state;
};

/** The state under a key; undefined when there is none. */
export const loadState = async <T>(form: StateForm<T>, store: Store, key: string): Promise<T | undefined> => {
  const bytes = await store.get(key);
  if (bytes === undefined) return undefined;
  let data: unknown;
  try {
    data = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // Not JSON: damaged, as stateOf says.
    data = undefined;
  }
  return stateOf(form, data, key);
};

export const saveState = (store: Store, key: string, data: object): Promise<void> =>
  store.write([{ type: 'put', key, value: new TextEncoder().encode(JSON.stringify(data)) }]);
