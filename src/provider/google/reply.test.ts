import { describe, expect, it, onTestFinished } from 'vitest';
import { isPipewrightError, user } from '../../core/index.js';
import type { ChatReply } from '../../model/index.js';
import { badServer, sseText, testRun } from '../../testing/index.js';
import { google } from './index.js';

type Chunk = Readonly<Record<string, unknown>>;

const usageMetadata = { promptTokenCount: 5, candidatesTokenCount: 3 };

/** The reply to these pieces, streamed. */
const replyTo = async (...chunks: readonly Chunk[]): Promise<ChatReply> => {
  await using server = await badServer({ type: 'sse', chunks: [sseText(chunks)] });
  return await google('gemini-3-flash-preview', { baseUrl: server.url })('Hi', testRun().run);
};

const parts = (...list: readonly Chunk[]): Chunk => ({ candidates: [{ content: { parts: list } }], usageMetadata });
const ending = (finishReason: string, more: Chunk = {}): Chunk => ({
  candidates: [{ finishReason, ...more }],
  usageMetadata,
});
const stop = ending('STOP');
const call = (functionCall: Chunk, more: Chunk = {}): Chunk => parts({ functionCall, ...more });
const partial = (jsonPath: string, value: Chunk): Chunk =>
  call({ partialArgs: [{ jsonPath, ...value }], willContinue: true });

/** What goes back to Google as the message of the model when a reply is put into the next request. */
const sentBack = async (reply: ChatReply): Promise<unknown> => {
  const server = await badServer({ type: 'json', body: parts({ text: 'ok' }) });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const ask = google('gemini-3-flash-preview', { baseUrl: server.url, isStreaming: false });
  await ask([user('Hi'), reply.message, user('Go on')]).catch(() => undefined);
  const { contents } = (await server.request(0)).body as { contents: readonly { parts: unknown }[] };
  return contents[1]?.parts;
};

describe('parts of a reply', () => {
  it('that only Google understands come as they are, and go back so', async () => {
    const code = { executableCode: { language: 'PYTHON', code: 'print(1)' }, thoughtSignature: 'S1' };
    const result = { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } };
    const search = { toolCall: { toolType: 'GOOGLE_SEARCH_WEB', args: {}, id: 'x' }, thoughtSignature: 'S2' };
    const draft = { inlineData: { mimeType: 'image/png', data: 'AQ==' }, thought: true };
    const reply = await replyTo(parts(code, result, search, draft), parts({ text: 'One.' }), stop);
    expect(reply.message.content).toEqual([
      ...[code, result, search, draft].map((data) => ({ type: 'provider', provider: 'google', data })),
      { type: 'text', text: 'One.' },
    ]);
    expect(await sentBack(reply)).toEqual([code, result, search, draft, { text: 'One.' }]);
  });

  it('may be drawn or spoken, and keep their signature', async () => {
    const picture = { inlineData: { mimeType: 'image/png', data: 'AQID' }, thoughtSignature: 'SIG' };
    const sound = { inlineData: { mimeType: 'audio/wav', data: 'BA==' } };
    const file = { fileData: { mimeType: 'image/png', fileUri: 'https://host/x' } };
    const reply = await replyTo(parts(picture, sound, file), stop);
    expect(reply.message.content).toEqual([
      { type: 'image', data: new Uint8Array([1, 2, 3]), mediaType: 'image/png' },
      { type: 'reasoning', text: '', opaque: 'google-part:SIG' },
      { type: 'file', data: new Uint8Array([4]), mediaType: 'audio/wav' },
      { type: 'image', data: new URL('https://host/x'), mediaType: 'image/png' },
    ]);
    expect(await sentBack(reply)).toEqual([picture, sound, file]);
  });

  it('that are thoughts come as reasoning, stretch by stretch, and go back with their signatures', async () => {
    const reply = await replyTo(
      parts({ text: 'Hm', thought: true }),
      parts({ text: 'm.', thought: true }),
      parts({ text: 'Yes' }),
      parts({ text: ' and.', thoughtSignature: 'S1' }),
      parts({ text: 'Well.', thought: true, thoughtSignature: 'S2' }),
      parts({ text: '', thoughtSignature: 'S3' }),
      stop,
    );
    expect(reply.text).toBe('Yes and.');
    expect(await sentBack(reply)).toEqual([
      { text: 'Hmm.', thought: true },
      { text: 'Yes and.', thoughtSignature: 'S1' },
      { text: 'Well.', thought: true, thoughtSignature: 'S2' },
      { text: '', thoughtSignature: 'S3' },
    ]);
  });

  it('come with the log-probabilities of their tokens', async () => {
    const logprobsResult = {
      chosenCandidates: [{ token: 'Hi', tokenId: 1, logProbability: -0.1 }, { token: '!' }],
      topCandidates: [
        {
          candidates: [
            { token: 'Hi', logProbability: -0.1 },
            { token: 'Ho', logProbability: -2 },
          ],
        },
        { candidates: [] },
      ],
    };
    const reply = await replyTo({ candidates: [{ content: { parts: [{ text: 'Hi!' }] }, logprobsResult }] }, stop);
    expect(reply.logProbs).toEqual([
      {
        token: 'Hi',
        logProb: -0.1,
        alternatives: [
          { token: 'Hi', logProb: -0.1 },
          { token: 'Ho', logProb: -2 },
        ],
      },
      { token: '!', logProb: 0, alternatives: [] },
    ]);
  });

  it('of further candidates are left out', async () => {
    const other = { index: 1, content: { parts: [{ text: 'Other' }] }, finishReason: 'MAX_TOKENS' };
    const reply = await replyTo({ candidates: [other, { content: { parts: [{ text: 'This' }] } }] }, stop);
    expect(reply).toMatchObject({ text: 'This', finishReason: 'stop' });
  });
});

describe('calls in a reply', () => {
  it('Q13 have ids of their own: made up where there is none, or where one came twice', async () => {
    const reply = await replyTo(
      parts(
        { functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 'SIG' },
        { functionCall: { name: 'f', args: { a: 2 } } },
        { functionCall: { name: 'g', id: 'x' } },
        { functionCall: { name: 'g', id: 'x', args: {} } },
        { functionCall: { name: 'h', id: '' } },
      ),
      stop,
    );
    expect(reply.finishReason).toBe('tool-call');
    expect(reply.toolCalls.map(({ name, input }) => [name, input])).toEqual([
      ['f', { a: 1 }],
      ['f', { a: 2 }],
      ['g', {}],
      ['g', {}],
      ['h', {}],
    ]);
    expect(new Set(reply.toolCalls.map(({ id }) => id)).size).toBe(5);
    expect(reply.toolCalls.map(({ opaque }) => opaque)).toEqual([
      'google-part:SIG',
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('Q13 may have arguments that come bit by bit: nested, of every type, with the end told or not', async () => {
    const reply = await replyTo(
      call({ name: 'cook', willContinue: true }, { thoughtSignature: 'SIG' }),
      partial('$.steps[0].text', { stringValue: 'Boil ', willContinue: true }),
      partial('$.steps[0].text', { stringValue: 'water' }),
      partial('$.steps[1].minutes', { numberValue: 8 }),
      partial("$['is hot']", { boolValue: true }),
      partial('$.note', { nullValue: null }),
      partial('$.tags[7]', { stringValue: 'pasta' }),
      partial('', { stringValue: 'nowhere' }),
      call({ name: 'serve', willContinue: true }),
      partial('$.to', { stringValue: 'Ann' }),
      call({}),
      call({}),
      stop,
    );
    expect(reply.toolCalls.map(({ name, input, opaque }) => [name, input, opaque])).toEqual([
      [
        'cook',
        { steps: [{ text: 'Boil water' }, { minutes: 8 }], 'is hot': true, note: null, tags: ['pasta'] },
        'google-part:SIG',
      ],
      ['serve', { to: 'Ann' }, undefined],
    ]);
  });

  it('Q12 that were cut off are no valid JSON, so that nobody runs a part of them', async () => {
    const begun = [call({ name: 'pay', willContinue: true }), partial('$.amount', { numberValue: 1 })];
    const cut = await replyTo(...begun, ending('MAX_TOKENS'));
    expect(cut).toMatchObject({ finishReason: 'length', toolCalls: [{ name: 'pay', input: '{"amount":1' }] });
    const whole = await replyTo(...begun, stop);
    expect(whole).toMatchObject({ finishReason: 'tool-call', toolCalls: [{ name: 'pay', input: { amount: 1 } }] });
  });

  it('Q24 may say __proto__ in a path without changing anything but the arguments', async () => {
    const reply = await replyTo(
      call({ name: 'f', willContinue: true }),
      partial('$.__proto__.isAdmin', { boolValue: true }),
      partial('$.list[4000000000]', { stringValue: 'x' }),
      stop,
    );
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect(JSON.stringify(reply.toolCalls[0]?.input)).toBe('{"__proto__":{"isAdmin":true},"list":["x"]}');
  });
});

describe('the end of a reply', () => {
  it.each([
    ['STOP', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'content-filter'],
    ['RECITATION', 'content-filter'],
    ['PROHIBITED_CONTENT', 'content-filter'],
    ['IMAGE_SAFETY', 'content-filter'],
    ['LANGUAGE', 'other'],
    ['SOMETHING_NEW', 'other'],
  ])('%s is "%s"', async (reason, finishReason) => {
    expect(await replyTo(parts({ text: 'Hi' }), ending(reason))).toMatchObject({ text: 'Hi', finishReason });
  });

  it.each([
    ['MALFORMED_FUNCTION_CALL', 'model-failed', true],
    ['UNEXPECTED_TOOL_CALL', 'model-failed', true],
    ['MISSING_THOUGHT_SIGNATURE', 'bad-input', false],
  ])('%s is the failure %s', async (reason, code, retryable) => {
    const error = await replyTo(ending(reason, { finishMessage: 'call:f(' })).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, retryable, message: expect.stringContaining(`${reason}: call:f(`) });
  });

  it('is a refusal when the prompt was blocked, whose figures count', async () => {
    const blocked = { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata: { promptTokenCount: 9 } };
    await using server = await badServer({ type: 'json', body: blocked });
    const { run } = testRun();
    const ask = google('gemini-3-flash-preview', { baseUrl: server.url, isStreaming: false });
    const error = await ask('Hi', run).catch((caught: unknown) => caught);
    expect(isPipewrightError(error) && error).toMatchObject({ code: 'content-refused', retryable: false });
    expect(run.meter.spent.usage.inputTokens).toBe(9);
  });

  it('Q18 tells usage with tools in the input and thoughts in the output', async () => {
    const told = { promptTokenCount: 10, toolUsePromptTokenCount: 4, candidatesTokenCount: 3, thoughtsTokenCount: 2 };
    const { usage } = await replyTo({ ...parts({ text: 'x' }), usageMetadata: told }, { candidates: stop.candidates });
    expect(usage).toEqual({ inputTokens: 14, outputTokens: 5, reasoningTokens: 2 });
    const summed = { promptTokenCount: 10, totalTokenCount: 17, thoughtsTokenCount: 2 };
    expect((await replyTo({ ...stop, usageMetadata: summed })).usage).toMatchObject({ outputTokens: 7 });
  });

  it('may come from a server that sends all pieces in one list', async () => {
    await using server = await badServer({ type: 'json', body: [parts({ text: 'a' }), parts({ text: 'b' }), stop] });
    expect(await google('x', { baseUrl: server.url })('Hi')).toMatchObject({ text: 'ab', finishReason: 'stop' });
  });
});

describe('citations of a reply', () => {
  const chunk = (title: string): Chunk => ({ web: { uri: `https://${title}/`, title } });
  const grounded = async (text: string, supports: readonly Chunk[], chunks: readonly Chunk[]): Promise<ChatReply> => {
    const groundingMetadata = { groundingChunks: chunks, groundingSupports: supports, webSearchQueries: ['q'] };
    return replyTo(parts({ text }), ending('STOP', { groundingMetadata }));
  };

  it('have places in UTF-16 units, though Google counts bytes', async () => {
    const text = 'Größe: 3 😀 Meter. Ende.';
    const bytes = (words: string): number => Buffer.byteLength(text.slice(0, text.indexOf(words)));
    const segment = (words: string): Chunk => ({
      startIndex: bytes(words),
      endIndex: bytes(words) + Buffer.byteLength(words),
      text: words,
    });
    const supports = [
      { segment: segment('Größe: 3 😀 Meter.'), groundingChunkIndices: [0, 1] },
      { segment: { ...segment('Ende.'), text: undefined }, groundingChunkIndices: [1] },
    ];
    const reply = await grounded(text, supports, [chunk('a.de'), chunk('b.de')]);
    expect(reply.citations.map(({ sourceId, start, end }) => [sourceId, text.slice(start, end)])).toEqual([
      ['https://a.de/', 'Größe: 3 😀 Meter.'],
      ['https://b.de/', 'Größe: 3 😀 Meter.'],
      ['https://b.de/', 'Ende.'],
    ]);
    expect(reply.citations[0]).toMatchObject({ title: 'a.de', quote: '' });
  });

  it('are found by their words when the offsets are of another part, and stay inside the text', async () => {
    const text = 'One. Two. One.';
    const support = (words: string): Chunk => ({
      segment: { startIndex: 90, endIndex: 99, text: words },
      groundingChunkIndices: [0, 9],
    });
    const source = { retrievedContext: { title: 'doc', text: 'Said.' } };
    const reply = await grounded(text, [support('One.'), support('One.'), support('gone')], [source]);
    const end = text.length;
    expect(reply.citations).toEqual([
      { sourceId: 'doc', title: 'doc', quote: 'Said.', start: 0, end: 4 },
      { sourceId: 'doc', title: 'doc', quote: 'Said.', start: 10, end },
      { sourceId: 'doc', title: 'doc', quote: 'Said.', start: end, end },
    ]);
  });

  it('come with all that was told of the search, which stays out of the next request', async () => {
    const reply = await grounded('One.', [], []);
    expect((reply.message.content as readonly unknown[]).at(-1)).toMatchObject({
      type: 'provider',
      provider: 'google',
      data: { groundingMetadata: { webSearchQueries: ['q'] } },
    });
    expect(await sentBack(reply)).toEqual([{ text: 'One.' }]);
  });
});
