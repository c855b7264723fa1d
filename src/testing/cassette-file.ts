import { existsSync, readFileSync } from 'node:fs';
import { appendFile, stat, writeFile } from 'node:fs/promises';
import {
  type AnyStep,
  type ErrorCode,
  isPipewrightError,
  messageOf,
  PipewrightError,
  stepInfo,
  stepName,
} from '../core/index.js';
import { type Json, toJson } from './cassette-json.js';

const version = 1;

/** The first line of a cassette: what step it is of, with its properties. */
export interface Label {
  readonly type: 'cassette';
  readonly version: number;
  readonly kind: string;
  readonly name: string;
  readonly properties: Json;
}

/** One call, a line of its own. */
export interface Recording {
  readonly type: 'call';
  readonly input: Json;
  /** The spans inside the call, each after the one around it; they are numbered from 1, and the call itself is 0. */
  readonly spans: readonly RecordedSpan[];
  readonly events: readonly RecordedEvent[];
  readonly output?: Json;
  readonly error?: RecordedError;
}

export interface RecordedSpan {
  readonly name: string;
  /** The number of the span around it. */
  readonly inside: number;
}

export interface RecordedEvent {
  /** Milliseconds after the call began. */
  readonly afterMs: number;
  /** The number of the span that it came from. */
  readonly span: number;
  readonly event: Json;
}

export interface RecordedError {
  readonly name: string;
  readonly message: string;
  readonly code?: ErrorCode;
  readonly retryable?: boolean;
  readonly details?: Json;
}

export const labelOf = (step: AnyStep): Label => {
  const { kind } = stepInfo(step);
  return { type: 'cassette', version, kind, name: stepName(step), properties: toJson({ ...step }) };
};

export const errorOf = (error: unknown): RecordedError => {
  const plain = { name: error instanceof Error ? error.name : 'Error', message: String(toJson(messageOf(error))) };
  if (!isPipewrightError(error)) return plain;
  return { ...plain, code: error.code, retryable: error.retryable, details: toJson(error.details) };
};

/** Writes recordings one after another, the label once before them. */
export interface CassetteWriter {
  /** @throws {PipewrightError} `bad-input` when the file would grow too large; then it stays as it is */
  readonly write: (recording: Recording) => Promise<void>;
}

export interface WriterSettings {
  readonly path: string;
  readonly label: Label;
  readonly maxBytes: number;
  /** Whether what the file had goes away with the first write. */
  readonly isAnew: boolean;
  /** Whether the label is in the file already. */
  readonly isLabelled: boolean;
}

export const cassetteWriter = ({ path, label, maxBytes, isAnew, ...settings }: WriterSettings): CassetteWriter => {
  let { isLabelled } = settings;
  let bytes: number | undefined = isAnew ? 0 : undefined;
  let turns: Promise<unknown> = Promise.resolve();
  const write = async (recording: Recording): Promise<void> => {
    const isFirst = bytes === undefined || bytes === 0;
    bytes ??= existsSync(path) ? (await stat(path)).size : 0;
    const lines = isLabelled ? [recording] : [label, recording];
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const after = bytes + Buffer.byteLength(text);
    if (after > maxBytes) throw tooLarge(path, after, maxBytes);
    await (isAnew && isFirst ? writeFile(path, text) : appendFile(path, text));
    isLabelled = true;
    bytes = after;
  };
  return {
    write: (recording) => {
      const turn = turns.then(() => write(recording));
      turns = turn.catch(() => undefined);
      return turn;
    },
  };
};

/** A recording and the line that it stands in, counted from 1. */
export interface LoadedCall {
  readonly recording: Recording;
  readonly line: number;
}

export interface Cassette {
  readonly label: Label;
  readonly calls: readonly LoadedCall[];
}

/** @throws {PipewrightError} `not-found`, `store-damaged` or `store-newer` */
export const loadCassette = (path: string): Cassette => {
  let label: Label | undefined;
  const calls: LoadedCall[] = [];
  for (const [index, text] of linesOf(path).entries()) {
    if (text === '') continue;
    const entry = parse(path, index + 1, text);
    if (entry.type === 'call') calls.push({ recording: entry, line: index + 1 });
    else if (entry.version > version) throw newer(path, entry.version);
    else label = entry;
  }
  if (label === undefined) throw damaged(path, 'it has no label in its first line');
  return { label, calls };
};

const linesOf = (path: string): readonly string[] => {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch (cause) {
    throw new PipewrightError('not-found', `There is no cassette ${path}. Record one first: record(step, path).`, {
      cause,
      details: { where: path },
    });
  }
};

const parse = (path: string, line: number, text: string): Label | Recording => {
  try {
    const entry = JSON.parse(text) as Label | Recording;
    if (entry.type === 'cassette' || entry.type === 'call') return entry;
  } catch {
    // Falls through to the error that names the line.
  }
  throw damaged(path, `line ${line} is none of its lines`);
};

const damaged = (path: string, why: string): PipewrightError =>
  new PipewrightError('store-damaged', `${path} is no whole cassette: ${why}. Record it again.`, {
    details: { where: path },
  });

const newer = (path: string, found: number): PipewrightError =>
  new PipewrightError(
    'store-newer',
    `${path} is a cassette of version ${found}; this package reads up to ${version}. Update the package or record it again.`,
    { details: { where: path } },
  );

const tooLarge = (path: string, bytes: number, maxBytes: number): PipewrightError =>
  new PipewrightError(
    'bad-input',
    `The call was not recorded: ${path} would have ${bytes} bytes, and \`maxBytes\` is ${maxBytes}. Record less, or into several files.`,
    { details: { where: path } },
  );
