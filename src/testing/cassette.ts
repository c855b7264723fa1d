import { readFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import {
  type AnyStep,
  type Decorated,
  decorate,
  defineStepWith,
  type ErrorCode,
  type ErrorDetails,
  isPipewrightError,
  messageOf,
  PipewrightError,
  type Run,
  type RunEvent,
  type RunEventBody,
  type Span,
  sleep,
  type StepInput,
  type StepLike,
  stepInfo,
  stepName,
} from '../core/index.js';
import { differences, fromJson, type Json, toJson } from './cassette-json.js';

const version = 1;

/** The first line of a cassette: what step it is of, with its properties. */
interface Label {
  readonly type: 'cassette';
  readonly version: number;
  readonly kind: string;
  readonly name: string;
  readonly properties: Json;
}

/** One call, a line of its own. */
interface Recording {
  readonly type: 'call';
  readonly input: Json;
  /** The spans inside the call, each after the one around it; they are numbered from 1, and the call itself is 0. */
  readonly spans: readonly RecordedSpan[];
  readonly events: readonly RecordedEvent[];
  readonly output?: Json;
  readonly error?: RecordedError;
}

interface RecordedSpan {
  readonly name: string;
  /** The number of the span around it. */
  readonly inside: number;
}

interface RecordedEvent {
  /** Milliseconds after the call began. */
  readonly afterMs: number;
  /** The number of the span that it came from. */
  readonly span: number;
  readonly event: Json;
}

interface RecordedError {
  readonly name: string;
  readonly message: string;
  readonly code?: ErrorCode;
  readonly retryable?: boolean;
  readonly details?: Json;
}

/** Events that a caller may see or count; those of steps inside are told by the steps themselves. */
const recordedTypes: ReadonlySet<RunEvent['type']> = new Set<RunEvent['type']>([
  'text-delta',
  'reasoning-delta',
  'tool-call-delta',
  'tool-call',
  'retract',
  'usage',
  'sources-found',
  'progress',
  'warning',
  'custom',
]);

const bodyOf = ({ span: _span, atMs: _atMs, ...body }: RunEvent): RunEventBody => body;

const errorOf = (error: unknown): RecordedError => {
  const plain = { name: error instanceof Error ? error.name : 'Error', message: String(toJson(messageOf(error))) };
  if (!isPipewrightError(error)) return plain;
  return { ...plain, code: error.code, retryable: error.retryable, details: toJson(error.details) };
};

/**
 * Records every call of a step as a line of JSON behind those that the file has: input, events with their times, and output or
 * error, without secrets. The step keeps its type and properties. Calls that are cancelled are not recorded.
 * @example const model = record(openai('gpt-5-mini'), 'greeting.jsonl')
 */
export const record = <S extends AnyStep>(step: S, path: string): Decorated<S> => {
  const { kind } = stepInfo(step);
  const label: Label = { type: 'cassette', version, kind, name: stepName(step), properties: toJson({ ...step }) };
  // Lines are written one after another, the label once before them.
  let written: Promise<unknown> = Promise.resolve();
  let isLabelled = false;
  const write = (recording: Recording): Promise<unknown> => {
    const lines = isLabelled ? [recording] : [label, recording];
    isLabelled = true;
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const turn = written.then(() => appendFile(path, text));
    written = turn.catch(() => undefined);
    return turn;
  };
  return decorate(step, { kind: 'record' }, async (input, run) => {
    const json = toJson(input);
    const { events, spans, watched } = watching(run);
    try {
      const output = await (step as unknown as StepLike<StepInput<S>, unknown>)(input, watched);
      await write({ type: 'call', input: json, spans, events, output: toJson(output) });
      return output;
    } catch (error) {
      if (!run.signal.aborted) await write({ type: 'call', input: json, spans, events, error: errorOf(error) });
      throw error;
    }
  });
};

interface Watching {
  readonly events: readonly RecordedEvent[];
  readonly spans: readonly RecordedSpan[];
  readonly watched: Run;
}

const watching = (run: Run): Watching => {
  const events: RecordedEvent[] = [];
  const spans: RecordedSpan[] = [];
  const startedMs = run.clock.now();
  const numbers = new Map<Span, number>([[run.span, 0]]);
  const numberOf = (span: Span): number => {
    const known = numbers.get(span);
    if (known !== undefined) return known;
    const inside = span.parent === undefined ? 0 : numberOf(span.parent);
    const number = spans.push({ name: span.name, inside });
    numbers.set(span, number);
    return number;
  };
  const on = (event: RunEvent): void => {
    if (!recordedTypes.has(event.type)) return;
    events.push({ afterMs: event.atMs - startedMs, span: numberOf(event.span), event: toJson(bodyOf(event)) });
  };
  return { events, spans, watched: run.with({ on }) };
};

export interface ReplayOptions {
  /** Waits between events as long as was recorded, on the run's clock. @default false */
  readonly isTimed?: boolean;
}

/**
 * A step that answers from a cassette, with the properties of the step that was recorded: the same input gets the same events
 * and the same output or error. An input that was recorded more than once gets its answers in order, the last one again and
 * again. Reads the file at once. Calls reject with `cassette-mismatch` for an input that was not recorded.
 * @throws {PipewrightError} `not-found` when there is no file; `store-damaged` or `store-newer` when it cannot be read.
 * @example const model = replay<ChatModel>('greeting.jsonl')
 */
export const replay = <S extends AnyStep = (input: unknown, run?: Run) => Promise<unknown>>(
  path: string,
  options: ReplayOptions = {},
): S => {
  const { isTimed = false } = options;
  const { label, recordings } = load(path);
  const played = new Map<string, number>();
  const info = { kind: 'replay', name: label.name };
  const step = defineStepWith<unknown, unknown, object>(
    info,
    fromJson(label.properties) as object,
    async (input, run) => {
      run.throwIfAborted();
      const json = toJson(input);
      const key = JSON.stringify(json);
      const same = recordings.get(key);
      if (same === undefined) throw mismatch(path, json, [...recordings.values()].flat());
      const count = played.get(key) ?? 0;
      played.set(key, count + 1);
      return play(same[Math.min(count, same.length - 1)] as Recording, run, isTimed);
    },
  );
  return step as unknown as S;
};

const play = async ({ spans, events, output, error }: Recording, run: Run, isTimed: boolean): Promise<unknown> => {
  const startedMs = run.clock.now();
  const runs: Run[] = [run];
  for (const { name, inside } of spans) runs.push((runs[inside] ?? run).child(name));
  for (const { afterMs, span, event } of events) {
    const waitMs = startedMs + afterMs - run.clock.now();
    if (isTimed && waitMs > 0) await sleep(waitMs, run);
    else await Promise.resolve();
    run.throwIfAborted();
    (runs[span] ?? run).emit(fromJson(event) as RunEventBody);
  }
  if (error === undefined) return output === undefined ? undefined : fromJson(output);
  const { name, message, code, retryable = false, details } = error;
  if (code === undefined) throw Object.assign(new Error(message), { name });
  throw new PipewrightError(code, message, { retryable, details: fromJson(details ?? {}) as ErrorDetails });
};

interface Cassette {
  readonly label: Label;
  /** By the JSON of their input. */
  readonly recordings: ReadonlyMap<string, readonly Recording[]>;
}

const load = (path: string): Cassette => {
  let label: Label | undefined;
  const recordings = new Map<string, Recording[]>();
  for (const [index, line] of linesOf(path).entries()) {
    const entry = parse(path, index, line);
    if (entry.type === 'cassette') {
      if (entry.version > version) throw newer(path, entry.version);
      label = entry;
      continue;
    }
    const key = JSON.stringify(entry.input);
    const same = recordings.get(key);
    if (same === undefined) recordings.set(key, [entry]);
    else same.push(entry);
  }
  if (label === undefined) throw damaged(path, 'it has no label in its first line');
  return { label, recordings };
};

const linesOf = (path: string): readonly string[] => {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch (cause) {
    throw new PipewrightError('not-found', `There is no cassette ${path}. Record one first: record(step, path).`, {
      cause,
      details: { where: path },
    });
  }
};

const parse = (path: string, index: number, line: string): Label | Recording => {
  try {
    const entry = JSON.parse(line) as Label | Recording;
    if (entry.type === 'cassette' || entry.type === 'call') return entry;
  } catch {
    // Falls through to the error that names the line.
  }
  throw damaged(path, `line ${index + 1} is none of its lines`);
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

const maxDifferences = 6;

/** Compares with the recording that is nearest to what was asked. */
const mismatch = (path: string, input: Json, recordings: readonly Recording[]): PipewrightError => {
  let nearest: readonly string[] | undefined;
  for (const recording of recordings) {
    const found = differences(recording.input, input);
    if (nearest === undefined || found.length < nearest.length) nearest = found;
  }
  const rest = (nearest?.length ?? 0) - maxDifferences;
  const lines = [...(nearest?.slice(0, maxDifferences) ?? []), ...(rest > 0 ? [`… and ${rest} more`] : [])];
  const what = nearest === undefined ? 'It holds no call.' : `The nearest recording differs:\n  ${lines.join('\n  ')}`;
  return new PipewrightError(
    'cassette-mismatch',
    `${path} holds no answer to this input. ${what}\nRecord the call anew if the change is meant.`,
    { details: { where: path, issues: lines } },
  );
};
