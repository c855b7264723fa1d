import { PipewrightError, type Run } from '../../core/index.js';
import type { BatchResult, ModelEvent } from '../../model/index.js';
import { type CallInfo, serverError } from '../shared/index.js';
import { eventsOf, readEvents } from './responses/events.js';
import type { WireSettings } from './responses/request.js';

/** What the API takes in one file. */
export const maxRequests: number = 50_000;
const maxFileBytes = 200_000_000;

/** The requests as the file of a batch: one to a line, each under its place. */
export const fileOf = (id: string, bodies: readonly object[]): Blob => {
  if (bodies.length > maxRequests) throw tooMuch(id, `${bodies.length} requests, and the API takes ${maxRequests}`);
  const lines = bodies.map(
    (body, index) => `${JSON.stringify({ custom_id: String(index), method: 'POST', url: '/v1/responses', body })}\n`,
  );
  const file = new Blob(lines, { type: 'application/jsonl' });
  if (file.size > maxFileBytes) throw tooMuch(id, `${file.size} bytes, and the API takes ${maxFileBytes}`);
  return file;
};

const tooMuch = (id: string, what: string): PipewrightError =>
  new PipewrightError('bad-input', `The batch for ${id} has ${what}. Hand it in as several batches.`);

interface WireLine {
  readonly custom_id?: string;
  readonly response?: {
    readonly status_code?: number;
    readonly request_id?: string | null;
    readonly body?: { readonly error?: unknown } | null;
  } | null;
  readonly error?: { readonly code?: string | null; readonly message?: string | null } | null;
}

/** Reads one line of an output or error file; none where it cannot be told whose it is. */
export type LineReader = (line: string) => AsyncGenerator<BatchResult, void, undefined>;

export const lineReader = (settings: WireSettings, info: CallInfo, run: Run): LineReader =>
  async function* (line) {
    const wire = JSON.parse(line) as WireLine;
    const index = Number(wire.custom_id);
    if (!Number.isInteger(index) || index < 0 || index >= maxRequests) return;
    try {
      yield { index, events: await answerIn(settings, wire, run) };
    } catch (error) {
      const { id, secrets } = info;
      yield { index, error: serverError(error, { id, secrets: secrets(), nowMs: run.clock.now() }) };
    }
  };

/** Throws a failure in the shape in which `serverError` reads it. */
const answerIn = async ({ id, server }: WireSettings, wire: WireLine, run: Run): Promise<readonly ModelEvent[]> => {
  const { response, error } = wire;
  if (error) throw unanswered(id, error.code ?? '') ?? { error };
  const { status_code: status, body, request_id } = response ?? {};
  if (status !== 200) throw { status, error: body?.error ?? body ?? 'no answer' };
  const headers = typeof request_id === 'string' ? { 'x-request-id': request_id } : {};
  const events: ModelEvent[] = [];
  for await (const event of readEvents(eventsOf(id, body), headers, { provider: server.provider, run })) {
    events.push(event);
  }
  return events;
};

/** The batch ended before it came to this request. */
const unanswered = (id: string, code: string): PipewrightError | undefined => {
  if (code === 'batch_expired') {
    const message = `${id} did not come to this request before the batch expired. Hand it in again.`;
    return new PipewrightError('timeout', message, { retryable: true });
  }
  if (code === 'batch_cancelled') {
    const message = `${id} did not come to this request before the batch was cancelled. Hand it in again if you want it.`;
    return new PipewrightError('model-failed', message);
  }
  return undefined;
};
