import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assistant, type Message, messageGroups, pairedMessages, system, user } from '../core/index.js';
import { fitMessages, tokenCounter, type ToolDefinition } from './index.js';

const call = (id: string, text = ''): readonly Message[] => [
  { role: 'assistant', content: [{ type: 'tool-call', id, name: 'clock', input: { text } }] },
  { role: 'tool', content: [{ type: 'tool-result', id, name: 'clock', output: `It is four. ${text}` }] },
];
const tools: readonly ToolDefinition[] = [
  { name: 'clock', description: 'Tells the time.', inputSchema: { type: 'object', properties: {} } },
];
const model = 'gpt-5';
const count = async (messages: readonly Message[]): Promise<number> =>
  (await tokenCounter(model).countRequest({ messages })).tokens;

describe('fitMessages', () => {
  it('keeps all that fits, to the token', async () => {
    const messages = [system('Be short.'), user('one'), assistant('two'), user('three')];
    const tokens = await count(messages);
    expect(await fitMessages(messages, { maxTokens: tokens })).toEqual({ messages, tokens, leftOut: [] });
    const less = await fitMessages(messages, { maxTokens: tokens - 1 });
    expect(less.messages).toEqual([messages[0], messages[3]]);
    expect(less.leftOut).toEqual([messages[1], messages[2]]);
  });

  it('Q03 never parts a call from its result, and begins with a message of the user', async () => {
    const messages = [user('a'), ...call('1'), assistant('b'), user('c')];
    const all = await count(messages);
    const { messages: kept } = await fitMessages(messages, { maxTokens: all - 1 });
    expect(kept).toEqual([user('c')]);
  });

  it('keeps the question of a turn that is too long, and the newest of its calls', async () => {
    const turn = [user('What time is it?'), ...call('1', 'x '.repeat(100)), ...call('2')];
    const room = await count([...turn.slice(0, 1), ...turn.slice(3)]);
    const { messages, tokens } = await fitMessages(turn, { maxTokens: room });
    expect(messages).toEqual([turn[0], turn[3], turn[4]]);
    expect(tokens).toBe(room);
  });

  it('counts tools and the room for the reply', async () => {
    const messages = [user('one'), assistant('two'), user('three')];
    const own = (await tokenCounter(model).countRequest({ messages, tools })).tokens;
    expect((await fitMessages(messages, { maxTokens: own + 100, reserveTokens: 100, tools })).leftOut).toEqual([]);
    const less = await fitMessages(messages, { maxTokens: own + 99, reserveTokens: 100, tools });
    expect(less.messages).toEqual([user('three')]);
  });

  it('says how much too long what must stay is', async () => {
    const long = system('word '.repeat(50));
    await expect(fitMessages([long, user('Hi')], { maxTokens: 20 })).rejects.toMatchObject({
      code: 'context-too-long',
      message: expect.stringMatching(/take \d+ tokens, and there is room for 20/),
    });
  });

  it('never goes above its room, whatever is said', async () => {
    const message = fc.oneof(
      fc.lorem({ maxCount: 12 }).map((text) => [user(text)]),
      fc.lorem({ maxCount: 12 }).map((text) => [assistant(text)]),
      fc.lorem({ maxCount: 12 }).map((text) => call('1', text)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 8 }), fc.nat(200), async (some, maxTokens) => {
        const messages = some.flat();
        const fitted = await fitMessages(messages, { maxTokens }).catch(() => undefined);
        if (fitted === undefined) return;
        expect(fitted.tokens).toBe(await count(fitted.messages));
        expect(fitted.tokens).toBeLessThanOrEqual(Math.max(maxTokens, 0));
        expect(pairedMessages(fitted.messages)).toEqual(fitted.messages);
        expect(messageGroups(fitted.messages).length).toBeLessThanOrEqual(messageGroups(messages).length);
      }),
    );
  });
});
