import type { Run, VectorStore } from '../core/index.js';
import { lru } from './cache-lru.js';
import type { Found } from './cache-shelf.js';

/** Where a question belongs. Keys begin with their bucket, buckets with their scope, scopes with their cache. */
export interface Place {
  readonly key: string;
  /** Questions are only compared within one. */
  readonly bucket: string;
}

/** Answers by the vectors of their questions. */
export interface SemanticIndex {
  /** The answer to exactly this question. */
  readonly same: (place: Place) => Promise<Found | undefined>;
  /** The answer to the nearest question of the bucket, if it is near enough. */
  readonly nearest: (place: Place, vector: Float32Array, run: Run) => Promise<Found | undefined>;
  readonly add: (place: Place, vector: Float32Array, text: string, run: Run) => Promise<void>;
  readonly delete: (key: string) => Promise<number>;
  readonly deleteAll: (prefix: string) => Promise<number>;
  readonly stats: () => { readonly entries?: number; readonly bytes?: number; readonly evictions?: number };
}

interface Answer {
  readonly bucket: string;
  readonly vector: Float32Array;
  readonly text: string;
}

/** Vectors have length 1, so this is the cosine of the angle between them. */
const similarityOf = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] as number);
  return sum;
};

interface MemoryIndexOptions {
  readonly threshold: number;
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/** In the memory of this process: looks at every question of the bucket. */
export const memoryIndex = ({ threshold, maxEntries, maxBytes }: MemoryIndexOptions): SemanticIndex => {
  const buckets = new Map<string, Map<string, Answer>>();
  const answers = lru<Answer>({
    maxEntries,
    maxBytes,
    sizeOf: ({ vector, text }) => vector.byteLength + Buffer.byteLength(text),
    onDrop: (key, { bucket }) => {
      const inBucket = buckets.get(bucket);
      inBucket?.delete(key);
      if (inBucket?.size === 0) buckets.delete(bucket);
    },
  });
  return {
    same: async ({ key }) => answers.get(key),
    nearest: async ({ bucket }, vector) => {
      let best: { readonly key: string; readonly similarity: number } | undefined;
      for (const [key, answer] of buckets.get(bucket) ?? []) {
        const similarity = similarityOf(vector, answer.vector);
        if (similarity >= threshold && similarity > (best?.similarity ?? -1)) best = { key, similarity };
      }
      const answer = best === undefined ? undefined : answers.get(best.key);
      return answer === undefined || best === undefined
        ? undefined
        : { text: answer.text, similarity: best.similarity };
    },
    add: async ({ key, bucket }, vector, text) => {
      const answer = { bucket, vector, text };
      answers.set(key, answer);
      if (answers.get(key) === undefined) return;
      const inBucket = buckets.get(bucket) ?? new Map<string, Answer>();
      buckets.set(bucket, inBucket.set(key, answer));
    },
    delete: async (key) => answers.delete(key),
    deleteAll: async (prefix) => answers.deleteAll(prefix),
    stats: answers.stats,
  };
};

/** What precedes each `/` of a key: the cache, the scope, the bucket. */
const prefixesOf = (key: string): readonly string[] =>
  [...key.matchAll(/\//gu)].map(({ index }) => key.slice(0, index + 1));

/** In a vector store, which other processes may share. Entries stay there until they are forgotten or their time is over. */
export const storeIndex = (store: VectorStore, threshold: number): SemanticIndex => ({
  same: async ({ key }) => {
    const [document] = await store.get([key]);
    return document === undefined ? undefined : { text: document.text };
  },
  nearest: async ({ bucket }, vector, run) => {
    const [hit] = await store.search(vector, { k: 1, minScore: threshold, filter: { prefixes: bucket } }, run);
    return hit === undefined ? undefined : { text: hit.text, similarity: hit.score };
  },
  add: (place, vector, text, run) =>
    store.upsert([{ id: place.key, text, vector, metadata: { prefixes: prefixesOf(place.key) } }], run),
  delete: (key) => store.delete([key]),
  deleteAll: (prefix) => store.delete({ prefixes: prefix }),
  stats: () => ({}),
});
