import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { get_encoding } from 'tiktoken';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toJsonSchema, type Message } from '../core/index.js';
import { countCache } from './count-cache.js';
import { estimateRequestTokens, tokenCounter } from './index.js';
import { sliceFrom, sliceUpTo } from './text-slices.js';

const dataFolder = process.env.PIPEWRIGHT_DATA ?? '../shared/data';
const reference = { o200k: get_encoding('o200k_base'), cl100k: get_encoding('cl100k_base') };
afterAll(() => {
  reference.o200k.free();
  reference.cl100k.free();
});

const loneSurrogate = /\p{Cs}/gu;
const isWellFormed = (text: string): boolean => text.search(loneSurrogate) < 0;

/**
 * Characters of planes that Unicode still fills: Node and tiktoken may know different versions, and so take one of them for a letter
 * or for a sign. Nobody writes the newest, but random texts do.
 */
const unsettled = /[\u{10000}-\u{effff}]/gu;

/** Pieces that tokenizers treat in their own ways, joined at random. */
const piece = fc.oneof(
  fc.constantFrom(
    'hello',
    ' world',
    "don't",
    "'s",
    'ＡＢＣ',
    'ß',
    'é',
    'e\u0301',
    '你好',
    '，',
    '。',
    '𠮷',
    '😀',
    '한국어',
  ),
  fc.constantFrom(
    ' ',
    '  ',
    '\n',
    '\r\n',
    '\n\n  ',
    '\t',
    '\u00a0',
    '/',
    '//',
    '};\n/',
    '...',
    '123',
    '4567',
    '_x',
    '<|endoftext|>',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }).map((text) => text.replace(unsettled, '')),
);
/** Long enough for many slices; without spaces, the slices have to find their ends among signs and letters. */
const longText = fc
  .tuple(fc.array(piece, { minLength: 3, maxLength: 40, size: 'max' }), fc.integer({ min: 5, max: 30 }), fc.boolean())
  .map(([pieces, times, hasSpaces]) => {
    const text = pieces.join('').repeat(times).replace(loneSurrogate, '');
    return hasSpaces ? text : text.replaceAll(' ', '');
  });

describe('tokenCounter', () => {
  it('counts like tiktoken, in the encoding of the model’s family', async () => {
    const text = 'Geschwindigkeitsbegrenzung: 12345 naïve tokens, ありがとう!';
    const o200k = reference.o200k.encode_ordinary(text).length;
    const cl100k = reference.cl100k.encode_ordinary(text).length;
    expect(o200k).not.toBe(cl100k);
    for (const model of ['gpt-5.1', 'gpt-4o-2024-08-06', 'openai/gpt-4.1-mini', 'o3', 'ft:gpt-4o-mini:acme::1']) {
      expect(await tokenCounter(model).count(text)).toEqual({ tokens: o200k, isExact: true });
    }
    for (const model of ['gpt-4', 'gpt-3.5-turbo-0125', 'text-embedding-3-small']) {
      expect(await tokenCounter(model).count(text)).toEqual({ tokens: cl100k, isExact: true });
    }
  });

  it('says that a count is not exact where the tokenizer is not published', async () => {
    expect((await tokenCounter('gpt-6-sol').count('Hello')).isExact).toBe(false);
    for (const model of ['claude-sonnet-4-5', 'llama3.2', 'mistral-large', 'open-mixtral', 'o200']) {
      expect(await tokenCounter(model).count('Hello there')).toMatchObject({ isExact: false });
    }
  });

  it('takes the special tokens of an encoding as plain text', async () => {
    const text = 'Say <|endoftext|> and <|im_start|>';
    const { tokens } = await tokenCounter('gpt-4o').count(text);
    expect(tokens).toBe(reference.o200k.encode_ordinary(text).length);
    expect(tokens).toBeGreaterThan(8);
  });

  it('gives the count of the whole text though it counts in slices', async () => {
    await fc.assert(
      fc.asyncProperty(longText, async (text) => {
        for (const [model, encoding] of [
          ['gpt-5', reference.o200k],
          ['gpt-4', reference.cl100k],
        ] as const) {
          const { tokens, isExact } = await tokenCounter(model).count(text);
          const truth = encoding.encode_ordinary(text).length;
          if (isExact) expect(tokens).toBe(truth);
          else expect(Math.abs(tokens - truth)).toBeLessThanOrEqual(Math.ceil(text.length / 250) + 1);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('stays linear on runs without a break, and says that such a count is not exact', async () => {
    const counter = tokenCounter('gpt-5');
    await counter.count('warm up');
    const start = performance.now();
    expect(await counter.count('a'.repeat(200_000))).toEqual({ tokens: 25_200, isExact: false });
    // Bare tiktoken takes 9 s for half of this.
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  it('gives the event loop its turns while it counts a long text', async () => {
    const counter = tokenCounter('gpt-5');
    await counter.count('warm up');
    let turns = 0;
    let isDone = false;
    const tick = (): void => {
      turns += 1;
      if (!isDone) setImmediate(tick);
    };
    setImmediate(tick);
    await counter.count('The quick brown fox jumps over the lazy dog. '.repeat(200_000));
    isDone = true;
    expect(turns).toBeGreaterThan(3);
  });

  it('remembers the counts of recent texts', async () => {
    const counter = tokenCounter('gpt-5');
    const text = 'A system prompt that comes back with every turn. '.repeat(8_000);
    const first = await counter.count(text);
    const start = performance.now();
    expect(await counter.count(text)).toEqual(first);
    expect(performance.now() - start).toBeLessThan(20);
  });
});

describe('countCache', () => {
  it('stays within its bound, and forgets what was not asked for lately', () => {
    const cache = countCache(4 * 40);
    const text = (at: number): string => `text ${at}`.padEnd(8);
    for (let at = 0; at < 100; at++) {
      cache.set(text(at), at);
      expect(cache.get(text(0))).toBe(0);
    }
    const kept = Array.from({ length: 100 }, (_, at) => cache.get(text(at))).filter((tokens) => tokens !== undefined);
    expect(kept.length).toBeLessThanOrEqual(4);
    expect(cache.get(text(99))).toBe(99);
    cache.set('a text that is too long for it'.repeat(2), 9);
    expect(cache.get('a text that is too long for it'.repeat(2))).toBeUndefined();
  });
});

describe('slices', () => {
  it('cover the text from either end without cutting a character', () => {
    fc.assert(
      fc.property(longText, (text) => {
        let forward = '';
        for (let at = 0; at < text.length; ) {
          const { end } = sliceFrom(text, at);
          expect(isWellFormed(text.slice(at, end))).toBe(true);
          forward += text.slice(at, end);
          at = end;
        }
        let backward = '';
        for (let at = text.length; at > 0; ) {
          const { start } = sliceUpTo(text, at);
          expect(isWellFormed(text.slice(start, at))).toBe(true);
          backward = text.slice(start, at) + backward;
          at = start;
        }
        expect(forward).toBe(text);
        expect(backward).toBe(text);
      }),
    );
  });
});

interface Recorded {
  readonly model: string;
  readonly messages: readonly { readonly role: Message['role']; readonly content: string }[];
  readonly tokens: number;
}

/** Recorded requests of plain text messages alone, with the input tokens that the server billed. */
const recordedRequests = (folder: string): readonly Recorded[] =>
  readdirSync(folder).flatMap((name) => {
    const { request, response } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    const body = request?.body;
    const tokens = response.body?.usage?.prompt_tokens;
    const isPlain = body?.messages?.every(
      (message: { content: unknown; tool_calls?: unknown }) =>
        typeof message.content === 'string' && message.tool_calls === undefined,
    );
    if (tokens === undefined || isPlain !== true || body.tools !== undefined) return [];
    if (body.response_format?.type === 'json_schema') return [];
    return [{ model: body.model, messages: body.messages, tokens }];
  });

describe('countRequest', () => {
  it('counts what OpenAI’s cookbook documents around messages', async () => {
    const { count, countRequest } = tokenCounter('gpt-4o');
    const words = (await count('Hello there')).tokens + (await count('Hi')).tokens;
    const messages: Message[] = [
      { role: 'user', content: 'Hello there' },
      { role: 'assistant', content: 'Hi' },
    ];
    expect(await countRequest({ messages })).toEqual({ tokens: words + 2 * (3 + 1) + 3, isExact: true });
    expect(await tokenCounter('gpt-5').countRequest({ messages })).toEqual({
      tokens: words + 2 * 4 + 2,
      isExact: true,
    });
  });

  it('equals the input tokens that OpenAI billed for recorded requests', async () => {
    const folder = join(dataFolder, 'wire/openai/chat');
    if (!existsSync(folder)) {
      console.warn(`Left out: recorded requests of ${folder}, which is not there.`);
      const messages: Message[] = [{ role: 'user', content: 'Say this is a test' }];
      expect((await tokenCounter('gpt-3.5-turbo').countRequest({ messages })).tokens).toBe(12);
      return;
    }
    const recorded = recordedRequests(folder);
    expect(recorded.length).toBeGreaterThan(9);
    for (const { model, messages, tokens } of recorded) {
      expect(await tokenCounter(model).countRequest({ messages }), model).toEqual({ tokens, isExact: true });
    }
  });

  it('counts tools by the cookbook’s figures, nested properties in the same way', async () => {
    const { countRequest } = tokenCounter('gpt-4o');
    const messages: Message[] = [{ role: 'user', content: 'What is the weather in Oslo?' }];
    const bare = await countRequest({ messages });
    const schema = toJsonSchema(
      z.object({ city: z.string().describe('The city.'), unit: z.enum(['celsius', 'fahrenheit']) }),
    );
    const weather = { name: 'get_weather', description: 'Get the current weather', inputSchema: schema };
    const withTool = await countRequest({ messages, tools: [weather] });
    expect(withTool.isExact).toBe(false);
    expect(withTool.tokens - bare.tokens).toBeGreaterThan(40);
    expect(withTool.tokens - bare.tokens).toBeLessThan(60);
    const nested = { ...weather, inputSchema: { type: 'object', properties: { where: schema } } };
    expect((await countRequest({ messages, tools: [nested] })).tokens).toBeGreaterThan(withTool.tokens);
    const claude = tokenCounter('claude-sonnet-4-5');
    const more = (await claude.countRequest({ messages, tools: [weather] })).tokens;
    expect(more - (await claude.countRequest({ messages })).tokens).toBeGreaterThan(540);
  });

  it('has a documented figure for pictures and counts every other part by its text', async () => {
    const messages: Message[] = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Compare.' },
          { type: 'image', data: new Uint8Array(8) },
          { type: 'source', id: 's', title: 'Title', text: 'A passage of eight words stands in here.' },
          { type: 'file', mediaType: 'text/plain', data: new TextEncoder().encode('some words in a file') },
          { type: 'file', mediaType: 'application/pdf', data: new Uint8Array(120_000) },
          { type: 'file', mediaType: 'application/pdf', data: new URL('https://example.com/a.pdf') },
        ],
      },
      { role: 'assistant', content: [{ type: 'tool-call', id: '1', name: 'add', input: { a: 1 } }] },
      { role: 'tool', content: [{ type: 'tool-result', id: '1', name: 'add', output: 'three' }] },
      { role: 'assistant', content: [{ type: 'reasoning', text: 'Let me see.' }] },
    ];
    const gpt = await tokenCounter('gpt-4o').countRequest({ messages });
    expect(gpt.isExact).toBe(false);
    expect(gpt.tokens).toBeGreaterThan(5 * 765);
    expect(gpt.tokens).toBeLessThan(5 * 765 + 130);
    expect(estimateRequestTokens({ messages }, 'claude-opus-5-5')).toBeGreaterThan(5 * 1_600);
    expect(Math.abs(estimateRequestTokens({ messages }) - gpt.tokens)).toBeLessThan(20);
  });

  it('counts the schema of the answer', async () => {
    const messages: Message[] = [{ role: 'user', content: 'Who?' }];
    const schema = toJsonSchema(z.object({ name: z.string() }));
    const { countRequest } = tokenCounter('gpt-4o');
    const withSchema = await countRequest({ messages, output: { type: 'json-schema', name: 'who', schema } });
    expect(withSchema.tokens).toBeGreaterThan((await countRequest({ messages })).tokens + 15);
  });
});
