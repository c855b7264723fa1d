import { PipewrightError, type Store } from '../core/index.js';

/** What a library remembers of one file: enough to see that it has not changed, and to take it out again. */
export interface SourceRecord {
  readonly source: string;
  /** The path that it was ingested with: the folder or pattern, not the file; undefined for what was `put`. */
  readonly root?: string;
  readonly sizeBytes: number;
  /** Last change, in milliseconds since 1970. */
  readonly modifiedMs: number;
  /** SHA-256 of the documents and of how they were cut, hexadecimal. */
  readonly hash: string;
  /** How it was cut; passages of other settings are made anew. */
  readonly settings: string;
  /** Ids of its passages in both indexes. */
  readonly ids: readonly string[];
  readonly documents: number;
  readonly tokens: number;
}

/**
 * The list of files in a library, kept in a store. A change of several files is announced (`begin`) before passages are
 * written, and becomes true in one atomic write (`commit`); after a crash `unfinished` names the passages to take out.
 */
export interface Manifest {
  readonly all: () => readonly SourceRecord[];
  readonly get: (source: string) => SourceRecord | undefined;
  /** Announces passages that may be written or deleted next. */
  readonly begin: (ids: readonly string[]) => Promise<void>;
  /** Makes the new state true: from here on a crash takes out `obsoleteIds` and keeps the records. */
  readonly commit: (
    records: readonly SourceRecord[],
    gone: readonly string[],
    obsoleteIds: readonly string[],
  ) => Promise<void>;
  /** Ends what `begin` announced: nothing is left to take out. */
  readonly end: () => Promise<void>;
  /** Passages of an interrupted change that no record owns. */
  readonly unfinished: () => readonly string[];
}

const version = 1;
const versionKey = 'version';
const pendingKey = 'pending';
const sourcePrefix = 'source/';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const encode = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

const decode = (key: string, bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new PipewrightError(
      'store-damaged',
      `The record \`${key}\` of this library is damaged. Delete the library's folder and ingest again.`,
      { cause, details: { where: key } },
    );
  }
};

const checkVersion = async (store: Store): Promise<void> => {
  const bytes = await store.get(versionKey);
  if (bytes === undefined) return store.write([{ type: 'put', key: versionKey, value: encode(version) }]);
  const found = decode(versionKey, bytes);
  if (found === version) return;
  throw new PipewrightError(
    'store-newer',
    `This library was written by a newer pipewright (format ${String(found)}; this one reads ${version}). Update pipewright.`,
  );
};

/**
 * Reads the manifest that a store holds, or starts an empty one.
 * @throws {PipewrightError} `store-newer` or `store-damaged` when it cannot be read.
 */
export const openManifest = async (store: Store): Promise<Manifest> => {
  await checkVersion(store);
  const records = new Map<string, SourceRecord>();
  let pending: readonly string[] = [];
  for await (const [key, bytes] of store.range({ from: pendingKey, to: `${sourcePrefix}\u{10ffff}` })) {
    if (key === pendingKey) pending = decode(key, bytes) as readonly string[];
    else if (key.startsWith(sourcePrefix)) {
      const record = decode(key, bytes) as SourceRecord;
      records.set(record.source, record);
    }
  }
  const putPending = (ids: readonly string[]) => ({ type: 'put', key: pendingKey, value: encode(ids) }) as const;
  return {
    all: () => [...records.values()],
    get: (source) => records.get(source),
    begin: async (ids) => {
      await store.write([putPending(ids)]);
      pending = ids;
    },
    commit: async (changed, gone, obsoleteIds) => {
      await store.write([
        ...changed.map(
          (record) => ({ type: 'put', key: sourcePrefix + record.source, value: encode(record) }) as const,
        ),
        ...gone.map((source) => ({ type: 'delete', key: sourcePrefix + source }) as const),
        putPending(obsoleteIds),
      ]);
      for (const record of changed) records.set(record.source, record);
      for (const source of gone) records.delete(source);
      pending = obsoleteIds;
    },
    end: async () => {
      await store.write([{ type: 'delete', key: pendingKey }]);
      pending = [];
    },
    unfinished: () => {
      const owned = new Set([...records.values()].flatMap((record) => record.ids));
      return pending.filter((id) => !owned.has(id));
    },
  };
};
