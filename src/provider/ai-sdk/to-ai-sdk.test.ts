import { APICallError, generateText, isStepCount, Output, streamObject, streamText, tool } from 'ai';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRun, PipewrightError, yieldToEventLoop } from '../../core/index.js';
import { chatModel } from '../../model/index.js';
import { retry } from '../../resilience/index.js';
import { callsTool, type ScriptAction, scripted, testRun } from '../../testing/index.js';
import { toAiSdk } from './index.js';

// The AI SDK prints what it warns of.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

const usage = {
  type: 'usage',
  usage: { inputTokens: 10, outputTokens: 5, cachedInputTokens: 4, reasoningTokens: 2 },
} as const;
const stop = { type: 'finish', reason: 'stop' } as const;

const add = tool({
  description: 'Adds',
  inputSchema: z.object({ a: z.number(), b: z.number() }),
  execute: async ({ a, b }) => ({ sum: a + b }),
});

describe('toAiSdk', () => {
  it('answers generateText, and passes everything that it is asked', async () => {
    const model = scripted([[{ type: 'text-delta', text: 'Hello' }, usage, stop]]);
    const result = await generateText({
      model: toAiSdk(model),
      instructions: 'Be brief.',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look' },
            { type: 'file', data: new Uint8Array([0xff, 0xd8, 0xff]), mediaType: 'image/jpeg' },
            { type: 'file', data: new Uint8Array([1]), mediaType: 'application/pdf', filename: 'a.pdf' },
          ],
        },
      ],
      temperature: 0.5,
      topP: 0.9,
      topK: 3,
      seed: 7,
      stopSequences: ['END'],
      maxOutputTokens: 50,
      reasoning: 'max',
      providerOptions: { pipewright: { service_tier: 'flex' }, openai: { store: true } },
    });
    expect(result.text).toBe('Hello');
    expect(result.finishReason).toBe('stop');
    expect(result.usage).toMatchObject({
      inputTokens: 10,
      outputTokens: 5,
      inputTokenDetails: { cacheReadTokens: 4 },
      outputTokenDetails: { reasoningTokens: 2 },
    });
    expect(result.response.modelId).toBe('scripted');
    expect(result.warnings).toMatchObject([
      { type: 'unsupported', feature: 'topK' },
      { type: 'compatibility', feature: 'reasoning' },
    ]);
    expect(model.requests[0]).toEqual({
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look' },
            { type: 'image', data: new Uint8Array([0xff, 0xd8, 0xff]), mediaType: 'image/jpeg' },
            { type: 'file', data: new Uint8Array([1]), mediaType: 'application/pdf', name: 'a.pdf' },
          ],
        },
      ],
      temperature: 0.5,
      topP: 0.9,
      seed: 7,
      stop: ['END'],
      maxOutputTokens: 50,
      reasoning: 'xhigh',
      providerOptions: { service_tier: 'flex' },
    });
  });

  it('streams words as they come', async () => {
    const result = streamText({ model: toAiSdk(scripted(['One two three'])), prompt: 'Count' });
    const words: string[] = [];
    for await (const word of result.textStream) words.push(word);
    expect(words).toEqual(['One', ' two', ' three']);
    expect(await result.finishReason).toBe('stop');
  });

  it.each(['generateText', 'streamText'])('runs a loop of tools in %s', async (how) => {
    const model = scripted([callsTool('add', { a: 2, b: 3 }), 'It is 5']);
    const options = {
      model: toAiSdk(model),
      prompt: 'Add',
      tools: { add },
      stopWhen: isStepCount(3),
    } as const;
    const result = how === 'streamText' ? streamText(options) : await generateText(options);
    expect(await result.text).toBe('It is 5');
    expect((await result.steps)[0]?.toolResults).toMatchObject([{ toolName: 'add', output: { sum: 5 } }]);
    const [first, second] = model.requests;
    expect(first).toMatchObject({
      tools: [{ name: 'add', description: 'Adds', inputSchema: { type: 'object', required: ['a', 'b'] } }],
      toolChoice: 'auto',
    });
    expect(second?.messages.slice(1)).toEqual([
      { role: 'assistant', content: [{ type: 'tool-call', id: 'call_add', name: 'add', input: { a: 2, b: 3 } }] },
      { role: 'tool', content: [{ type: 'tool-result', id: 'call_add', name: 'add', output: { sum: 5 } }] },
    ]);
  });

  it('answers in a schema, whole and in parts', async () => {
    const schema = z.object({ city: z.string(), people: z.number() });
    const model = scripted(['{"city":"Bern","people":134000}'], { shouldRepeat: true });
    const format = Output.object({ schema, name: 'city' });
    const { output: object } = await generateText({ model: toAiSdk(model), output: format, prompt: 'Bern' });
    expect(object).toEqual({ city: 'Bern', people: 134000 });
    const streamed = streamObject({ model: toAiSdk(model), schema, prompt: 'Bern' });
    const partials: unknown[] = [];
    for await (const partial of streamed.partialObjectStream) partials.push(partial);
    expect(partials.at(-1)).toEqual(object);
    expect(model.requests[0]?.output).toMatchObject({ type: 'json-schema', name: 'city', schema: { type: 'object' } });
  });

  it.each(['generateText', 'streamText'])(
    'gives %s reasoning, files, sources and own parts, and takes them back',
    async (how) => {
      const own = { type: 'provider', provider: 'acme', data: { type: 'search' } } as const;
      const picture = { type: 'image', data: new Uint8Array([1, 2]), mediaType: 'image/png' } as const;
      const actions: readonly ScriptAction[] = [
        { type: 'reasoning-delta', text: 'Hm' },
        { type: 'reasoning-end', opaque: 'sig-1' },
        { type: 'reasoning-delta', text: '' },
        { type: 'reasoning-end', opaque: 'sig-2' },
        { type: 'text-delta', text: 'See: ' },
        { type: 'text-delta', text: 'all of it' },
        { type: 'citation', citation: { sourceId: 'https://host/a', title: 'A', quote: 'All', start: 5, end: 14 } },
        { type: 'citation', citation: { sourceId: 'doc-7', quote: 'It', start: 5, end: 14 } },
        { type: 'part', part: own },
        { type: 'part', part: picture },
        { type: 'tool-call-delta', key: 'c', id: 'c', name: 'add', text: '{"a":1,"b":1}', opaque: 'sig-3' },
        usage,
        { type: 'finish', reason: 'tool-call' },
      ];
      const model = scripted([actions, 'Done']);
      const options = { model: toAiSdk(model), prompt: 'Go', tools: { add }, stopWhen: isStepCount(2) } as const;
      const result = how === 'streamText' ? streamText(options) : await generateText(options);
      const [first] = await result.steps;
      expect(first).toMatchObject({ text: 'See: all of it', reasoningText: 'Hm', finishReason: 'tool-calls' });
      expect(first?.sources).toMatchObject([
        { sourceType: 'url', url: 'https://host/a', title: 'A' },
        { sourceType: 'document', id: 'doc-7', title: 'doc-7' },
      ]);
      expect(first?.files[0]?.uint8Array).toEqual(new Uint8Array([1, 2]));
      const [, back] = model.requests[1]?.messages ?? [];
      expect(back?.content).toEqual([
        { type: 'reasoning', text: 'Hm', opaque: 'sig-1' },
        { type: 'reasoning', text: '', opaque: 'sig-2' },
        { type: 'text', text: 'See: all of it' },
        own,
        picture,
        { type: 'tool-call', id: 'c', name: 'add', input: { a: 1, b: 1 }, opaque: 'sig-3' },
      ]);
    },
  );

  it('takes results of tools in every form', async () => {
    const model = scripted(['ok']);
    const result = (toolCallId: string, output: object): object => ({
      type: 'tool-result',
      toolCallId,
      toolName: 't',
      output,
    });
    await toAiSdk(model).doGenerate({
      prompt: [
        {
          role: 'tool',
          content: [
            result('1', { type: 'text', value: 'a' }),
            result('2', { type: 'error-json', value: { no: true } }),
            result('3', { type: 'execution-denied' }),
            result('4', {
              type: 'content',
              value: [
                { type: 'text', text: 'b' },
                { type: 'file', data: { type: 'data', data: 'AQI=' }, mediaType: 'image/png' },
                { type: 'custom' },
              ],
            }),
          ] as never,
        },
        {
          role: 'user',
          content: [
            { type: 'file', data: { type: 'url', url: new URL('https://host/a') }, mediaType: 'image/*' },
            { type: 'file', data: { type: 'text', text: 'Hi' }, mediaType: 'text/plain' },
          ],
        },
      ],
    });
    expect(model.requests[0]?.messages).toMatchObject([
      {
        content: [
          { id: '1', output: 'a' },
          { id: '2', output: { no: true }, isError: true },
          { id: '3', output: 'The call was not allowed.', isError: true },
          {
            id: '4',
            output: [
              { type: 'text', text: 'b' },
              { type: 'image', data: new Uint8Array([1, 2]) },
            ],
          },
        ],
      },
      {
        content: [
          { type: 'image', data: new URL('https://host/a') },
          { type: 'file', mediaType: 'text/plain' },
        ],
      },
    ]);
    const uploaded = { type: 'file', data: { type: 'reference', reference: {} }, mediaType: 'image/png' } as const;
    const refused = toAiSdk(model).doGenerate({ prompt: [{ role: 'user', content: [uploaded] }] });
    await expect(refused).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('tells the AI SDK what kind of failure it was, so that its retries wait as long as they must', async () => {
    const limited = new PipewrightError('rate-limited', 'Slow down.', {
      retryable: true,
      details: { retryAfterMs: 1 },
    });
    const refused = new PipewrightError('bad-input', 'No.', { details: { status: 400 } });
    const failing = (): ReturnType<typeof scripted> =>
      scripted([[{ type: 'throw', error: limited }], 'Well', [{ type: 'throw', error: refused }]]);
    const model = failing();
    expect((await generateText({ model: toAiSdk(model), prompt: 'Hi' })).text).toBe('Well');
    const error = await generateText({ model: toAiSdk(model), prompt: 'Hi' }).catch((reason: unknown) => reason);
    expect(APICallError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({ statusCode: 400, isRetryable: false, cause: { code: 'bad-input' } });
    const streamed = streamText({ model: toAiSdk(failing()), prompt: 'Hi' });
    expect(await streamed.text).toBe('Well');
    const told = await toAiSdk(failing())
      .doGenerate({ prompt: [{ role: 'system', content: 'Hi' }] })
      .catch((reason: unknown) => reason);
    expect(told).toMatchObject({ statusCode: 429, isRetryable: true, responseHeaders: { 'retry-after-ms': '1' } });
  });

  it('tells a failure in the middle of a stream', async () => {
    const broken = new PipewrightError('connection-lost', 'Gone.', { retryable: true });
    const model = scripted([
      [
        { type: 'text-delta', text: 'Half' },
        { type: 'throw', error: broken },
      ],
    ]);
    const errors: unknown[] = [];
    const result = streamText({ model: toAiSdk(model), prompt: 'Hi', onError: ({ error }) => void errors.push(error) });
    let text = '';
    for await (const part of result.textStream) text += part;
    expect(text).toBe('Half');
    expect(errors).toMatchObject([{ cause: { code: 'connection-lost' } }]);
  });

  it('fails instead of giving text twice when a retry withdraws what went out', async () => {
    const broken = new PipewrightError('connection-lost', 'Gone.', { retryable: true });
    const script = [
      [
        { type: 'text-delta', text: 'Half' },
        { type: 'throw', error: broken },
      ],
      'Whole',
    ] as const;
    const { run, clock } = testRun();
    const model = toAiSdk(retry(scripted(script)), { run });
    const errors: unknown[] = [];
    const result = streamText({ model, prompt: 'Hi', onError: ({ error }) => void errors.push(error) });
    const text = (async () => {
      let all = '';
      for await (const part of result.textStream) all += part;
      return all;
    })();
    await clock.advance(60_000);
    expect(await text).toBe('Half');
    expect(errors).toMatchObject([{ cause: { code: 'text-retracted' } }]);
    const whole = generateText({ model: toAiSdk(retry(scripted(script)), { run }), prompt: 'Hi' });
    await clock.advance(60_000);
    expect((await whole).text).toBe('Whole');
  });

  it('gives the whole of a reply that came without events', async () => {
    const inner = scripted([
      [
        { type: 'reasoning-delta', text: 'Hm' },
        { type: 'reasoning-end', opaque: 's' },
        { type: 'text-delta', text: 'Yes' },
        usage,
        stop,
      ],
    ]);
    const silent = Object.assign((input: Parameters<typeof inner>[0]) => inner(input), { ...inner, requests: [] });
    const result = streamText({ model: toAiSdk(silent), prompt: 'Hi' });
    expect(await result.text).toBe('Yes');
    expect(await result.reasoningText).toBe('Hm');
  });

  it('Q04 stops the model when the reader leaves, and on abort', async () => {
    let ended = 0;
    const endless = chatModel({
      id: 'endless',
      model: 'endless',
      provider: 'test',
      features: {},
      limits: {},
      stream: async function* (_request, run) {
        try {
          yield { type: 'text-delta', text: 'a' };
          await new Promise((_resolve, reject) => run.onAbort(() => reject(run.signal.reason)));
        } finally {
          ended += 1;
        }
      },
    });
    const { stream } = await toAiSdk(endless).doStream({
      prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
    });
    const reader = stream.getReader();
    // The start, the first word, and by then it waits for the next one.
    for (let part = 0; part < 3; part += 1) await reader.read();
    await yieldToEventLoop();
    await reader.cancel();
    await expect.poll(() => ended).toBe(1);
    const control = new AbortController();
    const result = streamText({
      model: toAiSdk(endless),
      prompt: 'Hi',
      abortSignal: control.signal,
      onError: () => undefined,
    });
    for await (const word of result.textStream) if (word === 'a') control.abort(new Error('enough'));
    await expect.poll(() => ended).toBe(2);
  });

  it('Q10 leaves no rejection unhandled, whoever reads and whatever fails', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const prompt = [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }] as const;
    const error = new PipewrightError('connection-lost', 'Gone.', { retryable: true });
    const half: readonly ScriptAction[] = [
      { type: 'text-delta', text: 'Half' },
      { type: 'throw', error },
    ];
    const control = new AbortController();
    const stalling: readonly ScriptAction[] = [{ type: 'text-delta', text: 'Half' }, { type: 'stall' }];
    const model = toAiSdk(scripted(['unread', half, [{ type: 'throw', error }], stalling]));
    await model.doStream({ prompt });
    await model.doStream({ prompt });
    await model.doStream({ prompt }).catch(() => undefined);
    await model.doStream({ prompt, abortSignal: control.signal });
    control.abort(new Error('enough'));
    await expect(model.doGenerate({ prompt, abortSignal: control.signal })).rejects.toThrow('enough');
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it('Q18 counts in the run that it was given, whose budget applies', async () => {
    const run = createRun({ budget: { maxCalls: 1 } });
    const model = toAiSdk(scripted(['One', 'Two']), { run });
    await generateText({ model, prompt: 'Hi' });
    expect(run.meter.spent).toMatchObject({ calls: 1, usage: { inputTokens: 1, outputTokens: 1 } });
    const refused = generateText({ model, prompt: 'Hi' });
    await expect(refused).rejects.toMatchObject({ cause: { code: 'budget-exceeded' } });
  });
});
