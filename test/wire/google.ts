import type { Message, Part } from '../../src/core/index.js';
import type { ChatRequest, ToolDefinition } from '../../src/model/index.js';
import { google } from '../../src/provider/google/index.js';
import { dataOf, type Expected, type ExpectedReply, type WireApi } from './describe-wire.js';
import { type Body, canonicalBody, type GeminiPart, jsonSchemaOf, modelIn, toCamelCase } from './google-body.js';
import type { Recording } from './recordings.js';

interface Reply {
  readonly candidates?: readonly {
    readonly content?: { readonly parts?: readonly GeminiPart[] };
    readonly finishReason?: string;
    readonly groundingMetadata?: {
      readonly groundingChunks?: readonly { readonly web: { readonly uri: string; readonly title: string } }[];
      readonly groundingSupports?: readonly {
        readonly segment: { readonly text: string };
        readonly groundingChunkIndices: readonly number[];
      }[];
    };
  }[];
  readonly usageMetadata?: Readonly<Record<string, number>>;
  readonly modelVersion?: string;
  readonly error?: { readonly code: number; readonly message: string };
}

/** The pieces of a recorded reply. */
export const repliesIn = ({ response }: Recording): readonly Reply[] =>
  response.text === undefined ? [response.body as Reply] : (dataOf(response.text) as unknown as readonly Reply[]);

const bytesOf = (base64: string | undefined): Uint8Array => new Uint8Array(Buffer.from(base64 ?? '', 'base64'));

const plainBase64 = (text: string): string => text.replaceAll('-', '+').replaceAll('_', '/');

const partsOfContent = (part: GeminiPart, callId: string): readonly Part[] => {
  const { text, thought, thoughtSignature: signed, functionCall, inlineData } = part;
  const signature = signed === undefined ? undefined : plainBase64(signed);
  if (functionCall !== undefined) {
    const opaque = signature === undefined ? {} : { opaque: `google-part:${signature}` };
    return [{ type: 'tool-call', id: callId, name: functionCall.name, input: functionCall.args ?? {}, ...opaque }];
  }
  if (inlineData !== undefined) {
    const { mimeType, data } = inlineData;
    const type = mimeType.startsWith('image/') ? 'image' : 'file';
    return [{ type, data: bytesOf(data), mediaType: mimeType }];
  }
  if (thought === true) return [{ type: 'reasoning', text: text ?? '', opaque: `google-thought:${signature ?? ''}` }];
  const words: readonly Part[] = [{ type: 'text', text: text ?? '' }];
  return signature === undefined
    ? words
    : [...words, { type: 'reasoning', text: '', opaque: `google-part:${signature}` }];
};

const resultOf = (id: string, { name, response }: NonNullable<GeminiPart['functionResponse']>): Part => {
  const keys = Object.keys(response).join();
  if (keys === 'error') return { type: 'tool-result', id, name, output: response.error, isError: true };
  return { type: 'tool-result', id, name, output: keys === 'output' ? response.output : response };
};

/** The conversation; calls that were sent without an id get one, and results go to the calls in their order. */
const messagesOf = ({ systemInstruction, contents }: Body): readonly Message[] => {
  let calls = 0;
  let open: string[] = [];
  const systems = (systemInstruction?.parts ?? []).map(
    ({ text }): Message => ({ role: 'system', content: text ?? '' }),
  );
  const turns = contents.map(({ role, parts }): Message => {
    if (role === 'model') {
      const content = parts.flatMap((part) => {
        if (part.functionCall === undefined) return partsOfContent(part, '');
        calls += 1;
        const id = part.functionCall.id ?? `made-${calls}`;
        open.push(id);
        return partsOfContent(part, id);
      });
      return { role: 'assistant', content };
    }
    const results = parts.flatMap(({ functionResponse }) => {
      if (functionResponse === undefined) return [];
      const id = functionResponse.id ?? open.shift() ?? '';
      return [resultOf(id, functionResponse)];
    });
    if (results.length === 0) return { role: 'user', content: parts.flatMap((part) => partsOfContent(part, '')) };
    open = [];
    return { role: 'tool', content: results };
  });
  return [...systems, ...turns];
};

const toolsOf = ({ tools = [], toolConfig }: Body): Partial<ChatRequest> => {
  const mode = toolConfig?.functionCallingConfig?.mode;
  const strict = mode === 'VALIDATED' ? { isStrict: true } : {};
  const declared = tools.flatMap(({ functionDeclarations = [] }) => functionDeclarations);
  const own = declared.map(
    ({ name, description, parametersJsonSchema, parameters }): ToolDefinition => ({
      name,
      description,
      inputSchema: parametersJsonSchema ?? jsonSchemaOf(parameters ?? {}),
      ...strict,
    }),
  );
  const theirs = tools.filter(({ functionDeclarations }) => functionDeclarations === undefined);
  return {
    ...(own.length === 0 ? {} : { tools: own }),
    ...(theirs.length === 0 ? {} : { providerTools: theirs as readonly Record<string, unknown>[] }),
    ...(mode === 'AUTO' ? { toolChoice: 'auto' as const } : mode === 'ANY' ? { toolChoice: 'required' as const } : {}),
  };
};

/** What has an equivalent of ours goes through ours; the rest (the modalities, thoughts without an effort) as own fields. */
const settingsOf = ({ generationConfig = {} }: Body): Partial<ChatRequest> => {
  const {
    maxOutputTokens,
    temperature,
    responseMimeType,
    responseSchema,
    responseJsonSchema,
    thinkingConfig,
    ...rest
  } = generationConfig;
  const schema = responseJsonSchema ?? (responseSchema === undefined ? undefined : jsonSchemaOf(responseSchema));
  const { thinkingLevel, thinkingBudget, includeThoughts } = thinkingConfig ?? {};
  const reasoning = thinkingLevel ?? (thinkingBudget === 0 ? 'none' : undefined);
  const foreign = {
    ...rest,
    ...(reasoning === undefined && includeThoughts !== undefined ? { thinkingConfig: { includeThoughts } } : {}),
  };
  return {
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(responseMimeType === undefined || schema === undefined
      ? {}
      : { output: { type: 'json-schema' as const, name: 'answer', schema } }),
    ...(Object.keys(foreign).length === 0 ? {} : { providerOptions: { generationConfig: foreign } }),
  };
};

const requestOf = ({ request }: Recording): ChatRequest => {
  // Only the answer was recorded.
  if (request === null) return { messages: [{ role: 'user', content: 'Hi' }] };
  const body = toCamelCase(request.body) as Body;
  return { messages: messagesOf(body), ...toolsOf(body), ...settingsOf(body) };
};

interface ReadCall {
  readonly name: string;
  readonly id?: string;
  readonly input: Record<string, unknown>;
}

const callsIn = (parts: readonly GeminiPart[]): readonly ReadCall[] => {
  const calls: ReadCall[] = [];
  for (const { functionCall: call } of parts) {
    if (call === undefined) continue;
    if (call.name) calls.push({ name: call.name, ...(call.id ? { id: call.id } : {}), input: { ...call.args } });
    for (const { jsonPath, stringValue } of call.partialArgs ?? []) {
      const input = calls.at(-1)?.input ?? {};
      const name = jsonPath.replace('$.', '');
      input[name] = `${input[name] ?? ''}${stringValue}`;
    }
  }
  return calls;
};

const finishes: Readonly<Record<string, ExpectedReply['finishReason']>> = { STOP: 'stop', MAX_TOKENS: 'length' };

const usageIn = (replies: readonly Reply[]): ExpectedReply['usage'] => {
  const told = replies
    .flatMap(({ usageMetadata: usage }) => (usage?.promptTokenCount === undefined ? [] : [usage]))
    .at(-1);
  if (told === undefined) return undefined;
  const { promptTokenCount = 0, toolUsePromptTokenCount = 0, candidatesTokenCount = 0 } = told;
  const { thoughtsTokenCount = 0, cachedContentTokenCount } = told;
  return {
    inputTokens: promptTokenCount + toolUsePromptTokenCount,
    outputTokens: candidatesTokenCount + thoughtsTokenCount,
    ...(cachedContentTokenCount === undefined ? {} : { cachedInputTokens: cachedContentTokenCount }),
    ...(told.thoughtsTokenCount === undefined ? {} : { reasoningTokens: thoughtsTokenCount }),
  };
};

const citationsIn = (replies: readonly Reply[], text: string): readonly unknown[] =>
  replies.flatMap(({ candidates = [] }) => {
    const { groundingChunks = [], groundingSupports = [] } = candidates[0]?.groundingMetadata ?? {};
    return groundingSupports.flatMap(({ segment, groundingChunkIndices }) =>
      groundingChunkIndices.map((index) => {
        const { uri, title } = groundingChunks[index]?.web ?? {};
        const start = text.indexOf(segment.text);
        return { sourceId: uri, title, quote: '', start, end: start + segment.text.length };
      }),
    );
  });

const codes: Readonly<Record<number, string>> = { 400: 'not-allowed', 404: 'not-found', 429: 'rate-limited' };

const expected = (recording: Recording): Expected => {
  const replies = repliesIn(recording);
  const [{ error } = {} as Reply] = replies;
  if (error !== undefined) {
    return { failure: { code: codes[error.code] ?? '', status: error.code, says: error.message.slice(0, 80) } };
  }
  const parts = replies.flatMap(({ candidates }) => candidates?.[0]?.content?.parts ?? []);
  const said = (thought: boolean): string =>
    parts.map((part) => ((part.thought === true) === thought ? (part.text ?? '') : '')).join('');
  const toolCalls = callsIn(parts);
  const reason = replies.map(({ candidates }) => candidates?.[0]?.finishReason ?? '').join('');
  const text = said(false);
  return {
    reply: {
      text,
      reasoning: said(true),
      toolCalls,
      finishReason: reason === 'STOP' && toolCalls.length > 0 ? 'tool-call' : (finishes[reason] ?? 'other'),
      usage: usageIn(replies),
      also: { model: replies[0]?.modelVersion, citations: citationsIn(replies, text) },
    },
  };
};

/** The same reply in pieces: one for each part, and the end in one of its own. */
const streamed = (recording: Recording): Recording | undefined => {
  const [reply] = repliesIn(recording);
  if (reply?.candidates === undefined) return undefined;
  const { candidates, ...rest } = reply;
  const { content, ...ending } = candidates[0] ?? {};
  const pieces = [
    ...(content?.parts ?? []).map((part) => ({ ...rest, candidates: [{ content: { role: 'model', parts: [part] } }] })),
    { ...rest, candidates: [{ ...ending, content: { role: 'model' } }] },
  ];
  const text = pieces.map((piece) => `data: ${JSON.stringify(piece)}\r\n\r\n`).join('');
  return { ...recording, response: { ...recording.response, headers: {}, text } };
};

/** Gemini's own API. */
export const googleGemini: WireApi = {
  covers: ({ provider, api }) => provider === 'google' && api === 'gemini',
  call: (recording, url, run) => {
    const model = recording.request === null ? (recording.model ?? '') : modelIn(recording.request.path);
    const isStreaming = recording.response.text !== undefined;
    return google(model, { baseUrl: `${url}/v1beta`, isStreaming })(requestOf(recording), run);
  },
  expected,
  canonical: canonicalBody,
  // Streams are asked for with `?alt=sse`; the query was not recorded.
  canonicalPath: (path) => path.replace('?alt=sse', ''),
  streamed,
};
