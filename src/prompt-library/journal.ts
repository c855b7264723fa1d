import { createHash } from 'node:crypto';
import { fromJson, type Json, type Store, toJson } from '../core/index.js';
import { encodeState, loadState, type StateForm } from './state.js';

/** Remembers results, so that work that was broken off goes on where it stood. */
export interface Journal {
  /** The result under a key; made when there is none. Failures are not remembered. */
  readonly remember: <T>(key: string, make: () => Promise<T>) => Promise<T>;
  /** Whether the result is at hand, without a look into the store. */
  readonly has: (key: string) => boolean;
}

/** A short name for any plain value: equal values have equal names. */
export const fingerprint = (value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(toJson(value)))
    .digest('hex')
    .slice(0, 32);

const resultForm: StateForm<{ readonly result: unknown }> = {
  what: 'result of an optimisation',
  read: (data) => ('result' in data ? { result: fromJson(data.result as Json) } : undefined),
  write: ({ result }) => ({ result: toJson(result) }),
};

/** A journal below a name in a store, or in memory alone. */
export const openJournal = (store: Store | undefined, name: string): Journal => {
  const known = new Map<string, Promise<unknown>>();
  const load = async <T>(key: string, make: () => Promise<T>): Promise<T> => {
    const at = `${name}/${key}`;
    const kept = store === undefined ? undefined : await loadState(resultForm, store, at);
    if (kept !== undefined) return kept.result as T;
    const result = await make();
    const value = encodeState(resultForm, { result });
    await store?.write([{ type: 'put', key: at, value }]);
    return result;
  };
  return {
    has: (key) => known.has(key),
    remember: <T>(key: string, make: () => Promise<T>) => {
      const before = known.get(key);
      if (before !== undefined) return before as Promise<T>;
      const work = load(key, make);
      known.set(key, work);
      work.catch(() => known.delete(key));
      return work;
    },
  };
};
