import { describe, expect, it } from 'vitest';
import { createRun, stream, user } from '../../core/index.js';
import { badServer, sseText, testRun } from '../../testing/index.js';
import { listModels, openaiCompletion, openaiModeration } from './index.js';

describe('openaiModeration', () => {
  const judged = {
    results: [
      {
        flagged: true,
        categories: { violence: true, hate: false, illicit: null },
        category_scores: { violence: 0.98, hate: 0.01, illicit: null },
      },
    ],
  };

  it('tells whether and how something is harmful, as a call that costs nothing', async () => {
    await using server = await badServer({ type: 'json', body: judged });
    const run = createRun({ budget: { maxCostUsd: 0 } });
    expect(await openaiModeration({ baseUrl: server.url })('I will hit you.', run)).toEqual({
      isFlagged: true,
      categories: [
        { name: 'violence', isFlagged: true, score: 0.98 },
        { name: 'hate', isFlagged: false, score: 0.01 },
        { name: 'illicit', isFlagged: false, score: 0 },
      ],
    });
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      path: '/moderations',
      body: { model: 'omni-moderation-latest', input: 'I will hit you.' },
    });
    expect(run.meter.spent).toMatchObject({ calls: 1, costUsd: 0, isCostPartial: false });
  });

  it('judges texts and pictures together', async () => {
    await using server = await badServer({ type: 'json', body: judged });
    const picture = { type: 'image', data: new Uint8Array([0xff, 0xd8, 0xff]) } as const;
    await openaiModeration({ baseUrl: server.url })([{ type: 'text', text: 'Look:' }, picture]);
    expect(server.requests[0]?.body).toMatchObject({
      input: [
        { type: 'text', text: 'Look:' },
        { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,/9j/' } },
      ],
    });
  });

  it('never passes as harmless what was not judged', async () => {
    for (const body of [{}, { results: [] }, { results: [{ categories: {} }] }, null]) {
      await using server = await badServer({ type: 'json', body });
      await expect(openaiModeration({ baseUrl: server.url })('x')).rejects.toMatchObject({
        code: 'model-failed',
        retryable: true,
      });
    }
  });
});

describe('listModels', () => {
  it('reads the lists of all servers, and leaves out what they do not say', async () => {
    const models = [
      { id: 'a', object: 'model', created: 1_700_000_000, owned_by: 'me', context_window: 8192 },
      { id: 'b', created: 0, max_model_len: 4096 },
      { name: 'no id' },
    ];
    await using server = await badServer([
      { type: 'json', body: { object: 'list', data: models } },
      { type: 'json', body: models },
    ]);
    const expected = [
      { id: 'a', ownedBy: 'me', createdMs: 1_700_000_000_000, contextTokens: 8192 },
      { id: 'b', contextTokens: 4096 },
    ];
    expect(await listModels({ baseUrl: server.url })).toEqual(expected);
    expect(await listModels({ baseUrl: server.url })).toEqual(expected);
    expect(server.requests[0]).toMatchObject({ method: 'GET', path: '/models' });
  });

  it('fails with a typed error when there is no list, no such path or no valid URL, and stops when it is aborted', async () => {
    await using server = await badServer([
      { type: 'json', body: { models: [] } },
      { type: 'json', status: 404, body: { error: { message: 'Not found' } } },
      { type: 'silence' },
    ]);
    await expect(listModels({ baseUrl: server.url })).rejects.toMatchObject({ code: 'model-failed' });
    await expect(listModels({ baseUrl: server.url })).rejects.toMatchObject({ code: 'not-found' });
    await expect(listModels({ baseUrl: 'nowhere' })).rejects.toMatchObject({ code: 'bad-option' });
    const { run, abort } = testRun();
    const outcome = listModels({ baseUrl: server.url }, run).catch((reason: unknown) => reason);
    const request = await server.request(2);
    abort('enough');
    expect(await outcome).toBe('enough');
    expect(await request.closed).toBe('cut');
  });
});

describe('openaiCompletion', () => {
  const chunk = (text: string, finish_reason: string | null = null, more: object = {}): object => ({
    model: 'davinci-002',
    choices: [{ text, finish_reason, ...more }],
  });

  it('goes on with the texts of all messages, and with nothing else', async () => {
    const sse = sseText([
      chunk(' time'),
      chunk('.', 'length'),
      { choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } },
    ]);
    await using server = await badServer({ type: 'sse', chunks: [`${sse}data: [DONE]\n\n`] });
    const complete = openaiCompletion('davinci-002', { baseUrl: server.url });
    const watched = stream(complete, {
      messages: [
        { role: 'system', content: 'A tale.' },
        user([{ type: 'source', id: 's', text: 'A source.' }]),
        user('Once upon a'),
      ],
      stop: ['END'],
      seed: 1,
    });
    expect(await watched.result).toMatchObject({
      text: ' time.',
      finishReason: 'length',
      model: 'davinci-002',
      usage: { inputTokens: 3, outputTokens: 2 },
    });
    expect(server.requests[0]?.body).toEqual({
      model: 'davinci-002',
      prompt: 'A tale.\n\n[1]\nA source.\n\nOnce upon a',
      stop: ['END'],
      seed: 1,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('reads log-probabilities, likeliest first', async () => {
    const logprobs = { tokens: [' time'], token_logprobs: [-0.1], top_logprobs: [{ ' day': -3, ' time': -0.1 }] };
    await using server = await badServer({ type: 'json', body: chunk(' time', 'stop', { logprobs }) });
    const complete = openaiCompletion('davinci-002', { baseUrl: server.url, isStreaming: false });
    const { logProbs } = await complete({ messages: [user('Once upon a')], logProbs: 2 });
    expect(logProbs).toEqual([
      {
        token: ' time',
        logProb: -0.1,
        alternatives: [
          { token: ' time', logProb: -0.1 },
          { token: ' day', logProb: -3 },
        ],
      },
    ]);
    expect(server.requests[0]?.body).toMatchObject({ logprobs: 2, stream: false });
  });

  it('Q11 fails when the stream is cut or tells a failure, and refuses what it cannot do before the network', async () => {
    await using server = await badServer([
      { type: 'sse', chunks: [sseText([chunk(' time')])] },
      {
        type: 'sse',
        chunks: [sseText([chunk(' time'), { error: { message: 'Too many', code: 'rate_limit_exceeded' } }])],
      },
    ]);
    const complete = openaiCompletion('davinci-002', { baseUrl: server.url });
    await expect(complete('a')).rejects.toMatchObject({ code: 'stream-cut', details: { partialText: ' time' } });
    await expect(complete('a')).rejects.toMatchObject({ code: 'rate-limited' });
    const tools = [{ name: 'x', description: 'x', inputSchema: {} }];
    await expect(complete({ messages: [user('a')], tools })).rejects.toMatchObject({ code: 'unsupported' });
    await expect(
      complete([{ role: 'assistant', content: [{ type: 'tool-call', id: '1', name: 'x', input: {} }] }]),
    ).rejects.toMatchObject({ code: 'bad-input' });
    expect(server.requests).toHaveLength(2);
  });
});
