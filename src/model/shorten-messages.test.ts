import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assistant, type Message, pairedMessages, user } from '../core/index.js';
import { maxInputTokens, shortenMessages, tokenCounter } from './index.js';

const facts = (count: number): string =>
  Array.from({ length: count }, (_, at) => `Fact ${at} says ${at * 7}.`).join(' ');
const call = (output: unknown): readonly Message[] => [
  { role: 'assistant', content: [{ type: 'tool-call', id: '1', name: 'clock', input: { zone: 'UTC' } }] },
  { role: 'tool', content: [{ type: 'tool-result', id: '1', name: 'clock', output }] },
];
const count = async (messages: readonly Message[]): Promise<number> =>
  (await tokenCounter('gpt-5').countRequest({ messages })).tokens;

describe('shortenMessages', () => {
  it('makes the longest texts shorter, at the end of a sentence, and leaves the others alone', async () => {
    const messages = [user('Short.'), assistant(facts(40)), user(facts(20))];
    const made = await shortenMessages(messages, { maxTokens: 150 });
    expect(made.messages[0]).toBe(messages[0]);
    expect(made.shortened).toBe(2);
    for (const { content } of made.messages.slice(1)) {
      expect(content).toMatch(/\.…$/u);
      expect(facts(40)).toContain(String(content).slice(0, -1));
    }
    expect(made.tokens).toBe(await count(made.messages));
    expect(made.tokens).toBeGreaterThan(120);
    expect(await shortenMessages(messages, { maxTokens: 2_000 })).toMatchObject({ messages, shortened: 0 });
  });

  it('Q03 keeps every call with its result, and shortens what a tool said', async () => {
    const messages = [user('What time?'), ...call({ text: facts(50) })];
    const made = await shortenMessages(messages, { maxTokens: 80 });
    expect(pairedMessages(made.messages)).toEqual(made.messages);
    expect(made.messages[1]).toBe(messages[1]);
    expect(await count(made.messages)).toBeLessThanOrEqual(80);
  });

  it('shortens with a function of the caller, and says when nothing helps', async () => {
    const messages = [user(facts(50))];
    const made = await shortenMessages(messages, { maxTokens: 30, shorten: async () => 'Facts.' });
    expect(made.messages).toEqual([user('Facts.')]);
    const deaf = shortenMessages(messages, { maxTokens: 30, shorten: async (text) => text });
    await expect(deaf).rejects.toMatchObject({ code: 'context-too-long' });
    await expect(shortenMessages(call('x'), { maxTokens: 9 })).rejects.toMatchObject({ code: 'context-too-long' });
  });

  it('never exceeds its room by one token', async () => {
    const text = fc
      .array(fc.constantFrom('Tea is hot. ', '12', '3', '漢字。', '😀', '\n'), { maxLength: 12 })
      .map((all) => all.join(''));
    const message = fc.oneof(
      text.map((one) => [user(one)]),
      text.map((one) => [assistant(one)]),
      text.map(call),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 4 }), fc.nat(120), async (some, maxTokens) => {
        const messages = some.flat();
        const made = await shortenMessages(messages, { maxTokens }).catch(() => undefined);
        if (made === undefined) return;
        expect(made.tokens).toBeLessThanOrEqual(maxTokens);
        expect(made.tokens).toBe(await count(made.messages));
        expect(made.messages.map(({ role }) => role)).toEqual(messages.map(({ role }) => role));
      }),
      { numRuns: 300 },
    );
  });
});

describe('maxInputTokens', () => {
  it('is the window without reply, tools and what goes around a request', async () => {
    const tools = [{ name: 'clock', description: 'Tells the time.', inputSchema: { type: 'object', properties: {} } }];
    const around = (await tokenCounter('gpt-4o').countRequest({ messages: [], tools })).tokens;
    expect(await maxInputTokens('gpt-4o', { reserveTokens: 4_000, tools })).toBe(128_000 - 4_000 - around);
    expect(await maxInputTokens('our-model', { contextTokens: 8_000 })).toBe(8_000 - 2_000 - 3);
  });

  it('says when the window is not known, or has no room', async () => {
    await expect(maxInputTokens('our-model')).rejects.toMatchObject({ code: 'bad-option' });
    await expect(maxInputTokens('gpt-4o', { reserveTokens: 128_000 })).rejects.toMatchObject({
      code: 'context-too-long',
    });
  });
});
