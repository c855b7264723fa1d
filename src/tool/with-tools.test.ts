import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Message, partsOf, textOf, user } from '../core/index.js';
import { structured } from '../output/index.js';
import { scripted, type ScriptTurn, testRun } from '../testing/index.js';
import { tool, toolbox, withTools } from './index.js';

const weather = tool({
  name: 'weather',
  description: 'Tells the weather of a city.',
  input: z.object({ city: z.string() }),
  run: ({ city }) => `Sunny in ${city}.`,
});
const box = toolbox([weather]);
const plain = (...turns: readonly ScriptTurn[]) => scripted(turns, { features: { tools: false } });
const ask = (messages: readonly Message[]) => ({ messages, tools: box.definitions });
const tagged = '<tool_call>\n{"name": "weather", "arguments": {"city": "Bern"}}\n</tool_call>';

describe('withTools', () => {
  it('Q28 leaves a model that can call tools as it is', () => {
    const model = scripted([]);
    expect(withTools(model)).toBe(model);
    expect(withTools(plain()).features.tools).toBe(true);
  });

  it('Q28 tells the tools, reads the call, and shows its result in the next request', async () => {
    const inner = plain(`Let me look.\n${tagged}`, 'It is sunny.');
    const model = withTools(inner);
    const first = await model(ask([user('Weather in Bern?')]));
    expect(first).toMatchObject({ text: 'Let me look.', finishReason: 'tool-call' });
    expect(first.toolCalls).toEqual([{ type: 'tool-call', id: 'call_1', name: 'weather', input: { city: 'Bern' } }]);
    const results = await box(first.toolCalls);
    const history: readonly Message[] = [user('Weather in Bern?'), first.message, { role: 'tool', content: results }];
    expect((await model(ask(history))).text).toBe('It is sunny.');
    const [told, ...rest] = inner.requests[1]?.messages ?? [];
    expect(inner.requests[1]?.tools).toBeUndefined();
    expect(textOf(told ?? user(''))).toContain('- weather: Tells the weather of a city.');
    expect(rest.map((message) => [message.role, textOf(message)])).toEqual([
      ['user', 'Weather in Bern?'],
      ['assistant', `Let me look.\n${tagged.replace(': "Bern"', ':"Bern"')}`],
      ['user', '<tool_result name="weather">\nSunny in Bern.\n</tool_result>'],
    ]);
  });

  it.each([
    ['tags', tagged],
    ['a tag that is not closed', tagged.replace('</tool_call>', '')],
    ['a block of JSON', '```json\n{"tool": "weather", "args": {"city": "Bern"}}\n```'],
    ['ReAct', 'Thought: look\nAction: weather\nAction Input: {"city": "Bern"}'],
    ['ReAct in bold', '**Action:** weather\n**Action Input:** {"city": "Bern"}'],
    ['arguments as text', '<tool_call>{"name": "weather", "arguments": "{\\"city\\": \\"Bern\\"}"}</tool_call>'],
    ['loose JSON', "<tool_call>{'name': 'weather', 'parameters': {'city': 'Bern',}}</tool_call>"],
    ['a result made up behind it', `${tagged}\n<tool_result name="weather">Rain</tool_result>\n${tagged}`],
    [
      'an observation made up behind it',
      'Action: weather\nAction Input: {"city": "Bern"}\nObservation: Rain\nAction: x',
    ],
  ])('Q28 reads a call written in %s', async (_, text) => {
    const { toolCalls } = await withTools(plain(text))(ask([user('?')]));
    expect(toolCalls.map(({ name, input }) => ({ name, input }))).toEqual([
      { name: 'weather', input: { city: 'Bern' } },
    ]);
  });

  it('reads several calls, and numbers them on through the conversation', async () => {
    const earlier: Message = {
      role: 'assistant',
      content: [{ type: 'tool-call', id: 'call_1', name: 'weather', input: {} }],
    };
    const { toolCalls } = await withTools(plain(`${tagged}\n${tagged}`))(ask([user('?'), earlier]));
    expect(toolCalls.map(({ id }) => id)).toEqual(['call_2', 'call_3']);
  });

  it('Q28 hands a broken call on, so that the model is told what is wrong with it', async () => {
    const { toolCalls } = await withTools(plain('<tool_call>{"name": "weather", "arguments": {"city</tool_call>'))(
      ask([user('?')]),
    );
    expect(toolCalls).toHaveLength(1);
    const [result] = await box(toolCalls);
    expect(result).toMatchObject({ name: 'weather', isError: true, output: expect.stringContaining('output-invalid') });
  });

  it('Q12 runs nothing of a reply that was cut', async () => {
    const cut = [
      { type: 'text-delta', text: tagged },
      { type: 'finish', reason: 'length' },
    ] as const;
    const reply = await withTools(plain(cut))(ask([user('?')]));
    expect(reply.toolCalls).toEqual([]);
    expect(reply.finishReason).toBe('length');
  });

  it.each([
    'Use ```json\n{"name": "Ann"}\n``` as a form.',
    'The Action: it was loud. <b>',
    'A block:\n```\n{"weather": 1}\n```\nend',
  ])('leaves an answer alone that only looks like a call: %s', async (text) => {
    const { run, events } = testRun();
    const reply = await withTools(plain(text))(ask([user('?')]), run);
    expect(reply).toMatchObject({ text, toolCalls: [] });
    const shown = events.flatMap((event) => (event.type === 'text-delta' ? [event.text] : []));
    expect(shown.join('')).toBe(text);
  });

  it('streams text at once, and never the text of a call, however it is cut into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (sizes) => {
        const text = `I look it up.\n${tagged}`;
        const pieces: string[] = [];
        for (let at = 0, i = 0; at < text.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          pieces.push(text.slice(at, at + size));
          at += size;
        }
        const turn = [
          ...pieces.map((piece) => ({ type: 'text-delta', text: piece }) as const),
          { type: 'finish', reason: 'stop' } as const,
        ];
        const { run, events } = testRun();
        const reply = await withTools(plain(turn))(ask([user('?')]), run);
        const shown = events.flatMap((event) => (event.type === 'text-delta' ? [event.text] : [])).join('');
        expect(shown.trimEnd()).toBe(reply.text);
        expect(reply.text).toBe('I look it up.');
      }),
      { numRuns: 30 },
    );
  });

  it('Q15 refuses JSON beside tools before the network, and `structured` asks by a tool instead', async () => {
    const schema = z.object({ sunny: z.boolean() });
    const inner = plain('<tool_call>{"name": "answer", "arguments": {"sunny": true}}</tool_call>');
    const model = withTools(inner);
    const output = { type: 'json' } as const;
    await expect(model({ ...ask([user('?')]), output })).rejects.toMatchObject({ code: 'unsupported' });
    expect(await structured(model, schema)(ask([user('?')]))).toEqual({ sunny: true });
  });

  it('Q21 writes the same request for the same messages, and only adds to it from turn to turn', async () => {
    const inner = plain('a', 'b', 'c');
    const model = withTools(inner);
    const [first, second] = [ask([user('one')]), ask([user('one'), user('two')])];
    await model(first);
    await model(first);
    await model(second);
    const bytes = inner.requests.map(({ messages }) => JSON.stringify(messages));
    expect(bytes[1]).toBe(bytes[0]);
    expect(bytes[2]?.startsWith((bytes[0] ?? '').slice(0, -1))).toBe(true);
  });

  it('passes pictures and reasoning through', async () => {
    const picture = { type: 'image', data: new URL('https://example.com/a.png') } as const;
    const inner = plain([
      { type: 'reasoning-delta', text: 'hm' },
      { type: 'text-delta', text: tagged },
      { type: 'finish', reason: 'stop' },
    ]);
    const reply = await withTools(inner)(ask([user([picture])]));
    expect(partsOf(inner.requests[0]?.messages.at(-1) ?? user(''))).toEqual([picture]);
    expect(partsOf(reply.message).map(({ type }) => type)).toEqual(['reasoning', 'tool-call']);
  });
});
