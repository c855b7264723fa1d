import { createHash } from 'node:crypto';
import {
  checkStoreKey,
  encodeState,
  isRecord,
  type Json,
  loadState,
  type StateForm,
  type Store,
  type StoreChange,
  type StoreRange,
  toJson,
} from '../core/index.js';

/** A run that has not ended, as it lies in the store. */
export interface OpenRecord {
  readonly version: 1;
  readonly input: Json;
  readonly startedMs: number;
  /** The latest failure. */
  readonly failure?: { readonly message: string; readonly atMs: number };
}

/** A run that has ended. */
export interface DoneRecord {
  readonly version: 1;
  readonly inputDigest: string;
  readonly output: Json;
}

export const openForm: StateForm<OpenRecord> = {
  what: 'durable run',
  version: 1,
  read: (data) => {
    const { startedMs, failure } = data;
    const isWhole = 'input' in data && typeof startedMs === 'number' && (failure === undefined || isRecord(failure));
    return isWhole ? (data as unknown as OpenRecord) : undefined;
  },
};

const doneForm: StateForm<DoneRecord> = {
  what: 'result of a durable run',
  version: 1,
  read: (data) =>
    'output' in data && typeof data.inputDigest === 'string' ? (data as unknown as DoneRecord) : undefined,
};

export const digestOf = (input: Json): string => createHash('sha256').update(JSON.stringify(input)).digest('base64url');

/** An id as a part of a key: without `/`, so that no id lies below another. */
export const keyPart = (id: string): string => {
  checkStoreKey(id);
  return encodeURIComponent(id);
};

/** The keys of the runs of one pipeline, by their ids. */
export interface DurableKeys {
  readonly open: (id: string) => string;
  readonly done: (id: string) => string;
  readonly lease: (id: string) => string;
  /** What the keys of the journal begin with. */
  readonly journal: (id: string) => string;
  /** From the first to behind the last open run. */
  readonly allOpen: StoreRange;
  readonly idOf: (openKey: string) => string;
}

export const keysOf = (name: string): DurableKeys => {
  const root = keyPart(name);
  const openPrefix = `${root}/open/`;
  return {
    open: (id) => `${openPrefix}${keyPart(id)}`,
    done: (id) => `${root}/done/${keyPart(id)}`,
    lease: (id) => `${root}/lease/${keyPart(id)}`,
    journal: (id) => `${root}/journal/${keyPart(id)}/`,
    allOpen: { from: openPrefix, to: `${root}/open0` },
    idOf: (openKey) => decodeURIComponent(openKey.slice(openPrefix.length)),
  };
};

export const loadOpen = (store: Store, key: string): Promise<OpenRecord | undefined> => loadState(openForm, store, key);
export const loadDone = (store: Store, key: string): Promise<DoneRecord | undefined> => loadState(doneForm, store, key);

export const putState = (key: string, value: OpenRecord | DoneRecord, ttlMs?: number): StoreChange => ({
  type: 'put',
  key,
  value: encodeState(value),
  ...(ttlMs === undefined ? {} : { ttlMs }),
});

export const deletes = (keys: readonly string[]): readonly StoreChange[] =>
  keys.map((key) => ({ type: 'delete', key }));

/** @throws {PipewrightError} `bad-input` for what is no plain data. */
export const plainJson = (value: unknown): Json => toJson(value, { isExact: true });
