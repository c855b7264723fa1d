import { fromJson, type Json, toJson } from '../core/index.js';
import type { ShownRecord } from './cache-shown.js';

/** An answer as it lies in a cache. */
export interface CacheEntry {
  readonly output: unknown;
  /** When it was made, in milliseconds since 1970. */
  readonly atMs: number;
  readonly shown: ShownRecord;
}

/**
 * The entry as text, from which every reader gets a copy of its own.
 * @throws {PipewrightError} `bad-input` when the answer is no plain data.
 */
export const encodeEntry = ({ output, atMs, shown }: CacheEntry): string =>
  JSON.stringify({ atMs, output: toJson(output, { isExact: true }), shown: toJson(shown, { isExact: true }) });

export const decodeEntry = (text: string): CacheEntry => {
  const { atMs, output, shown } = JSON.parse(text) as {
    readonly atMs: number;
    readonly output: Json;
    readonly shown: Json;
  };
  return { atMs, output: fromJson(output), shown: fromJson(shown) as ShownRecord };
};
