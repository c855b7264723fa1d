import { createHash } from 'node:crypto';
import { type Json, PipewrightError, type StateForm, toJson } from '../core/index.js';

export interface KeptError {
  readonly message: string;
  readonly code?: string;
}

/** One call in a store. */
export interface Entry {
  readonly version: 1;
  readonly path: readonly string[];
  readonly name: string;
  /** The how manieth call below its path it was. */
  readonly order: number;
  readonly digest?: string;
  readonly output?: Json;
  readonly error?: KeptError;
}

export const entryForm: StateForm<Entry> = {
  what: 'journal',
  version: 1,
  read: (data) => {
    const { path, name, order } = data;
    const isWhole = Array.isArray(path) && typeof name === 'string' && typeof order === 'number';
    return isWhole && ('output' in data || 'error' in data) ? (data as unknown as Entry) : undefined;
  },
};

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** Undefined for what has no JSON form: that cannot be compared. */
export const digestOf = (input: unknown): string | undefined => {
  if (input === undefined) return undefined;
  try {
    return hashOf(JSON.stringify(toJson(input)));
  } catch {
    return undefined;
  }
};

export const keptError = (error: unknown): KeptError => {
  if (error instanceof PipewrightError) return { message: error.message, code: error.code };
  return { message: error instanceof Error ? error.message : String(error) };
};

export const revivedError = ({ message, code }: KeptError): Error =>
  code === undefined ? new Error(message) : new PipewrightError(code as PipewrightError['code'], message);
