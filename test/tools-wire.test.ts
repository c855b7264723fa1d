import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type JsonSchema, user } from 'pipewright';
import { anthropic } from 'pipewright/anthropic';
import { cohere } from 'pipewright/cohere';
import { compatible } from 'pipewright/compatible';
import { google } from 'pipewright/google';
import type { ChatModel } from 'pipewright/model';
import { ollama } from 'pipewright/ollama';
import { openai, openaiResponses } from 'pipewright/openai';
import { jsonSchema, tool } from 'pipewright/tool';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface FunctionCase {
  readonly functions: readonly {
    readonly name: string;
    readonly description: string;
    readonly parameters: JsonSchema;
  }[];
  readonly expected: readonly { readonly name: string; readonly example: Readonly<Record<string, unknown>> }[];
}
interface Call {
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}
// biome-ignore lint/suspicious/noExplicitAny: a body on the wire, read as it is
type Body = any;

interface Api {
  readonly name: string;
  readonly model: (baseUrl: string) => ChatModel;
  /** Name and schema of each tool in a request. */
  readonly definitions: (body: Body) => readonly (readonly [name: string, schema: unknown])[];
  readonly reply: (calls: readonly Call[]) => unknown;
}

const apiKey = 'none';
const quoted = ({ id, name, input }: Call) => ({
  id,
  type: 'function',
  function: { name, arguments: JSON.stringify(input) },
});
const ofFunctions = ({ tools }: Body) => tools.map((each: Body) => [each.function.name, each.function.parameters]);
const chatReply = (calls: readonly Call[]): unknown => ({
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: null, tool_calls: calls.map(quoted) },
      finish_reason: 'tool_calls',
    },
  ],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
});

const apis: readonly Api[] = [
  {
    name: 'openai',
    model: (baseUrl) => openai('gpt-5-mini', { baseUrl, apiKey, isStreaming: false }),
    definitions: ofFunctions,
    reply: chatReply,
  },
  {
    name: 'compatible',
    model: (baseUrl) => compatible('groq', 'm', { baseUrl, apiKey, isStreaming: false }),
    definitions: ofFunctions,
    reply: chatReply,
  },
  {
    name: 'openaiResponses',
    model: (baseUrl) => openaiResponses('gpt-5-mini', { baseUrl, apiKey, isStreaming: false }),
    definitions: ({ tools }) => tools.map(({ name, parameters }: Body) => [name, parameters]),
    reply: (calls) => ({
      id: 'r',
      model: 'm',
      status: 'completed',
      output: calls.map(({ id, name, input }) => ({
        type: 'function_call',
        id: `f${id}`,
        call_id: id,
        name,
        arguments: JSON.stringify(input),
        status: 'completed',
      })),
      usage: { input_tokens: 1, output_tokens: 1 },
    }),
  },
  {
    name: 'anthropic',
    model: (baseUrl) => anthropic('claude-sonnet-4-5', { baseUrl, apiKey, isStreaming: false }),
    definitions: ({ tools }) => tools.map(({ name, input_schema }: Body) => [name, input_schema]),
    reply: (calls) => ({
      id: 'm',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: calls.map((call) => ({ type: 'tool_use', ...call })),
      stop_reason: 'tool_use',
      usage: { input_tokens: 1, output_tokens: 1 },
    }),
  },
  {
    name: 'google',
    model: (baseUrl) => google('gemini-2.5-flash', { baseUrl, apiKey, isStreaming: false }),
    definitions: ({ tools }) =>
      tools[0].functionDeclarations.map(({ name, parametersJsonSchema, parameters }: Body) => [
        name,
        parametersJsonSchema ?? parameters,
      ]),
    reply: (calls) => ({
      candidates: [
        {
          content: {
            role: 'model',
            parts: calls.map(({ id, name, input }) => ({ functionCall: { id, name, args: input } })),
          },
          finishReason: 'STOP',
        },
      ],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
    }),
  },
  {
    name: 'cohere',
    model: (baseUrl) => cohere('command-a-03-2025', { baseUrl, apiKey, isStreaming: false }),
    definitions: ofFunctions,
    reply: (calls) => ({
      id: 'c',
      finish_reason: 'TOOL_CALL',
      message: { role: 'assistant', tool_calls: calls.map(quoted) },
      usage: { tokens: { input_tokens: 1, output_tokens: 1 } },
    }),
  },
  {
    name: 'ollama',
    model: (baseUrl) => ollama('qwen3', { baseUrl, isStreaming: false }),
    definitions: ofFunctions,
    reply: (calls) => ({
      model: 'm',
      message: {
        role: 'assistant',
        content: '',
        tool_calls: calls.map(({ name, input }) => ({ function: { name, arguments: input } })),
      },
      done: true,
      done_reason: 'stop',
      prompt_eval_count: 1,
      eval_count: 1,
    }),
  },
];

const path = join(process.env.PIPEWRIGHT_DATA ?? '../shared/data', 'tools/bfcl-300.jsonl');
const isThere = existsSync(path);
if (!isThere)
  console.log(`Left out: real function definitions on the wire, for there is no ${path}. Set PIPEWRIGHT_DATA.`);

/** Cases put together as long as no two functions have one name: so few requests hold all definitions. */
const batchesOf = (cases: readonly FunctionCase[]): readonly FunctionCase[] => {
  const batches: { functions: FunctionCase['functions'][number][]; expected: FunctionCase['expected'][number][] }[] =
    [];
  for (const { functions, expected } of cases) {
    const isFree = (batch: FunctionCase): boolean =>
      functions.every(({ name }) => batch.functions.every((other) => other.name !== name));
    const batch = batches.find(isFree) ?? { functions: [], expected: [] };
    if (batch.functions.length === 0) batches.push(batch);
    batch.functions.push(...functions);
    batch.expected.push(...expected);
  }
  return batches;
};

describe.runIf(isThere)('300 real function definitions on the wire of', () => {
  const cases: readonly FunctionCase[] = isThere
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
    : [];
  const batches = batchesOf(cases);
  let seen: Body;
  let answer: unknown;
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += String(piece);
    seen = JSON.parse(text);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  let baseUrl = '';
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it.each(apis)('$name go there as they are, and every expected call comes back as it was', async (api) => {
    const model = api.model(baseUrl);
    let calls = 0;
    for (const { functions, expected } of batches) {
      const tools = functions.map(
        ({ name, description, parameters }) =>
          tool({ name, description, input: jsonSchema(parameters), run: () => 'done' }).definition,
      );
      const wanted = expected.map(({ name, example }, at) => ({ id: `call_${at}`, name, input: example }));
      answer = api.reply(wanted);
      const { toolCalls } = await model({ messages: [user('Go.')], tools });
      const sent = new Map(api.definitions(seen));
      for (const { name, parameters } of functions) expect([name, sent.get(name)]).toEqual([name, parameters]);
      expect(toolCalls).toHaveLength(wanted.length);
      for (const [at, { name, input }] of wanted.entries()) {
        const call = toolCalls[at];
        const given = typeof call?.input === 'string' ? JSON.parse(call.input) : call?.input;
        if (call?.name !== name || !isDeepStrictEqual(given, input)) expect([call?.name, given]).toEqual([name, input]);
        calls++;
      }
    }
    expect(calls).toBeGreaterThan(300);
  });
});
