import { describe, expect, it, onTestFinished } from 'vitest';
import { createRun, user, yieldToEventLoop } from '../../core/index.js';
import type { BatchOutcome } from '../../model/index.js';
import {
  type BadServer,
  type Behaviour,
  badServer,
  type RecordedRequest,
  type TestRun,
  testRun,
} from '../../testing/index.js';
import { anthropicBatch } from './index.js';

/** Everything is answered in the shapes of the Message Batches API; `status` says how a batch stands at each question. */
interface Fake {
  readonly status: (question: number) => Behaviour | string;
  readonly lines?: readonly (object | string)[];
}

const json = (body: unknown, status = 200): Behaviour => ({ type: 'json', status, body });

const batchObject = (processing_status: string): object => ({
  id: 'msgbatch_1',
  type: 'message_batch',
  processing_status,
  request_counts:
    processing_status === 'ended'
      ? { processing: 0, succeeded: 2, errored: 0, canceled: 0, expired: 0 }
      : { processing: 2, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
  ended_at: null,
  created_at: '2026-11-20T00:00:00Z',
  expires_at: '2026-11-21T00:00:00Z',
  archived_at: null,
  cancel_initiated_at: null,
  results_url: processing_status === 'ended' ? 'https://elsewhere.invalid/results' : null,
});

const fake = async ({ status, lines = [] }: Fake): Promise<BadServer> => {
  let questions = 0;
  const answer = ({ method, path }: RecordedRequest): Behaviour => {
    if (path === '/v1/messages/batches' && method === 'POST') return json(batchObject('in_progress'));
    if (path === '/v1/messages/batches/msgbatch_1/cancel') return json(batchObject('canceling'));
    if (path === '/v1/messages/batches/msgbatch_1') {
      const answered = status(questions++);
      return typeof answered === 'string' ? json(batchObject(answered)) : answered;
    }
    if (path === '/v1/messages/batches/msgbatch_1/results') {
      const text = lines.map((line) => (typeof line === 'string' ? line : `${JSON.stringify(line)}\n`)).join('');
      return { type: 'text', text, headers: { 'content-type': 'application/x-jsonl' } };
    }
    return json({ type: 'error', error: { type: 'not_found_error', message: `No such thing as ${path}.` } }, 404);
  };
  const server = await badServer(answer);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
};

const succeeded = (index: number, text: string, more: object = {}): object => ({
  custom_id: String(index),
  result: {
    type: 'succeeded',
    message: {
      id: `msg_${index}`,
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5-20250929',
      content: [{ type: 'text', text, ...more }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 900, cache_read_input_tokens: 100, output_tokens: 200, service_tier: 'batch' },
    },
  },
});

const other = (index: number, result: object): object => ({ custom_id: String(index), result });

/** Moves the clock whenever something waits for it. */
const passing = async <T>(work: Promise<T>, { clock }: TestRun): Promise<T> => {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  work.then(over, over);
  while (!isOver) await (clock.pending > 0 ? clock.advance(1000) : yieldToEventLoop());
  return await work;
};

const textsOf = (outcomes: readonly BatchOutcome[]): readonly string[] =>
  outcomes.map((outcome) => (outcome.isOk ? outcome.reply.text : outcome.error.code));

const model = 'claude-sonnet-4-5';

describe('anthropicBatch', () => {
  it('hands requests in, waits, and gives the replies in the order of the requests', async () => {
    const server = await fake({
      status: (question) => (question < 3 ? 'in_progress' : 'ended'),
      lines: [succeeded(1, 'two'), succeeded(0, 'one')],
    });
    const test = testRun();
    const batch = anthropicBatch(model, { baseUrl: server.url, apiKey: 'sk-ant-key' });
    const tools = [{ name: 'add', description: 'Adds', inputSchema: {} }];
    const requests = ['First?', { messages: [user('Second?')], tools, reasoning: 'low', topP: 0.5 }] as const;
    expect(textsOf(await passing(batch(requests, test.run), test))).toEqual(['one', 'two']);
    const [handedIn] = server.requests;
    expect(handedIn?.headers).toMatchObject({
      authorization: 'Bearer sk-ant-key',
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'interleaved-thinking-2025-05-14',
    });
    expect(handedIn?.body).toEqual({
      requests: [
        {
          custom_id: '0',
          params: {
            model,
            max_tokens: 64_000,
            messages: [{ role: 'user', content: [{ type: 'text', text: 'First?' }] }],
          },
        },
        { custom_id: '1', params: expect.objectContaining({ top_p: 0.5, thinking: expect.anything() }) },
      ],
    });
    expect(server.requests[1]?.headers['anthropic-version']).toBe('2026-10-21');
    expect(server.requests.map(({ path }) => path).at(-1)).toBe('/v1/messages/batches/msgbatch_1/results');
    const progress = test.events.filter((event) => event.type === 'progress');
    expect(progress).toMatchObject([0, 2].map((done) => ({ label: 'msgbatch_1', done, total: 2 })));
  });

  it('Q18 counts what the replies took at half the price, cached tokens as part of the input', async () => {
    const server = await fake({ status: () => 'ended', lines: [succeeded(0, 'one'), succeeded(1, 'two')] });
    const run = createRun();
    const price = { input: 2, output: 10, cachedInput: 1 };
    const outcomes = await anthropicBatch(model, { baseUrl: server.url, price })(['a', 'b'], run);
    const each = ((900 * 2 + 100 * 1 + 200 * 10) / 1_000_000) * 0.5;
    expect(outcomes[0]).toMatchObject({
      reply: { costUsd: each, usage: { inputTokens: 1000, cachedInputTokens: 100 } },
    });
    expect(run.meter.spent).toMatchObject({
      costUsd: expect.closeTo(2 * each, 10),
      usage: { inputTokens: 2000, outputTokens: 400, cachedInputTokens: 200 },
    });
  });

  it('gives each request its own outcome, whatever became of it, and passes over what is nobody`s', async () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' }, request_id: 'req_2' };
    const server = await fake({
      status: () => 'ended',
      lines: [
        succeeded(0, 'one', {
          citations: [
            { type: 'char_location', cited_text: 'A', document_index: 0, document_title: 'Refunds' },
            { type: 'char_location', cited_text: 'B', document_index: 1, document_title: null },
          ],
        }),
        other(2, { type: 'errored', error }),
        other(3, {
          type: 'errored',
          error: { error: { type: 'invalid_request_error', message: 'prompt is too long' } },
        }),
        other(4, { type: 'expired' }),
        other(5, { type: 'canceled' }),
        other(6, { type: 'succeeded', message: { hello: 'world' } }),
        other(9_999_999, { type: 'expired' }),
        '\n',
        '{"custom_id":"7","result":{"type":"succ',
      ],
    });
    const outcomes = await anthropicBatch(model, { baseUrl: server.url }).collect('msgbatch_1');
    expect(textsOf(outcomes)).toEqual([
      'one',
      'model-failed',
      'model-overloaded',
      'context-too-long',
      'timeout',
      'model-failed',
      'model-failed',
    ]);
    expect(outcomes.map((outcome) => !outcome.isOk && outcome.error.retryable)).toEqual([
      false,
      true,
      true,
      false,
      true,
      false,
      true,
    ]);
    expect(outcomes[0]).toMatchObject({ reply: { citations: [{ sourceId: 'Refunds' }, { sourceId: 'document-1' }] } });
  });

  it('Q26 goes on waiting through bad moments of the server, and says when it cannot', async () => {
    const troubles: readonly Behaviour[] = [
      { type: 'reset' },
      json({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 529),
      json({}),
    ];
    const test = testRun();
    const server = await fake({
      status: (question) => troubles[question] ?? 'ended',
      lines: [succeeded(0, 'one'), succeeded(1, 'two')],
    });
    const batch = anthropicBatch(model, { baseUrl: server.url });
    expect(textsOf(await passing(batch.collect('msgbatch_1', test.run), test))).toEqual(['one', 'two']);
    expect(test.events.filter(({ type }) => type === 'warning')).toHaveLength(3);
    await expect(batch.collect('msgbatch_2')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('can be cancelled, and stops waiting at once when the run is aborted', async () => {
    const server = await fake({ status: () => 'in_progress' });
    const batch = anthropicBatch(model, { baseUrl: server.url });
    const { run, clock, abort } = testRun();
    const outcome = batch.collect('msgbatch_1', run).catch((reason: unknown) => reason);
    while (clock.pending === 0) await yieldToEventLoop();
    abort('enough');
    expect(await outcome).toBe('enough');
    expect(clock.pending).toBe(0);
    await batch.cancel(await batch.submit(['a']));
    expect(server.requests.at(-1)).toMatchObject({ method: 'POST', path: '/v1/messages/batches/msgbatch_1/cancel' });
  });

  it('Q20 refuses before the network what the budget cannot pay, and more than a batch may hold', async () => {
    const server = await fake({ status: () => 'ended' });
    const batch = anthropicBatch(model, { baseUrl: server.url });
    const many = Array.from({ length: 10 }, () => 'Tell me a story.');
    await expect(batch(many, createRun({ budget: { maxCostUsd: 0.01 } }))).rejects.toMatchObject({
      code: 'budget-exceeded',
    });
    await expect(batch.submit(Array.from({ length: 100_001 }, () => 'a'))).rejects.toThrow('several batches');
    expect(server.requests).toEqual([]);
  });
});
