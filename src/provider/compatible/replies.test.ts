import { describe, expect, it } from 'vitest';
import type { ChatReply } from '../../model/index.js';
import { badServer, type Behaviour, sseText } from '../../testing/index.js';
import { compatible, type CompatibleServerName } from './index.js';

const chunk = (delta: object, finish: string | null = null): object => ({
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const sse = (...events: readonly object[]): Behaviour => ({ type: 'sse', chunks: [sseText(events)] });
const whole = (message: object, more: object = {}): Behaviour => ({
  type: 'json',
  body: { model: 'm-1', choices: [{ message, finish_reason: 'stop' }], ...more },
});

const replyOf = async (
  answer: Behaviour,
  server: CompatibleServerName = 'vllm',
  isStreaming = true,
): Promise<ChatReply> => {
  await using at = await badServer(answer);
  return await compatible(server, 'm', { apiKey: 'k', baseUrl: at.url, isStreaming })({
    messages: [{ role: 'user', content: 'Hi' }],
    providerOptions: { audio: { format: 'pcm16' } },
  });
};

describe('replies of servers', () => {
  it('are read whole where a server that was asked for a stream does not stream', async () => {
    const message = { content: 'Yes', tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{"x":1}' } }] };
    const usage = { prompt_tokens: 3, completion_tokens: 2 };
    expect(await replyOf(whole(message, { usage }))).toMatchObject({
      text: 'Yes',
      model: 'm-1',
      finishReason: 'tool-call',
      usage: { inputTokens: 3, outputTokens: 2 },
    });
  });

  it('have reasoning between tags, in front of the text and nowhere else', async () => {
    const pieces = ['\n<th', 'ink>\nLet me see', '.</thi', 'nk>\n\nYes <think>', 'no</think>'];
    const answer = sse(...pieces.map((content) => chunk({ content })), chunk({}, 'stop'));
    const reply = await replyOf(answer);
    expect(reply.message.content).toEqual([
      { type: 'reasoning', text: 'Let me see.' },
      { type: 'text', text: 'Yes <think>no</think>' },
    ]);
    expect((await replyOf(answer, 'xai')).text).toBe(pieces.join(''));
    expect((await replyOf(whole({ content: '<thought>A</thought>B' }), 'google')).message.content).toHaveLength(2);
  });

  it('have their log-probabilities', async () => {
    const content = [
      { token: 'Yes', logprob: -0.1, top_logprobs: [{ token: 'No', logprob: -3 }] },
      { token: '!', logprob: -1 },
    ];
    const { logProbs } = await replyOf(
      sse({ choices: [{ delta: { content: 'Yes!' }, finish_reason: 'stop', logprobs: { content } }] }),
    );
    expect(logProbs).toEqual([
      { token: 'Yes', logProb: -0.1, alternatives: [{ token: 'No', logProb: -3 }] },
      { token: '!', logProb: -1, alternatives: [] },
    ]);
  });

  it('have pages that were cited, with titles, at each mark in the text', async () => {
    const pages = {
      citations: ['https://a.example', 'https://b.example', 'https://c.example'],
      search_results: [{ url: 'https://a.example', title: 'A' }],
    };
    const answer = sse(
      { ...chunk({ content: '<think>[2]</think>One [1] two ' }), ...pages },
      { ...chunk({ content: '[3][1' }), ...pages },
      { ...chunk({ content: ']' }, 'stop'), ...pages },
    );
    const { text, citations } = await replyOf(answer, 'perplexity');
    expect(
      citations.map(({ sourceId, title, start, end }) => [sourceId.slice(8, 9), title, text.slice(start, end)]),
    ).toEqual([
      ['a', 'A', '[1]'],
      ['a', 'A', '[1]'],
      ['b', undefined, ''],
      ['c', undefined, '[3]'],
    ]);
  });

  it('have sound and pictures as parts, with the words that were said', async () => {
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const answer = sse(
      chunk({ audio: { id: 'a', transcript: 'Hel' } }),
      chunk({ audio: { data: base64('ab'), transcript: 'lo' } }),
      chunk({
        audio: { data: base64('cd') },
        images: [{ image_url: { url: `data:image/webp;base64,${base64('x')}` } }],
      }),
      chunk({ images: [{ image_url: { url: 'https://host/a.png' } }, { image_url: { url: 'no url' } }] }, 'stop'),
    );
    const { text, message } = await replyOf(answer);
    expect(text).toBe('Hello');
    expect(message.content).toEqual([
      { type: 'text', text: 'Hello' },
      { type: 'image', data: new Uint8Array(Buffer.from('x')), mediaType: 'image/webp' },
      { type: 'image', data: new URL('https://host/a.png') },
      { type: 'file', data: new Uint8Array(Buffer.from('abcd')), mediaType: 'audio/pcm' },
    ]);
  });

  it('Q13 have whole tool calls, also where the arguments come parsed', async () => {
    const calls = [{ index: 0, id: '', function: { name: 'f', arguments: { a: [1] } } }];
    const { toolCalls, finishReason } = await replyOf(sse(chunk({ tool_calls: calls }), chunk({}, 'stop')));
    expect(toolCalls).toMatchObject([{ name: 'f', input: { a: [1] }, id: expect.stringMatching(/^call_/) }]);
    expect(finishReason).toBe('tool-call');
  });

  it('Q24 keep __proto__ in arguments as data', async () => {
    const json = '{"__proto__":{"polluted":true},"constructor":1}';
    const calls = [{ index: 0, id: 'a', function: { name: 'f', arguments: json } }];
    const { toolCalls } = await replyOf(sse(chunk({ tool_calls: calls }, 'tool_calls')));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(JSON.stringify(toolCalls[0]?.input)).toBe(json);
  });

  it('Q18 count every token once, wherever a server puts it', async () => {
    const usages: readonly (readonly [object, object])[] = [
      [{ usage: { prompt_tokens: 9, completion_tokens: 2, prompt_cache_hit_tokens: 4 } }, { cachedInputTokens: 4 }],
      [{ usage: { prompt_tokens: 9, completion_tokens: 2, cached_tokens: 0 } }, { cachedInputTokens: 0 }],
      [{ x_groq: { usage: { prompt_tokens: 9, completion_tokens: 2 } } }, { inputTokens: 9, outputTokens: 2 }],
      [{ usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 20 } }, { inputTokens: 9, outputTokens: 11 }],
      [
        {
          usage: {
            prompt_tokens: 9,
            completion_tokens: 2,
            total_tokens: 20,
            prompt_tokens_details: { audio_tokens: 9 },
          },
        },
        { inputTokens: 18, outputTokens: 2 },
      ],
      [
        { usage: { prompt_tokens: 9, completion_tokens: 2, prompt_tokens_details: { cache_write_tokens: 5 } } },
        { cacheWriteTokens: 5, inputTokens: 9 },
      ],
    ];
    for (const [figures, usage] of usages) {
      expect((await replyOf(sse({ ...chunk({ content: 'x' }, 'stop'), ...figures }))).usage).toMatchObject(usage);
    }
  });

  it('end for a reason in any spelling', async () => {
    const reasons = { eos: 'stop', STOP: 'stop', model_length: 'length', sensitive: 'content-filter', weird: 'other' };
    for (const [word, reason] of Object.entries(reasons)) {
      expect((await replyOf(sse(chunk({ content: 'x' }, word)))).finishReason).toBe(reason);
    }
  });

  it('Q26 fail as what they say, in whatever shape they say it', async () => {
    const failures: readonly (readonly [Behaviour, object])[] = [
      [
        { type: 'json', body: { error: { message: 'No room', code: 503 } } },
        { code: 'model-failed', retryable: true },
      ],
      [{ type: 'json', body: { error: 'model not loaded' } }, { code: 'model-failed' }],
      [{ type: 'json', status: 401, body: { detail: 'Bad key' } }, { code: 'not-allowed' }],
      [{ type: 'json', status: 400, body: { object: 'error', message: 'Bad role', code: 400 } }, { code: 'bad-input' }],
      [{ type: 'json', status: 401, body: { error: { message: 'No', type: 'api_error' } } }, { code: 'not-allowed' }],
      [sse(chunk({ content: 'x' }), { error: { message: 'Busy', status_code: 429 } }), { code: 'rate-limited' }],
      [
        sse(chunk({ content: 'x' }), { error: { code: 'tool_use_failed', message: 'Bad call' } }),
        { code: 'model-failed' },
      ],
      [{ type: 'json', body: { status: 'ok' } }, { code: 'stream-cut' }],
    ];
    for (const [answer, error] of failures) await expect(replyOf(answer)).rejects.toMatchObject(error);
    await expect(replyOf({ type: 'json', body: { status: 'ok' } }, 'vllm', false)).rejects.toThrow(
      'no chat completion',
    );
    const cut = await replyOf(sse(chunk({ content: 'Half' }))).catch((reason: unknown) => reason);
    expect(cut).toMatchObject({ code: 'stream-cut', details: { partialText: 'Half' } });
  });
});
