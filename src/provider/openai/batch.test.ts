import { describe, expect, it, onTestFinished } from 'vitest';
import { createRun, yieldToEventLoop } from '../../core/index.js';
import type { BatchModel, BatchOutcome } from '../../model/index.js';
import {
  type BadServer,
  type Behaviour,
  badServer,
  type RecordedRequest,
  type TestRun,
  testRun,
} from '../../testing/index.js';
import { openaiBatch } from './index.js';

/** Everything is answered in the shapes of the Batch API; `status` says how a batch stands at each question. */
interface Fake {
  readonly status: (question: number) => Behaviour | { readonly status: string; readonly [field: string]: unknown };
  readonly output?: readonly object[];
  readonly errors?: readonly object[];
}

const json = (body: unknown, status = 200): Behaviour => ({ type: 'json', status, body });

const batchObject = (fields: object): object => ({
  id: 'batch_1',
  object: 'batch',
  endpoint: '/v1/responses',
  errors: null,
  input_file_id: 'file-in',
  completion_window: '24h',
  status: 'validating',
  output_file_id: null,
  error_file_id: null,
  created_at: 1_700_000_000,
  request_counts: { total: 0, completed: 0, failed: 0 },
  metadata: null,
  ...fields,
});

const file = (lines: readonly object[] = []): Behaviour => ({
  type: 'text',
  text: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  headers: { 'content-type': 'application/octet-stream' },
});

const fake = async (plan: Fake): Promise<BadServer> => {
  let questions = 0;
  const answer = ({ method, path }: RecordedRequest): Behaviour => {
    if (path === '/files') return json({ id: 'file-in', object: 'file', purpose: 'batch', filename: 'batch.jsonl' });
    if (path === '/batches' && method === 'POST') return json(batchObject({}));
    if (path === '/batches/batch_1/cancel') return json(batchObject({ status: 'cancelling' }));
    if (path === '/batches/batch_1') {
      const answered = plan.status(questions++);
      return 'type' in answered ? (answered as Behaviour) : json(batchObject(answered));
    }
    if (path === '/files/file-out/content') return file(plan.output);
    if (path === '/files/file-err/content') return file(plan.errors);
    return json({ error: { message: `No such thing as ${path}.` } }, 404);
  };
  const server = await badServer(answer);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
};

const answerTo = (index: number, text: string): object => ({
  id: `batch_req_${index}`,
  custom_id: String(index),
  response: {
    status_code: 200,
    request_id: `req-${index}`,
    body: {
      id: `resp_${index}`,
      object: 'response',
      status: 'completed',
      model: 'gpt-5-mini-2025-08-07',
      output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] }],
      usage: { input_tokens: 1000, output_tokens: 200, input_tokens_details: { cached_tokens: 100 } },
    },
  },
  error: null,
});

const refusal = (index: number, status_code: number, error: object): object => ({
  id: `batch_req_${index}`,
  custom_id: String(index),
  response: { status_code, request_id: `req-${index}`, body: { error } },
  error: null,
});

const never = (index: number, code: string): object => ({
  id: `batch_req_${index}`,
  custom_id: String(index),
  response: null,
  error: { code, message: 'This request could not be executed.' },
});

const completed = {
  status: 'completed',
  output_file_id: 'file-out',
  request_counts: { total: 2, completed: 2, failed: 0 },
};

/** Moves the clock whenever something waits for it. */
const passing = async <T>(work: Promise<T>, { clock }: TestRun): Promise<T> => {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  work.then(over, over);
  while (!isOver) await (clock.pending > 0 ? clock.advance(250) : yieldToEventLoop());
  return await work;
};

const model = ({ url }: BadServer): BatchModel => openaiBatch('gpt-5-mini', { baseUrl: url });

const textsOf = (outcomes: readonly BatchOutcome[]): readonly string[] =>
  outcomes.map((outcome) => (outcome.isOk ? outcome.reply.text : outcome.error.code));

describe('openaiBatch', () => {
  it('hands requests in as one file, waits, and gives the replies in the order of the requests', async () => {
    const server = await fake({
      status: (question) => (question < 2 ? { status: 'in_progress' } : completed),
      output: [answerTo(1, 'two'), answerTo(0, 'one')],
    });
    const test = testRun();
    const outcomes = await passing(
      model(server)(['First?', { messages: [{ role: 'user', content: 'Second?' }] }], test.run),
      test,
    );
    expect(textsOf(outcomes)).toEqual(['one', 'two']);
    expect(outcomes[0]).toMatchObject({
      reply: { finishReason: 'stop', model: 'gpt-5-mini-2025-08-07', headers: { 'x-request-id': 'req-0' } },
    });
    const [upload, create] = server.requests;
    expect(String(upload?.headers['content-type'])).toMatch(/^multipart\/form-data; boundary=/);
    expect(upload?.body).toContain('name="purpose"\r\n\r\nbatch');
    const lines = String(upload?.body)
      .split('\n')
      .filter((line) => line.startsWith('{'));
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ custom_id: '0', method: 'POST', url: '/v1/responses' }),
      expect.objectContaining({ custom_id: '1' }),
    ]);
    expect(JSON.parse(lines[0] ?? '').body).toMatchObject({
      model: 'gpt-5-mini',
      input: [{ role: 'user', content: 'First?' }],
      store: false,
    });
    expect(JSON.parse(lines[0] ?? '').body).not.toHaveProperty('stream');
    expect(create?.body).toEqual({ input_file_id: 'file-in', endpoint: '/v1/responses', completion_window: '24h' });
  });

  it('Q18 counts a batch as one call at half the price, with the sum of what its replies took', async () => {
    const server = await fake({ status: () => completed, output: [answerTo(0, 'one'), answerTo(1, 'two')] });
    const { run, events } = testRun();
    const outcomes = await openaiBatch('gpt-5-mini', { baseUrl: server.url, price: { input: 2, output: 10 } })(
      ['a', 'b'],
      run,
    );
    const each = ((1000 * 2 + 200 * 10) / 1_000_000) * 0.5;
    expect(outcomes[0]).toMatchObject({
      reply: { costUsd: each, usage: { inputTokens: 1000, cachedInputTokens: 100 } },
    });
    expect(run.meter.spent).toMatchObject({
      calls: 1,
      costUsd: expect.closeTo(2 * each, 10),
      usage: { inputTokens: 2000, outputTokens: 400, cachedInputTokens: 200 },
    });
    expect(events.filter(({ type }) => type === 'usage')).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'text-delta')).toEqual([]);
  });

  it('asks less and less often, as slowly as it may, and tells how far it is', async () => {
    const times: number[] = [];
    const test = testRun();
    const server = await fake({
      status: (question) => {
        times.push(test.clock.now());
        const request_counts = { total: 2, completed: Math.min(question, 2), failed: 0 };
        return question < 5 ? { status: 'in_progress', request_counts } : completed;
      },
      output: [answerTo(0, 'one'), answerTo(1, 'two')],
    });
    const batch = openaiBatch('gpt-5-mini', { baseUrl: server.url, pollMs: 1000, maxPollMs: 3000 });
    await passing(batch.collect('batch_1', test.run), test);
    // The last question is for the names of the files.
    expect(times.slice(1, 6).map((time, index) => time - (times[index] ?? 0))).toEqual([1000, 1500, 2250, 3000, 3000]);
    const progress = test.events.filter((event) => event.type === 'progress');
    expect(progress).toMatchObject([0, 1, 2].map((done) => ({ label: 'batch_1', done, total: 2 })));
    expect(test.clock.pending).toBe(0);
  });

  it('Q26 goes on waiting when the connection is lost or the server has a bad moment, and waits as long as that asks', async () => {
    const times: number[] = [];
    const test = testRun();
    const troubles: readonly Behaviour[] = [
      { type: 'reset' },
      json({ error: { message: 'Bad gateway' } }, 502),
      { type: 'json', status: 429, headers: { 'retry-after': '90' }, body: { error: { message: 'Slow down' } } },
    ];
    const server = await fake({
      status: (question) => {
        times.push(test.clock.now());
        return troubles[question] ?? completed;
      },
      output: [answerTo(0, 'one'), answerTo(1, 'two')],
    });
    const outcomes = await passing(model(server).collect('batch_1', test.run), test);
    expect(textsOf(outcomes)).toEqual(['one', 'two']);
    expect((times[3] ?? 0) - (times[2] ?? 0)).toBe(90_000);
    expect(test.events.filter(({ type }) => type === 'warning')).toHaveLength(3);
  });

  it('Q26 goes on however often the connection is lost, as long as it is found again in between', async () => {
    const test = testRun();
    const server = await fake({
      status: (question) => {
        if (question >= 30) return completed;
        return question % 2 === 0 ? { type: 'reset' } : { status: 'in_progress' };
      },
      output: [answerTo(0, 'one'), answerTo(1, 'two')],
    });
    expect(await passing(model(server).collect('batch_1', test.run), test)).toHaveLength(2);
  });

  it('Q26 gives up with the failure when the server stays away, or says what waiting will not mend', async () => {
    const test = testRun();
    const away = await fake({ status: () => ({ type: 'reset' }) });
    await expect(passing(model(away).collect('batch_1', test.run), test)).rejects.toMatchObject({
      code: 'connection-lost',
    });
    expect(away.requests).toHaveLength(11);
    const unknown = await fake({ status: () => completed });
    await expect(model(unknown).collect('batch_2')).rejects.toMatchObject({ code: 'not-found' });
    expect(unknown.requests).toHaveLength(1);
  });

  it('gives each request its own outcome: answers, refusals, what expired, and what is nowhere to be found', async () => {
    const server = await fake({
      status: () => ({
        status: 'expired',
        output_file_id: 'file-out',
        error_file_id: 'file-err',
        request_counts: { total: 6, completed: 1, failed: 3 },
      }),
      output: [answerTo(0, 'one')],
      errors: [
        refusal(2, 400, { message: 'Too long', code: 'context_length_exceeded', type: 'invalid_request_error' }),
        refusal(3, 500, { message: 'Oops', type: 'server_error' }),
        never(4, 'batch_expired'),
        never(5, 'batch_cancelled'),
      ],
    });
    const outcomes = await model(server).collect('batch_1');
    expect(textsOf(outcomes)).toEqual([
      'one',
      'model-failed',
      'context-too-long',
      'model-failed',
      'timeout',
      'model-failed',
    ]);
    expect(outcomes.map((outcome) => !outcome.isOk && outcome.error.retryable)).toEqual([
      false,
      true,
      false,
      true,
      true,
      false,
    ]);
    expect(outcomes[2]).toMatchObject({ error: { details: { status: 400 } } });
  });

  it('gives failed and unfinished responses inside an answered line as errors', async () => {
    const broken = answerTo(0, '') as { response: { body: object } };
    const failed = {
      ...broken,
      response: {
        ...broken.response,
        body: { status: 'failed', output: [], error: { code: 'server_error', message: 'No.' } },
      },
    };
    const odd = { ...broken, custom_id: '1', response: { ...broken.response, body: { hello: 'world' } } };
    const foreign = { ...broken, custom_id: '9999999999' };
    const server = await fake({ status: () => completed, output: [failed, odd, foreign] });
    expect(textsOf(await model(server).collect('batch_1'))).toEqual(['model-failed', 'model-failed']);
  });

  it('throws when the API refuses the file, and says where', async () => {
    const server = await fake({
      status: () => ({
        status: 'failed',
        errors: { object: 'list', data: [{ code: 'invalid_json_line', message: 'Not JSON.', line: 2 }] },
      }),
    });
    await expect(model(server)(['a'])).rejects.toMatchObject({
      code: 'bad-input',
      details: { issues: ['line 2: Not JSON.'] },
    });
  });

  it('can be collected by its id in another process, and cancelled', async () => {
    const server = await fake({ status: () => completed, output: [answerTo(0, 'one'), answerTo(1, 'two')] });
    const id = await model(server).submit(['a', 'b']);
    expect(id).toBe('batch_1');
    expect(textsOf(await model(server).collect(id))).toEqual(['one', 'two']);
    await model(server).cancel(id);
    expect(server.requests.at(-1)).toMatchObject({ method: 'POST', path: '/batches/batch_1/cancel' });
  });

  it('stops waiting at once when the run is aborted, and leaves no timer', async () => {
    const { run, clock, abort } = testRun();
    const server = await fake({ status: () => ({ status: 'in_progress' }) });
    const outcome = model(server)
      .collect('batch_1', run)
      .catch((reason: unknown) => reason);
    while (clock.pending === 0) await yieldToEventLoop();
    abort('enough');
    expect(await outcome).toBe('enough');
    expect(clock.pending).toBe(0);
    expect(run.meter.spent.calls).toBe(0);
  });

  it('Q20 refuses before the network what the budget cannot pay or the model cannot do', async () => {
    const server = await fake({ status: () => completed });
    const many = Array.from({ length: 10 }, () => 'Tell me a story.');
    const price = { input: 1, output: 10 };
    // Ten replies of 4,096 tokens at half the price are 0.2 USD.
    const batch = openaiBatch('gpt-5-mini', { baseUrl: server.url, price });
    const refused = batch(many, createRun({ budget: { maxCostUsd: 0.1 } }));
    await expect(refused).rejects.toMatchObject({
      code: 'budget-exceeded',
      details: { budget: { limit: 'maxCostUsd' } },
    });
    await expect(batch.submit(many, createRun({ budget: { maxTokens: 1000 } }))).rejects.toMatchObject({
      code: 'budget-exceeded',
    });
    await expect(batch([])).resolves.toEqual([]);
    await expect(batch.submit([])).rejects.toMatchObject({ code: 'bad-input' });
    const deaf = openaiBatch('gpt-4o', { baseUrl: server.url });
    await expect(deaf(['a', { messages: [{ role: 'user', content: 'b' }], reasoning: 'high' }])).rejects.toMatchObject({
      code: 'unsupported',
    });
    expect(server.requests).toEqual([]);
  });

  it('refuses more requests than a file may hold', async () => {
    const server = await fake({ status: () => completed });
    await expect(model(server).submit(Array.from({ length: 50_001 }, () => 'a'))).rejects.toThrow('several batches');
  });
});
