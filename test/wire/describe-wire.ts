import { describe, expect, it } from 'vitest';
import { createRun, isPipewrightError, type Run, type RunEvent, seededRandom } from '../../src/core/index.js';
import type { ChatReply, FinishReason } from '../../src/model/index.js';
import { replayServer } from '../../src/testing/index.js';
import { type Recording, recordings } from './recordings.js';

/** What a recording must come out as, read from it in the plainest way, without the code that is tested. */
export interface ExpectedReply {
  readonly text: string;
  readonly finishReason: FinishReason;
  readonly toolCalls: readonly { readonly name: string; readonly input: unknown; readonly id?: string }[];
  /** Undefined where the server told none: then the reply's figures must be marked as estimated. */
  readonly usage:
    | {
        readonly inputTokens: number;
        readonly outputTokens: number;
        readonly cachedInputTokens?: number;
        readonly cacheWriteTokens?: number;
        readonly reasoningTokens?: number;
      }
    | undefined;
  readonly reasoning?: string;
  /** Anything else that the reply must match. */
  readonly also?: Readonly<Record<string, unknown>>;
}

export interface ExpectedFailure {
  readonly code: string;
  readonly status?: number;
  /** Words of the server's message that must show. */
  readonly says?: string;
}

export type Expected =
  | { readonly reply: ExpectedReply }
  | { readonly failure: ExpectedFailure }
  | { readonly value: unknown };

/** How the recordings of one API are tested. */
export interface WireApi {
  readonly covers: (recording: Recording) => boolean;
  /** Makes the recorded call with our code against a server at `url`; resolves to a `ChatReply`, or to a value. */
  readonly call: (recording: Recording, url: string, run: Run) => Promise<unknown>;
  readonly expected: (recording: Recording) => Expected;
  /** The body of a request in the one form for which others are only another spelling; say why beside each rule. */
  readonly canonical?: (body: unknown) => unknown;
  /** The path of a request, where more than one means the same. */
  readonly canonicalPath?: (path: string) => string;
  /** A reply in one piece as the same reply streamed, to check that both come out equal. */
  readonly streamed?: (recording: Recording) => Recording | undefined;
}

const isStream = ({ response }: Recording): boolean => response.text !== undefined;

interface Outcome {
  readonly result?: unknown;
  readonly error?: unknown;
  readonly events: readonly RunEvent[];
  readonly run: Run;
}

const callAt = async (api: WireApi, recording: Recording, url: string): Promise<Outcome> => {
  const events: RunEvent[] = [];
  // Some APIs name no ids of calls: those that we make up must be the same in every try.
  const run = createRun({ random: seededRandom(1), on: (event) => events.push(event) });
  try {
    return { result: await api.call(recording, url, run), events, run };
  } catch (error) {
    return { error, events, run };
  }
};

const play = async (api: WireApi, recording: Recording, pieceBytes?: number): Promise<Outcome> => {
  await using server = await replayServer(
    [{ ...recording, request: null }],
    pieceBytes === undefined ? {} : { pieceBytes },
  );
  return await callAt(api, recording, server.url);
};

const joined = (events: readonly RunEvent[], type: 'text-delta' | 'reasoning-delta'): string =>
  events.map((event) => (event.type === type ? event.text : '')).join('');

const checkReply = ({ result, error, events, run }: Outcome, expected: ExpectedReply): void => {
  if (error !== undefined) throw error;
  const reply = result as ChatReply;
  expect(reply.text).toBe(expected.text);
  expect(reply.finishReason).toBe(expected.finishReason);
  expect(reply.toolCalls.map(({ id, name, input }) => ({ id, name, input }))).toEqual(
    expected.toolCalls.map(({ id, name, input }) => ({ id: id ?? expect.any(String), name, input })),
  );
  expect(new Set(reply.toolCalls.map(({ id }) => id)).size).toBe(reply.toolCalls.length);
  if (expected.usage === undefined) expect(reply.usage.isEstimated).toBe(true);
  else expect(reply.usage).toMatchObject(expected.usage);
  const reasoning = typeof reply.message.content === 'string' ? [] : reply.message.content;
  const thought = reasoning.map((part) => (part.type === 'reasoning' ? part.text : '')).join('');
  if (expected.reasoning !== undefined) expect(thought).toBe(expected.reasoning);
  if (expected.also !== undefined) expect(reply).toMatchObject(expected.also);
  // What was shown while it ran is what came out, and what was spent is what was told.
  expect(joined(events, 'text-delta')).toBe(reply.text);
  expect(joined(events, 'reasoning-delta')).toBe(thought);
  expect(run.meter.spent).toMatchObject({ calls: 1, usage: { inputTokens: reply.usage.inputTokens } });
};

const check = (outcome: Outcome, expected: Expected): void => {
  if ('reply' in expected) checkReply(outcome, expected.reply);
  else if ('failure' in expected) checkFailure(outcome, expected.failure);
  else if (outcome.error !== undefined) throw outcome.error;
  else expect(outcome.result).toEqual(expected.value);
};

const checkFailure = (outcome: Outcome, { code, status, says }: ExpectedFailure): void => {
  if (!isPipewrightError(outcome.error))
    throw new Error(`Expected ${code}, got ${String(outcome.error ?? 'a reply')}.`);
  expect(outcome.error.code).toBe(code);
  if (status !== undefined) expect(outcome.error.details.status).toBe(status);
  if (says !== undefined) expect(outcome.error.message).toContain(says);
};

/** What stays the same however a reply is sent. */
const lasting = ({ result, error }: Outcome): unknown => {
  if (error !== undefined) return isPipewrightError(error) ? { code: error.code } : error;
  const { headers: _headers, ...reply } = result as ChatReply;
  return reply;
};

/** A long stream in single bytes would only take long: seventeen cut through everything that one does. */
const piecesOf = ({ response }: Recording): readonly number[] =>
  (response.text?.length ?? 0) > 20_000 ? [17, 61] : [1, 7, 61];

/** Tests every recording that an API covers: reply or failure, request, any cutting of a stream, streamed like unstreamed. */
export const describeWire = (name: string, api: WireApi): void => {
  const covered = recordings.filter((recording) => api.covers(recording));
  const named = covered.map((recording) => [recording.file, recording] as const);
  describe.runIf(covered.length > 0)(`${name}: recorded traffic`, () => {
    it.each(named)('%s comes out as recorded', async (_file, recording) => {
      check(await play(api, recording), api.expected(recording));
    });

    const asked = named.filter(([, { request }]) => request !== null);
    it.runIf(asked.length > 0).each(asked)('%s is asked for as recorded', async (_file, recording) => {
      await using server = await replayServer([{ ...recording, request: null }]);
      await callAt(api, recording, server.url);
      const { request } = recording;
      const [received] = server.requests;
      const { canonical = (body) => body, canonicalPath = (path) => path } = api;
      expect(received?.method).toBe(request?.method);
      expect(canonicalPath(received?.path ?? '')).toBe(canonicalPath(request?.path ?? ''));
      expect(canonical(received?.body)).toEqual(canonical(request?.body));
    });

    const streams = named.filter(([, recording]) => isStream(recording));
    it.runIf(streams.length > 0).each(streams)('Q13 %s is the same in pieces of any size', async (_file, recording) => {
      const whole = lasting(await play(api, recording));
      for (const pieceBytes of piecesOf(recording))
        expect(lasting(await play(api, recording, pieceBytes))).toEqual(whole);
    });

    const both = named.flatMap(([file, recording]) => {
      const other = isStream(recording) ? undefined : api.streamed?.(recording);
      return other === undefined ? [] : [[file, recording, other] as const];
    });
    it.runIf(both.length > 0).each(both)('Q18 %s is the same when it is streamed', async (_file, recording, other) => {
      expect(lasting(await play(api, other))).toEqual(lasting(await play(api, recording)));
    });
  });
};

/** The JSON of the `data:` lines of a stream, read in the plainest way. */
export const dataOf = (text: string): readonly Record<string, never>[] =>
  text
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data: {') || line.startsWith('data:{'))
    .map((line) => JSON.parse(line.slice(5)));
