import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createLock, type Embedder, PipewrightError, type Store, type StoreChange } from '../core/index.js';
import { diskStore, scoped } from '../store/index.js';
import { type HnswStore, hnsw } from './hnsw.js';
import type { HnswOptions } from './options.js';
import { createRecords } from './records.js';

export interface OpenCollectionsOptions {
  /** Makes the vectors of collections that are opened without an embedder of their own. */
  readonly embedder?: Embedder;
}

/** What one of several collections is opened with. */
export type CollectionOptions = Omit<HnswOptions, 'path' | 'store'>;

/** What is known of a collection without opening it. */
export interface CollectionStats {
  readonly name: string;
  readonly isOpen: boolean;
  readonly dimensions: number;
  readonly count: number;
  /** Milliseconds since 1970; undefined while it was never written to. */
  readonly lastChangedMs?: number;
}

/** Named vector collections in one folder or store, each by itself. */
export interface Collections extends AsyncDisposable {
  /**
   * Opens a collection, or makes it.
   * @throws {PipewrightError} `store-locked` when it is open already, and what `hnsw` throws.
   */
  readonly open: (name: string, options?: CollectionOptions) => Promise<HnswStore>;
  /** The names, in order. */
  readonly list: () => Promise<readonly string[]>;
  /**
   * Deletes a collection with all it holds; false when there is none.
   * @throws {PipewrightError} `store-locked` when it is open.
   */
  readonly drop: (name: string) => Promise<boolean>;
  readonly stats: () => Promise<readonly CollectionStats[]>;
  /** Closes every collection, and the folder. A store that was handed in stays open. */
  readonly close: () => Promise<void>;
}

const nameForm = /^[a-z0-9][a-z0-9._-]{0,63}$/u;
/** Holds `<name>` for each collection; `/` stands in no name. */
const namesPart = 'collections/';
const encoder = new TextEncoder();
const present = encoder.encode('1');
const dropped = encoder.encode('0');

const checkName = (name: string): void => {
  if (typeof name === 'string' && nameForm.test(name)) return;
  throw new PipewrightError(
    'bad-option',
    `A collection cannot be named \`${String(name)}\`: a name has 1 to 64 letters from a to z, digits, \`.\`, \`_\` and \`-\`, and begins with a letter or digit.`,
  );
};

const isOpenAlready = (name: string, what: string): PipewrightError =>
  new PipewrightError('store-locked', `The collection \`${name}\` is open${what}. Close it first.`);

const keysPerBatch = 1_000;

/** Deletes all keys of a part, batch by batch. */
const clear = async (store: Store): Promise<void> => {
  let changes: StoreChange[] = [];
  for await (const [key] of store.range({})) {
    if (changes.push({ type: 'delete', key }) < keysPerBatch) continue;
    await store.write(changes);
    changes = [];
  }
  await store.write(changes);
};

interface Shelf {
  readonly store: Store;
  readonly folder: string | undefined;
}

const partOf = ({ store }: Shelf, name: string): Store => scoped(store, `collection-${name}`);
const snapshotsOf = ({ folder }: Shelf, name: string): string | undefined =>
  folder === undefined ? undefined : join(folder, 'snapshots', name);

/** What was marked as dropped goes for good; again at the next opening, if the process ends before that. */
const finishDrop = async (shelf: Shelf, name: string): Promise<void> => {
  await clear(partOf(shelf, name));
  const folder = snapshotsOf(shelf, name);
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  await shelf.store.write([{ type: 'delete', key: namesPart + name }]);
};

const namesIn = async ({ store }: Shelf): Promise<{ readonly names: string[]; readonly halfDropped: string[] }> => {
  const names: string[] = [];
  const halfDropped: string[] = [];
  for await (const [key, value] of store.range({ from: namesPart, to: 'collections0' })) {
    (value[0] === dropped[0] ? halfDropped : names).push(key.slice(namesPart.length));
  }
  return { names, halfDropped };
};

const statsOf = async (shelf: Shelf, name: string, isOpen: boolean): Promise<CollectionStats> => {
  const meta = await createRecords(partOf(shelf, name), name, { hasSnapshots: false }).meta();
  const lastChangedMs = meta?.lastChangedMs;
  return {
    name,
    isOpen,
    dimensions: meta?.dimensions ?? 0,
    count: meta?.count ?? 0,
    ...(lastChangedMs !== undefined && { lastChangedMs }),
  };
};

/**
 * Opens a place for several named collections: a folder, or a store that was made elsewhere. Collections know nothing of each
 * other: each has its own dimensions, metric and options.
 * @throws {PipewrightError} `store-locked`, `store-damaged` or `store-newer` when the folder cannot be opened.
 * @example
 * await using collections = await openCollections(memoryStore());
 * const faq = await collections.open('faq', { dimensions: 3 });
 * await collections.list() // => ['faq']
 */
export const openCollections = async (
  place: string | Store,
  { embedder }: OpenCollectionsOptions = {},
): Promise<Collections> => {
  const shelf: Shelf =
    typeof place === 'string' ? { store: await diskStore(place), folder: place } : { store: place, folder: undefined };
  const { run: oneAtATime } = createLock();
  const opened = new Map<string, HnswStore>();
  for (const name of (await namesIn(shelf)).halfDropped) await finishDrop(shelf, name);

  const open: Collections['open'] = async (name, options = {}) => {
    checkName(name);
    return oneAtATime(async () => {
      if (opened.has(name)) throw isOpenAlready(name, ' already');
      const part = partOf(shelf, name);
      const path = snapshotsOf(shelf, name);
      const vectors = await hnsw({
        ...(embedder !== undefined && { embedder }),
        ...options,
        store: part,
        ...(path !== undefined && { path }),
      });
      await shelf.store.write([{ type: 'put', key: namesPart + name, value: present }]);
      const close = async (): Promise<void> => {
        await vectors.close();
        if (opened.get(name) === collection) opened.delete(name);
      };
      const collection: HnswStore = { ...vectors, close, [Symbol.asyncDispose]: close };
      opened.set(name, collection);
      return collection;
    });
  };
  const close = (): Promise<void> =>
    oneAtATime(async () => {
      for (const collection of opened.values()) await collection.close();
      if (typeof place === 'string') await shelf.store.close();
    });
  return {
    open,
    list: async () => (await namesIn(shelf)).names,
    drop: async (name) => {
      checkName(name);
      return oneAtATime(async () => {
        if (opened.has(name)) throw isOpenAlready(name, '');
        if ((await shelf.store.get(namesPart + name)) === undefined) return false;
        await shelf.store.write([{ type: 'put', key: namesPart + name, value: dropped }]);
        await finishDrop(shelf, name);
        return true;
      });
    },
    stats: async () => Promise.all((await namesIn(shelf)).names.map((name) => statsOf(shelf, name, opened.has(name)))),
    close,
    [Symbol.asyncDispose]: close,
  };
};
