import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isPipewrightError } from '../core/index.js';
import type { ChatModel, ChatReply } from '../model/index.js';
import { badServer } from '../testing/index.js';
import { anthropic } from './anthropic/index.js';

interface Exchange {
  readonly file: string;
  readonly kind: string;
  readonly model: string | null;
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: Record<string, never>;
    readonly text?: string;
  };
}

const root = join(process.env.PIPEWRIGHT_DATA ?? '../shared/data', 'wire');
if (!existsSync(root)) console.warn(`Recorded provider traffic is left out: there is no ${root}.`);

const exchangesOf = (folder: string): readonly Exchange[] =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder))
        .filter((file) => file.endsWith('.json'))
        .map((file) => ({ ...JSON.parse(readFileSync(join(root, folder, file), 'utf8')), file }))
    : [];

const contentType = 'content-type';

const replay = async (
  exchange: Exchange,
  make: (baseUrl: string, isStreaming: boolean) => ChatModel,
): Promise<ChatReply> => {
  const { status, headers, body, text } = exchange.response;
  const kept = Object.fromEntries(
    Object.entries(headers).filter(([name]) => !/^(?:transfer-encoding|content-length)$/.test(name)),
  );
  await using server = await badServer(
    text === undefined
      ? { type: 'json', status, headers: { ...kept, [contentType]: 'application/json' }, body }
      : { type: 'sse', status, headers: { ...kept, [contentType]: 'text/event-stream' }, chunks: [text] },
  );
  return await make(server.url, text !== undefined)('Hi');
};

/** The JSON of the `data:` lines, read in the plainest way. */
const dataOf = (text: string): readonly Record<string, never>[] =>
  text
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)));

interface Expected {
  readonly text: string;
  readonly finish: string | undefined;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly calls: readonly { readonly name: string; readonly input: unknown }[];
}

const check = (reply: ChatReply, expected: Expected): void => {
  expect(reply.text).toBe(expected.text);
  expect(reply.toolCalls.map(({ name, input }) => ({ name, input }))).toEqual(expected.calls);
  expect(new Set(reply.toolCalls.map(({ id }) => id)).size).toBe(expected.calls.length);
  if (expected.inputTokens === undefined) expect(reply.usage.isEstimated).toBe(true);
  else expect(reply.usage).toMatchObject({ inputTokens: expected.inputTokens, outputTokens: expected.outputTokens });
};

const expectFailure = async (exchange: Exchange, work: Promise<unknown>): Promise<void> => {
  const error = await work.catch((reason: unknown) => reason);
  if (!isPipewrightError(error)) throw new Error(`Expected a failure, got ${String(error)}`);
  const codes: Record<number, string> = {
    400: 'bad-input',
    401: 'not-allowed',
    404: 'not-found',
    429: 'rate-limited',
    529: 'model-overloaded',
  };
  expect(error.code).toBe(codes[exchange.response.status]);
  expect(error.details.status).toBe(exchange.response.status);
  const { message } = (exchange.response.body?.error ?? {}) as { readonly message?: string };
  expect(error.message).toContain(message?.slice(0, 30));
};

interface AnthropicBlock {
  readonly type: string;
  readonly text?: string;
  readonly name?: string;
  readonly input?: unknown;
}

const anthropicExpected = ({ response }: Exchange): Expected => {
  const blocks: { type: string; text: string; name: string; json: string; input: unknown }[] = [];
  let usage: Record<string, number | null> = {};
  let finish: string | undefined;
  const open = (block: AnthropicBlock): void => {
    blocks.push({ type: block.type, text: block.text ?? '', name: block.name ?? '', json: '', input: block.input });
  };
  if (response.text === undefined) {
    const body = response.body as unknown as { content: AnthropicBlock[]; usage: typeof usage; stop_reason: string };
    body.content.forEach(open);
    ({ usage } = body);
    finish = body.stop_reason;
  } else {
    for (const event of dataOf(response.text) as unknown as Record<string, never>[]) {
      const { type, index, content_block, delta, message } = event as unknown as {
        type: string;
        index: number;
        content_block: AnthropicBlock;
        delta: { text?: string; partial_json?: string; stop_reason?: string };
        message: { usage: typeof usage };
      };
      if (type === 'message_start') usage = { ...message.usage };
      if (type === 'content_block_start') open(content_block);
      if (type === 'content_block_delta') {
        blocks[index]!.text += delta.text ?? '';
        blocks[index]!.json += delta.partial_json ?? '';
      }
      if (type === 'message_delta') {
        finish = delta.stop_reason;
        for (const [name, value] of Object.entries((event as unknown as { usage: typeof usage }).usage ?? {})) {
          if (value !== null) usage[name] = value;
        }
      }
    }
  }
  return {
    text: blocks
      .filter(({ type }) => type === 'text')
      .map(({ text }) => text)
      .join(''),
    finish,
    inputTokens:
      (usage.input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
    outputTokens: usage.output_tokens ?? 0,
    calls: blocks
      .filter(({ type }) => type === 'tool_use')
      .map(({ name, json, input }) => ({ name, input: json === '' ? input : JSON.parse(json) })),
  };
};

const anthropicFinish: Record<string, string> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool-call',
  refusal: 'content-filter',
  pause_turn: 'other',
};

const anthropicExchanges = exchangesOf('anthropic/messages');
const makeClaude = (baseUrl: string, isStreaming: boolean): ChatModel =>
  anthropic('claude-sonnet-4-5', { baseUrl, apiKey: 'k', isStreaming });

describe.runIf(anthropicExchanges.length > 0)('anthropic replays recorded traffic', () => {
  it.each(anthropicExchanges)('$file', async (exchange) => {
    if (exchange.kind.startsWith('error-')) return expectFailure(exchange, replay(exchange, makeClaude));
    const reply = await replay(exchange, makeClaude);
    const expected = anthropicExpected(exchange);
    check(reply, expected);
    expect(reply.finishReason).toBe(anthropicFinish[expected.finish ?? '']);
    expect(reply.model).toMatch(/^claude/);
    if (exchange.kind.startsWith('reasoning')) {
      expect(reply.message.content).toContainEqual(
        expect.objectContaining({ type: 'reasoning', opaque: expect.stringContaining(':') }),
      );
    }
  });
});
