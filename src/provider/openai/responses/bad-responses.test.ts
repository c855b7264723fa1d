import { getEventListeners } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRun, isPipewrightError, type PipewrightError, stream } from '../../../core/index.js';
import type { ChatModel, ChatReply } from '../../../model/index.js';
import { timeout } from '../../../resilience/index.js';
import { type Behaviour, badServer, sseText, testRun } from '../../../testing/index.js';
import { describeChatModel } from '../../../testing/suites/index.js';
import { openaiResponses } from '../index.js';

const key = 'sk-proj-abcdefghijklmnop1234567890';
const usage = { input_tokens: 12, output_tokens: 3, input_tokens_details: { cached_tokens: 4 } };

const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text: 'Hello world' }],
};
const body = { id: 'resp_1', model: 'gpt-5-mini-2025-08-07', status: 'completed', output: [message], usage };

const delta = (text: string): object => ({
  type: 'response.output_text.delta',
  item_id: 'msg_1',
  output_index: 0,
  content_index: 0,
  delta: text,
});
const created = { type: 'response.created', response: { ...body, status: 'in_progress', output: [], usage: null } };
const events: readonly object[] = [
  created,
  { type: 'response.output_item.added', output_index: 0, item: { ...message, content: [] } },
  delta('Hello'),
  delta(' world'),
  { type: 'response.output_item.done', output_index: 0, item: message },
  { type: 'response.completed', response: body },
];
const sse = sseText(events, true);
const half = sse.slice(0, sse.indexOf(' world'));
/** Whole events as far as the first word. */
const halfEvents = sseText(events.slice(0, 3), true);

const model = (baseUrl: string, isStreaming = true): ChatModel =>
  openaiResponses('gpt-5-mini', { baseUrl, apiKey: key, isStreaming });

const caught = async (work: Promise<unknown>): Promise<PipewrightError> => {
  const error = await work.catch((reason: unknown) => reason);
  if (!isPipewrightError(error)) throw new Error(`Expected one of our errors, got ${String(error)}`);
  return error;
};

const started = async (behaviour: Behaviour): Promise<string> => {
  const server = await badServer(behaviour);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server.url;
};

const replyTo = async (list: readonly object[]): Promise<ChatReply> =>
  model(await started({ type: 'sse', chunks: [sseText(list, true)] }))('Hi');

describeChatModel('openaiResponses', {
  create: async () => model(await started({ type: 'sse', chunks: [sse] })),
  createStalling: async () => model(await started({ type: 'sse', chunks: [half], ending: 'stall' })),
});

describe('openaiResponses with a bad server', () => {
  it('Q18 gives the same reply and figures streamed and unstreamed, with cached tokens as part of the input', async () => {
    const run = createRun();
    const streamed = await model(await started({ type: 'sse', chunks: [sse] }))('Hi', run);
    const unstreamed = await model(await started({ type: 'json', body }), false)('Hi');
    expect(streamed).toMatchObject({ text: 'Hello world', finishReason: 'stop' });
    expect(streamed.usage).toEqual({ inputTokens: 12, outputTokens: 3, cachedInputTokens: 4 });
    expect({ ...unstreamed, headers: {} }).toEqual({ ...streamed, headers: {} });
    expect(run.meter.spent).toMatchObject({ calls: 1, usage: { inputTokens: 12, outputTokens: 3 } });
  });

  it('Q11 says "stop" only if the response was said to be over, wherever the stream is cut', async () => {
    const overAt = sse.indexOf('response.completed');
    await using server = await badServer((_request, index) => ({
      type: 'sse',
      chunks: [sse],
      cutAfterBytes: index,
      ending: index % 2 === 0 ? 'end' : 'reset',
    }));
    const ask = model(server.url);
    for (let cut = 0; cut <= Buffer.byteLength(sse); cut += 1) {
      const outcome: unknown = await ask('Hi').catch((reason: unknown) => reason);
      if (!isPipewrightError(outcome)) {
        expect(outcome).toMatchObject({ text: 'Hello world', finishReason: 'stop' });
        expect(cut).toBeGreaterThan(overAt);
        continue;
      }
      expect(['stream-cut', 'connection-lost']).toContain(outcome.code);
      expect(outcome.retryable).toBe(true);
      expect('Hello world'.startsWith(outcome.details.partialText ?? '')).toBe(true);
    }
  }, 120_000);

  it('Q04 closes the socket within 100 ms when the reader leaves the stream', async () => {
    await using server = await badServer({ type: 'sse', chunks: [half], ending: 'stall' });
    for await (const event of stream(model(server.url), 'Hi')) if (event.type === 'text-delta') break;
    const startedMs = performance.now();
    expect(await (await server.request(0)).closed).toBe('cut');
    expect(performance.now() - startedMs).toBeLessThan(100);
  });

  const stalls: readonly (readonly [string, boolean, Behaviour])[] = [
    ['accepts and never answers', true, { type: 'silence' }],
    ['accepts and never answers, unstreamed', false, { type: 'silence' }],
    ['stalls after the headers', true, { type: 'sse', chunks: [], ending: 'stall' }],
    ['stalls in the middle of the body', true, { type: 'sse', chunks: [half], ending: 'stall' }],
    [
      'stalls in the middle of an unstreamed body',
      false,
      { type: 'sse', chunks: ['{"output":'], ending: 'stall', headers: { 'content-type': 'application/json' } },
    ],
  ];
  it.each(stalls)('Q04 Q05 ends by its deadline when the server %s', async (_what, isStreaming, behaviour) => {
    await using server = await badServer(behaviour);
    const { run, clock } = testRun();
    const outcome = caught(timeout(model(server.url, isStreaming), { totalMs: 30_000 })('Hi', run));
    const request = await server.request(0);
    await clock.advance(30_000);
    expect(await outcome).toMatchObject({ code: 'timeout', retryable: true });
    expect(await request.closed).toBe('cut');
    expect(getEventListeners(run.signal, 'abort')).toHaveLength(0);
    expect(clock.pending).toBe(0);
  });

  it('Q10 leaves no rejection unhandled and settles whatever happens and whoever reads', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const behaviours: readonly Behaviour[] = [
      { type: 'json', status: 500, body: {} },
      { type: 'sse', chunks: [half], ending: 'reset' },
      { type: 'sse', chunks: [halfEvents, sseText([{ type: 'error', message: 'No.' }], true)] },
      { type: 'reset' },
    ];
    await using server = await badServer((_request, index) => behaviours[index % behaviours.length]!);
    const results: Promise<unknown>[] = [];
    for (const _behaviour of behaviours) {
      const watched = stream(model(server.url), 'Hi');
      results.push(watched.result);
      await watched.result.catch(() => undefined);
      const abandoned = stream(model(server.url), 'Hi');
      abandoned.cancel('gone');
      results.push(abandoned.result);
    }
    await Promise.allSettled(results);
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it('Q19 leaves an estimated usage record, not below what was delivered, when a call is aborted or breaks', async () => {
    await using server = await badServer({ type: 'sse', chunks: [half], ending: 'stall' });
    const control = new AbortController();
    const abort = (type: string): void => (type === 'text-delta' ? control.abort('enough') : undefined);
    const aborted = createRun({ signal: control.signal, on: ({ type }) => abort(type) });
    await expect(model(server.url)('Hi', aborted)).rejects.toBe('enough');
    const broken = createRun();
    await caught(model(await started({ type: 'sse', chunks: [half] }))('Hi', broken));
    for (const { meter } of [aborted, broken]) {
      expect(meter.spent.usage.isEstimated).toBe(true);
      expect(meter.spent.usage.outputTokens).toBeGreaterThanOrEqual(1);
      expect(meter.spent.usage.inputTokens).toBeGreaterThan(0);
    }
  });

  const failures: readonly (readonly [string, object, string, boolean])[] = [
    [
      'error with its facts inside',
      { type: 'error', error: { code: 'server_error', message: 'It broke' } },
      'model-failed',
      true,
    ],
    [
      'error with its facts beside',
      { type: 'error', code: 'rate_limit_exceeded', message: 'It broke' },
      'rate-limited',
      true,
    ],
    [
      'response.failed',
      {
        type: 'response.failed',
        response: {
          ...body,
          output: [],
          status: 'failed',
          error: { code: 'server_is_overloaded', message: 'It broke' },
        },
      },
      'model-overloaded',
      true,
    ],
    [
      'response.failed that blames the request',
      {
        type: 'response.failed',
        response: { ...body, output: [], status: 'failed', error: { code: 'invalid_image_url', message: 'It broke' } },
      },
      'bad-input',
      false,
    ],
    [
      'response.failed without a status',
      { type: 'response.failed', response: { output: [], error: { message: 'It broke' } } },
      'model-failed',
      true,
    ],
  ];
  it.each(failures)(
    'Q26 turns the event %s into a typed error with the text so far',
    async (_what, event, code, retryable) => {
      const error = await caught(replyTo([...events.slice(0, 3), event]));
      expect(error).toMatchObject({ code, retryable, details: { partialText: 'Hello' } });
      expect(error.message).toContain('It broke');
    },
  );

  it('Q26 maps lost connections, replies that are none, and responses that have not ended', async () => {
    const html: Behaviour = { type: 'text', text: '<html>Bad gateway</html>' };
    expect(await caught(model(await started({ type: 'reset' }))('Hi'))).toMatchObject({
      code: 'connection-lost',
      retryable: true,
    });
    expect(await caught(model(await started(html), false)('Hi'))).toMatchObject({
      code: 'model-failed',
      retryable: true,
    });
    expect((await caught(model(await started(html))('Hi'))).code).toBe('stream-cut');
    const none = await started({ type: 'json', body: { choices: [] } });
    expect((await caught(model(none, false)('Hi'))).message).toContain('no response');
    const queued = await started({ type: 'json', body: { ...body, status: 'queued' } });
    expect((await caught(model(queued, false)('Hi'))).message).toContain('queued');
    const failed = await started({ type: 'json', body: { ...body, error: { code: 'server_error', message: 'Oops' } } });
    expect(await caught(model(failed, false)('Hi'))).toMatchObject({ code: 'model-failed', retryable: true });
    const huge = await started({ type: 'huge', bytes: 80 * 1024 * 1024 });
    expect((await caught(model(huge, false)('Hi'))).message).toContain('64 MiB');
  });

  it('Q30 shows the key in no error', async () => {
    const echo = `Incorrect API key provided: ${key}`;
    const told = [
      await caught(model(await started({ type: 'json', status: 401, body: { error: { message: echo } } }))('Hi')),
      await caught(replyTo([created, { type: 'error', message: echo }])),
    ];
    for (const error of told) {
      expect(error.message).toContain('Incorrect API key');
      expect(`${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(key);
    }
  });

  it('leaves no listener on the signal of the caller', async () => {
    const { signal } = new AbortController();
    const ask = model(await started({ type: 'sse', chunks: [sse] }));
    for (let call = 0; call < 20; call += 1) await ask('Hi', createRun({ signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('Q13 tool calls of servers that are careless', () => {
  const whole = { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Berlin"}' };
  const added = { type: 'response.output_item.added', item: { ...whole, arguments: '' } };
  const done = { type: 'response.output_item.done', item: whole };
  const piece = (text: string): object => ({ type: 'response.function_call_arguments.delta', delta: text });
  const over = { type: 'response.completed', response: { ...body, output: [whole] } };
  const at = (output_index: number, event: object): object => ({ ...event, output_index });

  const ways: readonly (readonly [string, readonly object[]])[] = [
    ['with an index', [at(0, added), at(0, piece('{"city":')), at(0, piece('"Berlin"}')), at(0, done), over]],
    ['without index and id', [added, piece('{"city":'), piece('"Berlin"}'), done, over]],
    ['only as a whole', [at(0, added), at(0, done), over]],
    ['with `{}` ahead', [at(0, added), at(0, piece('{}')), at(0, piece('{"city":"Berlin"}')), at(0, done), over]],
    ['with nothing but `{}` before the whole', [at(0, added), at(0, piece('{}')), at(0, done), over]],
    ['without saying that it begins', [at(0, piece('{"city":"Berlin"}')), at(0, done), over]],
    ['only at the very end', [over]],
    [
      'letter by letter',
      [at(0, added), ...[...whole.arguments].map((letter) => at(0, piece(letter))), at(0, done), over],
    ],
  ];
  it.each(ways)('come out the same %s', async (_way, list) => {
    const { toolCalls, finishReason } = await replyTo([created, ...list]);
    expect(toolCalls).toEqual([{ type: 'tool-call', id: 'call_1', name: 'weather', input: { city: 'Berlin' } }]);
    expect(finishReason).toBe('tool-call');
  });

  it('keep calls apart that come at once, with one id or none', async () => {
    const call = (index: number, call_id: string, city: string): readonly object[] => [
      at(index, { ...added, item: { ...added.item, call_id } }),
      at(index, { ...done, item: { ...whole, call_id, arguments: `{"city":"${city}"}` } }),
    ];
    const list = [...call(0, 'call_1', 'Berlin'), ...call(1, 'call_1', 'Rome'), ...call(2, '', 'Oslo')];
    const interleaved = [0, 2, 4, 1, 3, 5].map((place) => list[place] ?? {});
    for (const order of [list, interleaved]) {
      const { toolCalls } = await replyTo([created, ...order, { ...over, response: { ...body, output: [] } }]);
      expect(toolCalls.map(({ input }) => input)).toEqual([{ city: 'Berlin' }, { city: 'Rome' }, { city: 'Oslo' }]);
      expect(new Set(toolCalls.map(({ id }) => id)).size).toBe(3);
    }
  });
});
