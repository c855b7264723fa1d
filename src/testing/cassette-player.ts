import { type ErrorDetails, PipewrightError, type Run, type RunEventBody, sleep } from '../core/index.js';
import type { LoadedCall, Recording } from './cassette-file.js';
import { differences, distance, fromJson, type Json, toJson } from './cassette-json.js';

/** What an input is found by; any value that JSON can hold. */
export type InputKey = (input: never) => unknown;

/** A recorded call that nobody asked for. */
export interface UnusedCall {
  /** Its line in the file, from 1. */
  readonly line: number;
  readonly input: unknown;
}

/** The recordings of a cassette, found by their inputs. */
export interface Player {
  /** The next answer to this input, if it was recorded. */
  readonly take: (input: unknown) => Recording | undefined;
  readonly add: (recording: Recording) => void;
  /** For an input that was not recorded: the nearest that was, and what differs. */
  readonly mismatch: (input: unknown) => PipewrightError;
  readonly unused: () => readonly UnusedCall[];
}

interface Track {
  readonly key: Json;
  readonly calls: LoadedCall[];
  played: number;
}

export const player = (path: string, calls: readonly LoadedCall[], match: InputKey | undefined): Player => {
  const keyOf = (input: unknown): Json => toJson(match === undefined ? input : match(input as never));
  const tracks = new Map<string, Track>();
  const add = (call: LoadedCall): Track => {
    const { input } = call.recording;
    const key = match === undefined ? input : keyOf(fromJson(input));
    const name = JSON.stringify(key);
    const track = tracks.get(name) ?? { key, calls: [], played: 0 };
    track.calls.push(call);
    tracks.set(name, track);
    return track;
  };
  for (const call of calls) add(call);
  return {
    take: (input) => {
      const track = tracks.get(JSON.stringify(keyOf(input)));
      if (track === undefined) return undefined;
      const call = track.calls[Math.min(track.played, track.calls.length - 1)];
      track.played += 1;
      return call?.recording;
    },
    add: (recording) => {
      // The call that was just made has its answer already.
      add({ recording, line: 0 }).played += 1;
    },
    mismatch: (input) => mismatch(path, keyOf(input), [...tracks.values()]),
    unused: () =>
      [...tracks.values()]
        .flatMap((track) => track.calls.slice(track.played))
        .map(({ line, recording }) => ({ line, input: fromJson(recording.input) }))
        .sort((a, b) => a.line - b.line),
  };
};

/** Emits what was recorded, at `speed` times its pace, and gives the output or throws the error. */
export const playRecording = async (
  { spans, events, output, error }: Recording,
  run: Run,
  speed: number,
): Promise<unknown> => {
  const startedMs = run.clock.now();
  const runs: Run[] = [run];
  for (const { name, inside } of spans) runs.push((runs[inside] ?? run).child(name));
  for (const { afterMs, span, event } of events) {
    const waitMs = startedMs + afterMs / speed - run.clock.now();
    if (waitMs > 0) await sleep(waitMs, run);
    else await Promise.resolve();
    run.throwIfAborted();
    (runs[span] ?? run).emit(fromJson(event) as RunEventBody);
  }
  if (error === undefined) return output === undefined ? undefined : fromJson(output);
  const { name, message, code, retryable = false, details } = error;
  if (code === undefined) throw Object.assign(new Error(message), { name });
  throw new PipewrightError(code, message, { retryable, details: fromJson(details ?? {}) as ErrorDetails });
};

const maxDifferences = 6;

const mismatch = (path: string, asked: Json, tracks: readonly Track[]): PipewrightError => {
  let nearest: Track | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const track of tracks) {
    const far = distance(track.key, asked);
    if (far >= least) continue;
    nearest = track;
    least = far;
  }
  const found = nearest === undefined ? [] : differences(nearest.key, asked);
  const rest = found.length - maxDifferences;
  const lines = [...found.slice(0, maxDifferences), ...(rest > 0 ? [`… and ${rest} more`] : [])];
  const where = `The nearest recording (line ${nearest?.calls[0]?.line}) differs:\n  ${lines.join('\n  ')}`;
  return new PipewrightError(
    'cassette-mismatch',
    `${path} holds no answer to this input. ${nearest === undefined ? 'It holds no call.' : where}\nIf the change is meant, record the call again: a step made by cassette() does with PIPEWRIGHT_CASSETTES=record.`,
    { details: { where: path, issues: lines } },
  );
};
