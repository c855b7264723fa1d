import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { assistant, type Message, type Part, system, user } from '../../core/index.js';
import type { ChatRequest, ToolDefinition } from '../../model/index.js';
import { type BadServer, badServer, type RecordedRequest, testRun } from '../../testing/index.js';
import { google, type GoogleOptions } from './index.js';

const answer = { candidates: [{ content: { parts: [{ text: 'ok' }] }, finishReason: 'STOP' }] };

const started = async (): Promise<BadServer> => {
  const server = await badServer({ type: 'json', body: answer });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
};

interface Sent {
  readonly request: RecordedRequest;
  readonly body: Record<string, never>;
  readonly warnings: readonly string[];
}

const sentBy = async (model: string, request: ChatRequest, options: GoogleOptions = {}): Promise<Sent> => {
  const server = await started();
  const { run, events } = testRun();
  await google(model, { baseUrl: server.url, isStreaming: false, ...options })(request, run);
  const sent = await server.request(0);
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  return { request: sent, body: sent.body as Record<string, never>, warnings };
};

const bodyOf = async (request: Partial<ChatRequest>, model = 'gemini-2.5-flash'): Promise<Record<string, never>> =>
  (await sentBy(model, { messages: [user('Hi')], ...request })).body;

const partsFor = async (parts: readonly Part[], model?: string): Promise<unknown> => {
  const { contents } = await bodyOf({ messages: [user(parts)] }, model);
  return (contents as unknown as readonly { parts: unknown }[])[0]?.parts;
};

const add: ToolDefinition = { name: 'add', description: 'Adds', inputSchema: { type: 'object', properties: {} } };
const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47]);

describe('what a user says', () => {
  it('goes out as bytes, or as a URL that the server reads', async () => {
    const parts: readonly Part[] = [
      { type: 'text', text: 'Look' },
      { type: 'image', data: png },
      { type: 'image', data: new URL('https://host/a.JPG') },
      { type: 'image', data: new URL('https://host/a'), mediaType: 'image/webp' },
      { type: 'image', data: new URL('data:image/gif;base64,R0lG') },
      { type: 'file', data: new Uint8Array([1]), mediaType: 'application/pdf', name: 'a.pdf' },
      { type: 'file', data: new Uint8Array([2]), mediaType: 'audio/wav' },
      { type: 'file', data: new URL('https://youtu.be/x'), mediaType: 'video/mp4' },
    ];
    expect(await partsFor(parts)).toEqual([
      { text: 'Look' },
      { inlineData: { mimeType: 'image/png', data: 'iVBORw==' } },
      { fileData: { mimeType: 'image/jpeg', fileUri: 'https://host/a.JPG' } },
      { fileData: { mimeType: 'image/webp', fileUri: 'https://host/a' } },
      { inlineData: { mimeType: 'image/gif', data: 'R0lG' } },
      { inlineData: { mimeType: 'application/pdf', data: 'AQ==' } },
      { inlineData: { mimeType: 'audio/wav', data: 'Ag==' } },
      { fileData: { mimeType: 'video/mp4', fileUri: 'https://youtu.be/x' } },
    ]);
  });

  it('has its sources rendered and numbered through the conversation', async () => {
    const a: Part = { type: 'source', id: 'a', text: 'Alpha.', title: 'First' };
    const b: Part = { type: 'source', id: 'b', text: 'Beta.' };
    const { contents } = await bodyOf({ messages: [user([a]), assistant('ok'), user([b, a])] });
    expect(contents).toEqual([
      { role: 'user', parts: [{ text: '[1] First\nAlpha.' }] },
      { role: 'model', parts: [{ text: 'ok' }] },
      { role: 'user', parts: [{ text: '[2]\nBeta.' }, { text: '[1] First\nAlpha.' }] },
    ]);
  });

  it('has system messages in a field of their own, or before it for a model without that field', async () => {
    const messages: readonly Message[] = [system('Be brief.'), user('Hi'), system('In German.')];
    const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }];
    expect(await bodyOf({ messages })).toEqual({
      systemInstruction: { parts: [{ text: 'Be brief.' }, { text: 'In German.' }] },
      contents,
    });
    const all = [{ text: 'Be brief.' }, { text: 'In German.' }, { text: 'Hi' }];
    expect(await bodyOf({ messages }, 'gemma-3-27b-it')).toEqual({ contents: [{ role: 'user', parts: all }] });
  });

  it('may not hold parts of others', async () => {
    const call: Part = { type: 'tool-call', id: '1', name: 'f', input: {} };
    const source: Part = { type: 'source', id: '1', text: 'x' };
    const wrong: readonly Message[] = [
      user([call]),
      { role: 'assistant', content: [source] },
      { role: 'tool', content: [source] },
      { role: 'system', content: [source] },
    ];
    for (const message of wrong)
      await expect(bodyOf({ messages: [message] })).rejects.toMatchObject({ code: 'bad-input' });
  });
});

describe('calls of tools and their results', () => {
  const call = (id: string, more: Partial<Part> = {}): Part =>
    ({ type: 'tool-call', id, name: 'f', input: { n: id }, ...more }) as Part;
  const result = (id: string, output: unknown = id): Message => ({
    role: 'tool',
    content: [{ type: 'tool-result', id, name: 'f', output }],
  });
  const responsesIn = (body: Record<string, never>): readonly Record<string, unknown>[] =>
    (body.contents as unknown as readonly { parts: readonly Record<string, Record<string, unknown>>[] }[])
      .flatMap(({ parts }) => parts)
      .flatMap(({ functionResponse }) => (functionResponse === undefined ? [] : [functionResponse]));

  it('Q21 go out in one content and in the order of the calls, whatever order the results came in', async () => {
    const asked = [user('Hi'), assistant([call('a'), call('b'), call('c')])];
    const orders = [
      [result('a'), result('b'), result('c')],
      [result('c'), result('a'), result('b')],
    ];
    const [first, second] = await Promise.all(orders.map((results) => bodyOf({ messages: [...asked, ...results] })));
    expect(second).toEqual(first);
    expect(responsesIn(first ?? {}).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(first?.contents).toHaveLength(3);
  });

  it('hold objects: outputs that are none, errors and references stand under a name', async () => {
    const outputs: readonly (readonly [unknown, boolean, unknown])[] = [
      ['text', false, { output: 'text' }],
      [{ n: 1 }, false, { n: 1 }],
      [[1], false, { output: [1] }],
      [undefined, false, { output: null }],
      ['no', true, { error: 'no' }],
      [{ n: 1 }, true, { error: { n: 1 } }],
      [{ a: [{ $ref: '#/x' }] }, false, { output: '{"a":[{"$ref":"#/x"}]}' }],
    ];
    for (const [output, isError, response] of outputs) {
      const content: readonly Part[] = [{ type: 'tool-result', id: 'a', name: 'f', output, isError }];
      const body = await bodyOf({ messages: [user('Hi'), assistant([call('a')]), { role: 'tool', content }] });
      expect(responsesIn(body)).toEqual([{ id: 'a', name: 'f', response }]);
    }
  });

  it('hold pictures inside the result where the model takes them there, else behind it', async () => {
    const output: readonly Part[] = [
      { type: 'text', text: 'Here:' },
      { type: 'image', data: png },
    ];
    const messages = [user('Hi'), assistant([call('a')]), result('a', output)];
    const picture = { inlineData: { mimeType: 'image/png', data: 'iVBORw==' } };
    const inside = await bodyOf({ messages }, 'gemini-3-flash-preview');
    expect(responsesIn(inside)).toEqual([{ id: 'a', name: 'f', response: { output: 'Here:' }, parts: [picture] }]);
    const behind = (await bodyOf({ messages })).contents as unknown as readonly { parts: readonly unknown[] }[];
    expect(behind[2]?.parts).toEqual([
      { functionResponse: { id: 'a', name: 'f', response: { output: 'Here:' } } },
      picture,
    ]);
  });

  it('go back with their signature; a lost one is stood for where the model insists', async () => {
    const callsOf = async (model: string, parts: readonly Part[]): Promise<unknown> => {
      const { contents } = await bodyOf({ messages: [user('Hi'), assistant(parts), result('a'), result('b')] }, model);
      return (contents as unknown as readonly { parts: readonly { thoughtSignature?: string }[] }[])[1]?.parts.map(
        ({ thoughtSignature }) => thoughtSignature,
      );
    };
    const signed = [call('a', { opaque: 'google-part:SIG' }), call('b')];
    const foreign = [call('a', { opaque: 'other:xyz' }), call('b')];
    expect(await callsOf('gemini-3.8-flash', signed)).toEqual(['SIG', undefined]);
    expect(await callsOf('gemini-3.8-flash', foreign)).toEqual(['skip_thought_signature_validator', undefined]);
    expect(await callsOf('gemini-2.5-flash', foreign)).toEqual([undefined, undefined]);
  });

  it('leave out thoughts and parts of other providers', async () => {
    const parts: readonly Part[] = [
      { type: 'reasoning', text: 'hm', opaque: 'anthropic-signature:x' },
      { type: 'reasoning', text: 'hm' },
      { type: 'provider', provider: 'openai', data: { x: 1 } },
      { type: 'provider', provider: 'google', data: { groundingMetadata: {} } },
      { type: 'provider', provider: 'google', data: { executableCode: { code: '1' } } },
    ];
    const { contents } = await bodyOf({ messages: [user('Hi'), assistant(parts), user('Go on')] });
    expect((contents as unknown as readonly unknown[])[1]).toEqual({
      role: 'model',
      parts: [{ executableCode: { code: '1' } }],
    });
  });

  it('are chosen as asked for', async () => {
    const config = async (request: Partial<ChatRequest>): Promise<unknown> =>
      ((await bodyOf({ tools: [add], ...request })).toolConfig as Record<string, unknown> | undefined)
        ?.functionCallingConfig;
    expect(await config({})).toBeUndefined();
    expect(await config({ toolChoice: 'auto' })).toEqual({ mode: 'AUTO' });
    expect(await config({ toolChoice: 'none' })).toEqual({ mode: 'NONE' });
    expect(await config({ toolChoice: 'required' })).toEqual({ mode: 'ANY' });
    expect(await config({ toolChoice: { name: 'add' } })).toEqual({ mode: 'ANY', allowedFunctionNames: ['add'] });
    expect(await config({ tools: [{ ...add, isStrict: true }] })).toEqual({ mode: 'VALIDATED' });
    expect(await config({ tools: [], toolChoice: 'required' })).toBeUndefined();
  });

  it('stand before the tools that Google runs itself', async () => {
    const { tools } = await bodyOf({ tools: [add], providerTools: [{ googleSearch: {} }, { codeExecution: {} }] });
    expect(tools).toEqual([
      { functionDeclarations: [{ name: 'add', description: 'Adds', parametersJsonSchema: add.inputSchema }] },
      { googleSearch: {} },
      { codeExecution: {} },
    ]);
  });
});

describe('settings', () => {
  it('go out under their names, and nothing where nothing was set', async () => {
    const { generationConfig } = await bodyOf({
      maxOutputTokens: 9,
      temperature: 0.5,
      topP: 0.9,
      stop: ['END'],
      seed: 7,
      logProbs: 3,
      output: { type: 'json' },
    });
    expect(generationConfig).toEqual({
      maxOutputTokens: 9,
      temperature: 0.5,
      topP: 0.9,
      stopSequences: ['END'],
      seed: 7,
      responseLogprobs: true,
      logprobs: 3,
      responseMimeType: 'application/json',
    });
    expect(await bodyOf({ promptCache: '1h' })).not.toHaveProperty('generationConfig');
    expect((await bodyOf({ logProbs: 0 })).generationConfig).toEqual({ responseLogprobs: true });
  });

  it('leave out what a model does not take, and say so', async () => {
    const request: ChatRequest = {
      messages: [user('Hi')],
      temperature: 0,
      topP: 1,
      parallelToolCalls: false,
      tools: [add],
    };
    const { body, warnings } = await sentBy('gemini-4-argon', request);
    expect(body).not.toHaveProperty('generationConfig');
    expect(warnings).toHaveLength(3);
    expect(warnings[1]).toBe('google:gemini-4-argon takes no `temperature`; it was left out.');
    expect((await sentBy('gemini-2.5-pro', { ...request, parallelToolCalls: true })).warnings).toEqual([]);
  });

  const thinking: readonly (readonly [string, NonNullable<ChatRequest['reasoning']>, object | undefined])[] = [
    ['gemini-2.5-flash', 'none', { thinkingBudget: 0 }],
    ['gemini-2.5-flash', 'medium', { thinkingBudget: 8192, includeThoughts: true }],
    ['gemini-2.5-flash', 'xhigh', { thinkingBudget: 24_576, includeThoughts: true }],
    ['gemini-2.5-pro', 'none', { thinkingBudget: 128 }],
    ['gemini-2.5-pro', 'xhigh', { thinkingBudget: 32_768, includeThoughts: true }],
    ['gemini-3-pro-preview', 'minimal', { thinkingLevel: 'low', includeThoughts: true }],
    ['gemini-3-pro-preview', 'medium', { thinkingLevel: 'high', includeThoughts: true }],
    ['gemini-3.8-flash', 'none', { thinkingLevel: 'low' }],
    ['gemini-3.5-flash-lite', 'none', { thinkingLevel: 'minimal' }],
    ['gemini-4-hydrogen', 'xhigh', { thinkingLevel: 'xhigh', includeThoughts: true }],
    ['gemini-9-new', 'xhigh', { thinkingLevel: 'high', includeThoughts: true }],
    ['gemini-2.0-flash', 'none', undefined],
  ];
  it.each(thinking)('tell %s to think as hard as "%s"', async (model, reasoning, config) => {
    const { generationConfig } = await bodyOf({ reasoning }, model);
    expect((generationConfig as { thinkingConfig?: object } | undefined)?.thinkingConfig).toEqual(config);
  });

  it('stand beside own fields at every depth; own ones win', async () => {
    const providerOptions = {
      cachedContent: 'cachedContents/x',
      generationConfig: { topK: 4, temperature: 1 },
      toolConfig: { retrievalConfig: { languageCode: 'de' } },
    };
    const request = { providerOptions, temperature: 0, topP: 0.5, tools: [add], toolChoice: 'auto' as const };
    expect(await bodyOf(request)).toMatchObject({
      cachedContent: 'cachedContents/x',
      generationConfig: { topK: 4, temperature: 1, topP: 0.5 },
      toolConfig: { functionCallingConfig: { mode: 'AUTO' }, retrievalConfig: { languageCode: 'de' } },
    });
  });

  it('Q15 that a model cannot have together are refused before the network', async () => {
    const schema = { type: 'json-schema', name: 'x', schema: { type: 'object' } } as const;
    for (const output of [schema, { type: 'json' } as const]) {
      await expect(bodyOf({ tools: [add], output })).rejects.toMatchObject({ code: 'unsupported' });
      const { generationConfig } = await bodyOf({ tools: [add], output }, 'gemini-3-flash-preview');
      expect(generationConfig).toHaveProperty('responseMimeType', 'application/json');
    }
    await expect(bodyOf({ reasoning: 'low' }, 'gemini-2.0-flash')).rejects.toMatchObject({ code: 'unsupported' });
    await expect(bodyOf({ tools: [add] }, 'gemini-2.5-flash-image')).rejects.toMatchObject({ code: 'unsupported' });
  });
});

describe('where a call goes', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('says the model in the path, and may be Vertex AI with a bearer token that is asked for each time', async () => {
    const server = await started();
    let count = 0;
    const headers = async (): Promise<Record<string, string>> => {
      count += 1;
      return { authorization: `Bearer token-${count}` };
    };
    const baseUrl = `${server.url}/v1/projects/p/locations/global/publishers/google/`;
    const model = google('gemini-2.5-pro', { baseUrl, headers, isStreaming: false });
    await model('Hi');
    await model('Hi');
    const [first, second] = server.requests;
    expect(first?.path).toBe('/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-pro:generateContent');
    expect(first?.headers['x-goog-api-key']).toBeUndefined();
    expect([first?.headers.authorization, second?.headers.authorization]).toEqual(['Bearer token-1', 'Bearer token-2']);
    await google('tunedModels/my model', { baseUrl: server.url, isStreaming: false })('Hi');
    expect(server.requests[2]?.path).toBe('/tunedModels/my%20model:generateContent');
  });

  it('takes the key from the option, else from either variable, and names the first when there is none', async () => {
    const keyOf = async (options: GoogleOptions = {}): Promise<unknown> =>
      (await sentBy('gemini-2.5-pro', { messages: [user('Hi')] }, options)).request.headers['x-goog-api-key'];
    vi.stubEnv('GEMINI_API_KEY', '');
    vi.stubEnv('GOOGLE_API_KEY', 'from-google\n');
    expect(await keyOf()).toBe('from-google');
    vi.stubEnv('GEMINI_API_KEY', 'from-gemini');
    expect(await keyOf()).toBe('from-gemini');
    expect(await keyOf({ apiKey: 'own' })).toBe('own');
    vi.stubEnv('GEMINI_API_KEY', undefined);
    vi.stubEnv('GOOGLE_API_KEY', undefined);
    await expect(google('gemini-2.5-pro')('Hi')).rejects.toMatchObject({
      code: 'not-allowed',
      message: expect.stringContaining('GEMINI_API_KEY'),
    });
    expect(() => google('x', { baseUrl: 'ftp://x' })).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});
