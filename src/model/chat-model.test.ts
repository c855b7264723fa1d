import { describe, expect, it } from 'vitest';
import { createRun, isPipewrightError, PipewrightError, type RunEvent, stream } from '../core/index.js';
import { callsTool, scripted } from '../testing/index.js';
import { chatModel } from './index.js';
import type { ChatRequest, ModelEvent, Provider } from './types.js';

const usage = { inputTokens: 100, outputTokens: 20 };
const text = (value: string): ModelEvent => ({ type: 'text-delta', text: value });
const stop: ModelEvent = { type: 'finish', reason: 'stop' };

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    return isPipewrightError(error) ? error.code : `not ours: ${String(error)}`;
  }
  return 'no error';
};

const collect = () => {
  const events: RunEvent[] = [];
  return { events, on: (event: RunEvent) => void events.push(event) };
};

/** A provider that plays events and remembers how it ended. */
const providerOf = (events: readonly ModelEvent[], extra: Partial<Provider> = {}) => {
  const seen: { requests: ChatRequest[]; isClosed: boolean } = { requests: [], isClosed: false };
  const provider: Provider = {
    id: 'test:model',
    model: 'model',
    provider: 'test',
    features: { tools: false, jsonSchema: false, images: false, files: false, reasoning: false, citations: false },
    limits: {},
    price: { input: 1, output: 10 },
    stream: async function* (request) {
      seen.requests.push(request);
      try {
        for (const event of events) yield event;
      } finally {
        seen.isClosed = true;
      }
    },
    ...extra,
  };
  return { provider, seen };
};

describe('chatModel', () => {
  it('puts text, reasoning, calls, citations and figures together into one reply', async () => {
    const citation = { sourceId: 's', quote: 'four', start: 0, end: 4 };
    const model = scripted([
      [
        { type: 'response-start', model: 'model-2026', headers: { 'x-request-id': 'r1' } },
        { type: 'reasoning-delta', text: 'think' },
        { type: 'reasoning-end', opaque: 'sig' },
        text('fo'),
        text('ur'),
        { type: 'citation', citation },
        { type: 'tool-call-delta', key: '0', id: 'a', name: 'add', text: '{"x":' },
        { type: 'tool-call-delta', key: '1', id: 'b', name: 'add', text: '' },
        { type: 'tool-call-delta', key: '0', text: '1}' },
        { type: 'usage', usage },
        { type: 'finish', reason: 'tool-call' },
      ],
    ]);
    const reply = await model('2 + 2?');
    expect(reply).toEqual({
      text: 'four',
      message: {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'think', opaque: 'sig' },
          { type: 'text', text: 'four' },
          { type: 'tool-call', id: 'a', name: 'add', input: { x: 1 } },
          { type: 'tool-call', id: 'b', name: 'add', input: {} },
        ],
      },
      toolCalls: [
        { type: 'tool-call', id: 'a', name: 'add', input: { x: 1 } },
        { type: 'tool-call', id: 'b', name: 'add', input: {} },
      ],
      finishReason: 'tool-call',
      usage,
      costUsd: 0,
      model: 'model-2026',
      citations: [citation],
      headers: { 'x-request-id': 'r1' },
    });
    expect(model.requests[0]?.messages).toEqual([{ role: 'user', content: '2 + 2?' }]);
  });

  it('passes deltas on to the run, and the call once it is whole', async () => {
    const { events, on } = collect();
    await scripted([callsTool('add', { a: 1 })])('go', createRun({ on }));
    expect(events.map(({ type }) => type)).toEqual(['tool-call-delta', 'usage', 'tool-call']);
    expect(events.at(-1)).toMatchObject({ name: 'add', input: { a: 1 } });
  });

  it('keeps two stretches of reasoning apart, each with what its provider wants back', async () => {
    const model = scripted([
      [
        { type: 'reasoning-delta', text: 'one' },
        { type: 'reasoning-end', opaque: 'first' },
        { type: 'reasoning-end', opaque: 'redacted' },
        { type: 'reasoning-delta', text: 'two' },
        { type: 'reasoning-end' },
        { type: 'reasoning-delta', text: 'three' },
        stop,
      ],
    ]);
    expect((await model('go')).message.content).toEqual([
      { type: 'reasoning', text: 'one', opaque: 'first' },
      { type: 'reasoning', text: '', opaque: 'redacted' },
      { type: 'reasoning', text: 'two' },
      { type: 'reasoning', text: 'three' },
    ]);
  });

  it('keeps the raw text of arguments that are no JSON', async () => {
    const bad: ModelEvent = { type: 'tool-call-delta', key: '0', id: 'a', name: 'add', text: '{"x": oops' };
    const reply = await scripted([[bad, { type: 'finish', reason: 'tool-call' }]])('go');
    expect(reply.toolCalls[0]?.input).toBe('{"x": oops');
  });

  it('refuses before the provider what the model cannot do', async () => {
    const { provider, seen } = providerOf([stop]);
    const model = chatModel(provider);
    const messages = [{ role: 'user', content: 'hi' }] as const;
    const tool = { name: 't', description: '', inputSchema: {} };
    const image = { role: 'user', content: [{ type: 'image', data: new Uint8Array() }] } as const;
    const file = {
      role: 'user',
      content: [{ type: 'file', data: new Uint8Array(), mediaType: 'text/plain' }],
    } as const;
    const wanted: readonly ChatRequest[] = [
      { messages, tools: [tool] },
      { messages, output: { type: 'json-schema', name: 'x', schema: {} } },
      { messages, reasoning: 'high' },
      { messages: [image] },
      { messages: [file] },
    ];
    for (const request of wanted) expect(await codeOf(model(request))).toBe('unsupported');
    expect(await codeOf(model([]))).toBe('bad-input');
    expect(seen.requests).toEqual([]);
  });

  it('Q11 rejects with the partial text when the reply ends without a finish reason', async () => {
    const model = chatModel(providerOf([text('half a sen')]).provider);
    const error = await model('go').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'stream-cut', retryable: true, details: { partialText: 'half a sen' } });
  });

  it('stops reading at the finish event and closes the provider', async () => {
    const { provider, seen } = providerOf([text('a'), stop, text('b')]);
    expect((await chatModel(provider)('go')).text).toBe('a');
    expect(seen.isClosed).toBe(true);
  });

  it('Q18 counts the provider’s figures once, in the run, the event and the reply', async () => {
    const { events, on } = collect();
    const run = createRun({ on });
    const model = chatModel(
      providerOf([{ type: 'usage', usage: { inputTokens: 100, outputTokens: 1 } }, { type: 'usage', usage }, stop])
        .provider,
    );
    const replies = [await model('a', run), await model('b', run)];
    expect(run.meter.spent).toMatchObject({
      calls: 2,
      usage: { inputTokens: 200, outputTokens: 40 },
      isCostPartial: false,
    });
    expect(run.meter.spent.costUsd).toBeCloseTo(
      replies.reduce((sum, reply) => sum + (reply.costUsd ?? 0), 0),
      12,
    );
    const told = events.flatMap((event) => (event.type === 'usage' ? [event.usage.outputTokens] : []));
    expect(told).toEqual([20, 20]);
  });

  it('Q19 leaves an estimated usage when it is aborted, and rejects with the reason at once though the provider is deaf', async () => {
    const control = new AbortController();
    const run = createRun({ signal: control.signal });
    const deaf = providerOf([], {
      stream: async function* () {
        yield text('delivered words');
        await new Promise(() => undefined);
      },
    });
    const call = chatModel(deaf.provider)('go', run);
    await new Promise((resolve) => setImmediate(resolve));
    control.abort('enough');
    await expect(call).rejects.toBe('enough');
    expect(run.meter.spent.usage.isEstimated).toBe(true);
    expect(run.meter.spent.usage.outputTokens).toBeGreaterThan(0);
    expect(run.meter.spent.usage.inputTokens).toBeGreaterThan(0);
  });

  it('counts nothing for a refused call, and adds the partial text to a failure in the middle', async () => {
    const run = createRun();
    const failing = (events: readonly ModelEvent[]) =>
      chatModel(
        providerOf([], {
          stream: async function* () {
            yield* events;
            throw new PipewrightError('model-overloaded', 'Busy.', { retryable: true, details: { status: 529 } });
          },
        }).provider,
      );
    expect(await codeOf(failing([])('go', run))).toBe('model-overloaded');
    expect(run.meter.spent).toMatchObject({ calls: 1, usage: { inputTokens: 0, outputTokens: 0 } });
    const error = await failing([text('so far')])('go', run).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'model-overloaded', details: { status: 529, partialText: 'so far' } });
    expect(run.meter.spent.usage.outputTokens).toBeGreaterThan(0);
  });

  it('Q20 holds room for the whole reply, so that parallel calls cannot overshoot the budget', async () => {
    const model = scripted(
      Array.from({ length: 100 }, () => 'ok'),
      { price: { input: 1, output: 1 } },
    );
    const run = createRun({ budget: { maxTokens: 10 * 120 } });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, () =>
        model({ messages: [{ role: 'user', content: 'hi' }], maxOutputTokens: 100 }, run),
      ),
    );
    const admitted = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(admitted).toBeGreaterThan(0);
    expect(admitted).toBeLessThanOrEqual(11);
    expect(model.requests.every(({ maxOutputTokens }) => maxOutputTokens === 100)).toBe(true);
  });

  it('limits the reply to what it holds when a budget is set and the request sets no limit', async () => {
    const { provider, seen } = providerOf([stop], { limits: { maxOutputTokens: 50 } });
    await chatModel(provider)('hi', createRun({ budget: { maxTokens: 1_000 } }));
    expect(seen.requests[0]?.maxOutputTokens).toBe(50);
    await chatModel(provider)('hi');
    expect(seen.requests[1]?.maxOutputTokens).toBeUndefined();
  });

  it('refuses a model without a known price under a money budget', async () => {
    const { price: _, ...unpriced } = providerOf([stop]).provider;
    const run = createRun({ budget: { maxCostUsd: 1 } });
    expect(await codeOf(chatModel({ ...unpriced, model: 'nobody-knows' })('hi', run))).toBe('price-unknown');
  });

  it('streams its text through stream()', async () => {
    const pieces: string[] = [];
    for await (const piece of stream(scripted(['to be or not']), 'go').text) pieces.push(piece);
    expect(pieces).toEqual(['to', ' be', ' or', ' not']);
  });
});
