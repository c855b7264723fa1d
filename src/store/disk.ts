import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Database, RootDatabase } from 'lmdb';
import {
  type Clock,
  loadOptional,
  messageOf,
  PipewrightError,
  sliceTimer,
  type Store,
  systemClock,
  yieldToEventLoop,
} from '../core/index.js';
import { type Backend, keyValueStore } from './key-value.js';
import { checkDataFile, checkLength, damaged } from './lmdb-file.js';

export interface DiskStoreOptions {
  /** Tells when entries with `ttlMs` are over. @default the real clock */
  readonly clock?: Clock;
}

type Lmdb = RootDatabase<Uint8Array, Uint8Array>;

const formatVersion = 1;
const formatKey = Buffer.from('mformat');
const checksumBytes = 4;

const withChecksum = (value: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(checksumBytes + value.byteLength);
  new DataView(bytes.buffer).setUint32(0, crc32(value));
  bytes.set(value, checksumBytes);
  return bytes;
};

/** The value behind its checksum. LMDB protects its pages against crashes, not against a disk that forgets. */
const checked = (path: string, key: Uint8Array, bytes: Uint8Array): Uint8Array => {
  const value = bytes.subarray(checksumBytes);
  const isWhole = bytes.byteLength >= checksumBytes;
  if (isWhole && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === crc32(value)) return value;
  throw damaged(path, `the entry \`${Buffer.from(key).toString().slice(1)}\` has changed since it was written`);
};

const failureOf = (path: string, error: unknown): PipewrightError => {
  if (error instanceof PipewrightError) return error;
  const message = messageOf(error);
  if (/MAP_FULL|No space left|ENOSPC/.test(message)) {
    return new PipewrightError('quota-exhausted', `The disk is full: nothing was written to the store ${path}.`, {
      cause: error,
      details: { where: path },
    });
  }
  return damaged(path, message, error);
};

/** Every reading transaction has a line in LMDB's reader table, below a head line; a process has one as long as it lives. */
const readerCount = (db: Database): number => db.readerList().trim().split('\n').length - 1;

/**
 * Makes this the only user of the file. Each user holds a place in LMDB's reader table, which the system empties when the
 * last process that has the file open ends, however it ends. So there is no lock file that a crash could leave behind.
 */
const claim = (path: string, db: Lmdb): void => {
  db.useReadTransaction().done();
  if (readerCount(db) === 1) return;
  throw new PipewrightError(
    'store-locked',
    `The store ${path} is open already, in this process or in another. Close it there, or use a store that many processes share.`,
    { retryable: true, details: { where: path } },
  );
};

const checkFormat = async (path: string, db: Lmdb): Promise<void> => {
  const found = db.get(formatKey);
  if (found === undefined) {
    for (const _ of db.getKeys({ limit: 1 })) throw damaged(path, 'it holds the data of another program');
    await db.put(formatKey, withChecksum(Buffer.from(String(formatVersion))));
    return;
  }
  const version = Number(Buffer.from(checked(path, formatKey, found)).toString());
  if (version <= formatVersion) return;
  throw new PipewrightError(
    'store-newer',
    `The store ${path} has format ${version}; this version of pipewright reads up to ${formatVersion}. Update pipewright.`,
    { details: { where: path } },
  );
};

const openLmdb = async (path: string): Promise<Lmdb> => {
  const lmdb = await loadOptional('lmdb', 'a store on disk', () => import('lmdb'));
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw new PipewrightError(
      'bad-option',
      `No store can be at ${path}: ${messageOf(cause)}. Give a folder to write to.`,
      {
        cause,
        details: { where: path },
      },
    );
  }
  const dataPath = join(path, 'data.mdb');
  await checkDataFile(path, dataPath);
  const db = lmdb.open<Uint8Array, Uint8Array>(path, {
    noSubdir: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    // Off: then a write's promise means that its transaction is on the disk, not only visible.
    overlappingSync: false,
  });
  try {
    claim(path, db);
    const { lastPageNumber, pageSize } = db.getStats() as {
      readonly lastPageNumber: number;
      readonly pageSize: number;
    };
    await checkLength(path, dataPath, lastPageNumber, pageSize);
    await checkFormat(path, db);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
};

const backendOf = (path: string, db: Lmdb): Backend => {
  const reading = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw failureOf(path, error);
    }
  };
  return {
    where: path,
    get: (key) =>
      reading(() => {
        const raw = Buffer.from(key);
        const bytes = db.get(raw);
        return bytes === undefined ? undefined : checked(path, raw, bytes);
      }),
    slice: (from, to, limit, isReversed) =>
      reading(() => {
        const low = Buffer.from(from);
        const high = Buffer.from(to);
        const bounds = isReversed
          ? { start: high, exclusiveStart: true, end: low, inclusiveEnd: true, reverse: true }
          : { start: low, end: high };
        const entries: [string, Uint8Array][] = [];
        for (const { key, value } of db.getRange({ ...bounds, limit })) {
          entries.push([Buffer.from(key).toString(), checked(path, key, value)]);
        }
        return entries;
      }),
    commit: async (changes) => {
      const raw: [Buffer, Uint8Array | undefined][] = [];
      const isTimeUp = sliceTimer();
      for (const [key, value] of changes) {
        raw.push([Buffer.from(key), value === undefined ? undefined : withChecksum(value)]);
        if (isTimeUp()) await yieldToEventLoop();
      }
      try {
        await db.batch(() => {
          for (const [key, value] of raw) {
            if (value === undefined) db.remove(key);
            else db.put(key, value);
          }
        });
      } catch (error) {
        throw failureOf(path, error);
      }
    },
    close: () => db.close(),
  };
};

/**
 * A store in a folder on disk (LMDB; needs the package `lmdb`). A write that was acknowledged survives the end of the
 * process and of the machine. One store at a time has a folder open; a second one is refused.
 * @throws {PipewrightError} `dependency-missing` without `lmdb`, `store-locked` when the folder is open already,
 * `store-damaged` when its file is no store or broken, `store-newer` when a later version of pipewright wrote it.
 * @example await (await diskStore('./data/sessions')).get('ann') // => undefined
 */
export const diskStore = async (path: string, { clock = systemClock }: DiskStoreOptions = {}): Promise<Store> => {
  if (path === '')
    throw new PipewrightError('bad-option', 'A store on disk needs the path of a folder, got an empty one.');
  try {
    return keyValueStore(backendOf(path, await openLmdb(path)), clock);
  } catch (error) {
    throw failureOf(path, error);
  }
};
