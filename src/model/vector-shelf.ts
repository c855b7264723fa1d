import { crc32 } from 'node:zlib';
import { createLock, type Run, type Store, type StoreChange } from '../core/index.js';

/** Vectors in a store, by a key that is made of the embedder and the text. */
export interface VectorShelf {
  readonly keyOf: (text: string) => string;
  /** Those that are there and whole. */
  readonly get: (
    keys: readonly string[],
    run: Run,
  ) => Promise<readonly (readonly [key: string, vector: Float32Array])[]>;
  readonly put: (entries: readonly (readonly [key: string, vector: Float32Array])[], run: Run) => Promise<void>;
}

interface ShelfSettings {
  /** Of the embedder. */
  readonly id: string;
  readonly dimensions: number;
  readonly maxEntries: number;
}

/** Changes with the form of keys and entries, so that what an older package wrote is not found. */
const prefix = 'embedding1/';
/** Behind all keys of vectors. */
const end = 'embedding10';
/** How many entries there are about; two processes may count past each other, and a sweep counts anew. */
const countKey = 'embedding-count';

/** How many entries are read or written at once. */
const pageEntries = 256;

/** A sweep leaves this share, so that it is seldom needed. */
const sweptRatio = 0.9;

const decoder = new TextDecoder();

export const vectorShelf = (store: Store, { id, dimensions, maxEntries }: ShelfSettings): VectorShelf => {
  // Loaded when it is first needed: importing it with the package would take longer than the package.
  const { hash } = process.getBuiltinModule('node:crypto');
  const { run: oneAtATime } = createLock();
  return {
    keyOf: (text) => prefix + hash('sha256', `${id}\0${text}`, 'base64url'),
    get: async (keys, run) => {
      const found: (readonly [string, Float32Array])[] = [];
      for (let at = 0; at < keys.length; at += pageEntries) {
        run.throwIfAborted();
        const page = keys.slice(at, at + pageEntries);
        const values = await Promise.all(page.map((key) => store.get(key)));
        for (const [place, value] of values.entries()) {
          const vector = value === undefined ? undefined : decode(value, dimensions);
          if (vector !== undefined) found.push([page[place] as string, vector]);
        }
      }
      return found;
    },
    put: (entries, run) =>
      oneAtATime(async () => {
        let count = await countOf(store);
        for (let at = 0; at < entries.length; at += pageEntries) {
          run.throwIfAborted();
          const page = entries.slice(at, at + pageEntries);
          count += page.length;
          const puts = page.map(([key, vector]) => ({ type: 'put', key, value: encode(vector) }) as const);
          await store.write([...puts, countChange(count)]);
        }
        if (count > maxEntries) await sweep(store, Math.floor(maxEntries * sweptRatio), run);
      }),
  };
};

const countChange = (count: number): StoreChange => ({ type: 'put', key: countKey, value: Buffer.from(String(count)) });

const countOf = async (store: Store): Promise<number> => {
  const value = await store.get(countKey);
  const count = value === undefined ? 0 : Number(decoder.decode(value));
  return Number.isSafeInteger(count) && count >= 0 ? count : 0;
};

/** Counts anew, and deletes what is too much, from a place found by chance on: keys are hashes, so their order says nothing. */
const sweep = async (store: Store, wanted: number, run: Run): Promise<void> => {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const middle = prefix + letters.charAt(Math.floor(run.random() * letters.length));
  let count = 0;
  for await (const _ of store.range({ from: prefix, to: end })) count += 1;
  const page: string[] = [];
  const flush = async (): Promise<void> => {
    count -= page.length;
    await store.write([...page.map((key) => ({ type: 'delete', key }) as const), countChange(count)]);
    page.length = 0;
  };
  for (const range of [
    { from: middle, to: end },
    { from: prefix, to: middle },
  ]) {
    for await (const [key] of store.range(range)) {
      if (count - page.length <= wanted) break;
      run.throwIfAborted();
      page.push(key);
      if (page.length === pageEntries) await flush();
    }
  }
  await flush();
};

/** A checksum of four bytes, then the numbers as float32, little-endian as on every machine that runs Node. */
const encode = (vector: Float32Array): Uint8Array => {
  const numbers = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  const value = Buffer.alloc(4 + numbers.length);
  value.writeUInt32LE(crc32(numbers));
  value.set(numbers, 4);
  return value;
};

/** Undefined when it is damaged, or of another length. */
const decode = (value: Uint8Array, dimensions: number): Float32Array | undefined => {
  if (value.length !== 4 + 4 * dimensions) return undefined;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const numbers = Uint8Array.from(bytes.subarray(4));
  return crc32(numbers) === bytes.readUInt32LE(0) ? new Float32Array(numbers.buffer) : undefined;
};
