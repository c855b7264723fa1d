import * as v from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { z as z3 } from 'zod/v3';
import {
  createRun,
  inspect,
  type JsonSchema,
  type RunEvent,
  type Schema,
  type Step,
  stream,
  system,
  toJsonSchema,
  user,
  withJsonSchema,
} from '../core/index.js';
import type { ChatInput } from '../model/index.js';
import { callsTool, type ScriptAction, scripted } from '../testing/index.js';
import { answerForm, partials, strictSchema, structured } from './index.js';

const wordsOnly = { jsonSchema: false, tools: false };
const toolsOnly = { jsonSchema: false };

const price = z.object({ item: z.string(), eur: z.number(), note: z.string().optional() });

describe('structured', () => {
  it('resolves to the checked value with its type, from any chat input', async () => {
    const model = scripted(['{"item": "Ham", "eur": 3, "note": null}'], { shouldRepeat: true });
    const extract = structured(model, price);
    expectTypeOf(extract).toEqualTypeOf<Step<ChatInput, z.infer<typeof price>>>();
    const value = { item: 'Ham', eur: 3 };
    expect(await extract('Ham costs 3 EUR.')).toEqual(value);
    expect(await extract([user('Ham costs 3 EUR.')])).toEqual(value);
    expect(await extract({ messages: [user('Ham costs 3 EUR.')], temperature: 0 })).toEqual(value);
    expect(model.requests[2]).toMatchObject({ temperature: 0, output: { type: 'json-schema', name: 'answer' } });
    expect(model.requests[0]?.messages).toEqual([user('Ham costs 3 EUR.')]);
  });

  it('sends a model with JSON schemas the strict form', async () => {
    const model = scripted(['{"item": "Ham", "eur": 3, "note": "smoked"}']);
    await structured(model, price, { name: 'price' })('…');
    const { output } = model.requests[0] ?? {};
    expect(output).toMatchObject({
      name: 'price',
      schema: { required: ['item', 'eur', 'note'], additionalProperties: false },
    });
  });

  it('tells any other model the schema in words, behind the system messages', async () => {
    const model = scripted(['Sure: ```json\n{"item": "Ham", "eur": 3}\n```'], { features: wordsOnly });
    expect(await structured(model, price)([system('Be brief.'), user('Ham costs 3 EUR.')])).toEqual({
      item: 'Ham',
      eur: 3,
    });
    const [first, told, asked] = model.requests[0]?.messages ?? [];
    expect(model.requests[0]?.output).toBeUndefined();
    expect([first?.content, asked?.content]).toEqual(['Be brief.', 'Ham costs 3 EUR.']);
    expect(told?.role).toBe('system');
    expect(told?.content).toContain('"eur":{"type":"number"}');
  });

  it('tells the schema in words where the strict form cannot express it', async () => {
    const model = scripted(['{"a": [1, "x"]}']);
    const pair = z.object({ a: z.tuple([z.number(), z.string()]) });
    expect(await structured(model, pair)('…')).toEqual({ a: [1, 'x'] });
    expect(model.requests[0]?.output).toBeUndefined();
  });

  it('shows the model what is wrong and takes the corrected answer', async () => {
    const model = scripted(['{"item": "Ham", "eur": "three"}', 'no idea', '{"item": "Ham", "eur": 3}']);
    expect(await structured(model, price)('Ham costs 3 EUR.')).toEqual({ item: 'Ham', eur: 3 });
    const [, second, third] = model.requests;
    expect(second?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(second?.messages[1]?.content).toBe('{"item": "Ham", "eur": "three"}');
    expect(second?.messages[2]?.content).toMatch(/eur: .*number/);
    expect(third?.messages[4]?.content).toContain('There is no JSON in the text.');
  });

  it('gives up after the repairs it may make, with the issues and the last text', async () => {
    const model = scripted(['{}'], { shouldRepeat: true });
    const failing = structured(model, price, { maxRepairs: 1 })('…');
    await expect(failing).rejects.toMatchObject({
      code: 'output-invalid',
      message: expect.stringMatching(/scripted does not fit the schema: item: /),
      details: { partialText: '{}', issues: [expect.stringMatching(/^item: /), expect.stringMatching(/^eur: /)] },
    });
    expect(model.requests).toHaveLength(2);
    await expect(structured(model, price, { maxRepairs: 0 })('…')).rejects.toMatchObject({ code: 'output-invalid' });
    expect(model.requests).toHaveLength(3);
  });

  it('does not ask again for an answer that was cut at its limit', async () => {
    const model = scripted([
      [
        { type: 'text-delta', text: '{"item": "Ha' },
        { type: 'finish', reason: 'length' },
      ],
    ]);
    await expect(structured(model, price)('…')).rejects.toMatchObject({
      code: 'output-invalid',
      message: expect.stringContaining('Raise maxOutputTokens'),
      details: { partialText: '{"item": "Ha' },
    });
    expect(model.requests).toHaveLength(1);
  });

  it('retracts the text of an answer that does not fit', async () => {
    const model = scripted(['{"item": "Ham"}', '{"item": "Egg", "eur": 1}']);
    const extract = structured(model, price);
    const watched = stream(extract, '…');
    const drafts: unknown[] = [];
    for await (const draft of partials(watched, price)) drafts.push(draft);
    expect(drafts).toContainEqual({ item: 'Ham' });
    expect(drafts.at(-1)).toEqual({ item: 'Egg', eur: 1 });
    expect(await watched.result).toEqual({ item: 'Egg', eur: 1 });
  });

  it('leaves a text view with the text of the answer that fits alone', async () => {
    const extract = structured(scripted(['{"item": "Ham"}', '{"item": "Egg", "eur": 1}']), price);
    const watched = stream(extract, '…');
    let last = '';
    for await (const text of watched.snapshots) last = text;
    expect(last).toBe('{"item": "Egg", "eur": 1}');
  });

  it('counts every round on the run’s meter', async () => {
    const run = createRun();
    await structured(scripted(['{}', '{"item": "Ham", "eur": 3}']), price)('…', run);
    expect(run.meter.spent.calls).toBe(2);
  });

  it('stops between rounds when the run is aborted', async () => {
    const control = new AbortController();
    const model = scripted(['{}'], { shouldRepeat: true });
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'retract') control.abort('gone');
    };
    const run = createRun({ signal: control.signal, on: onEvent });
    await expect(structured(model, price)('…', run)).rejects.toBe('gone');
    expect(model.requests).toHaveLength(1);
  });

  it('takes a schema of any library, and a plain step for a model', async () => {
    const schema = withJsonSchema(v.object({ ok: v.boolean() }), {
      type: 'object',
      properties: { ok: { type: 'boolean' } },
      required: ['ok'],
    });
    const model = (): Promise<{ text: string }> => Promise.resolve({ text: '{"ok": true}' });
    expect(await structured(model, schema)({ messages: [user('?')] })).toEqual({ ok: true });
  });

  it('refuses at once a schema that cannot say its JSON Schema, and a bad option', () => {
    expect(() => structured(scripted([]), v.object({}))).toThrow(expect.objectContaining({ code: 'bad-schema' }));
    expect(() => structured(scripted([]), price, { maxRepairs: -1 })).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
  });

  it('passes on what the model throws', async () => {
    const model = scripted([[{ type: 'throw', error: new Error('down') }]]);
    await expect(structured(model, price)('…')).rejects.toThrow('down');
  });

  it('shows the model as its child', () => {
    const tree = inspect(structured(scripted([]), price));
    expect(tree).toMatchObject({ kind: 'structured', details: { maxRepairs: 2 }, children: [{ kind: 'model' }] });
  });
});

/** Arguments that are no JSON yet, in as many deltas as words. */
const calls = (
  json: string,
  reason: 'tool-call' | 'length' = 'tool-call',
  name = 'answer',
): readonly ScriptAction[] => [
  ...json.split(/(?<= )/).map((text): ScriptAction => ({ type: 'tool-call-delta', key: '0', id: 'c0', name, text })),
  { type: 'finish', reason },
];

describe('structured with a tool', () => {
  it('asks a model with tools and no JSON schemas to call a tool with the answer', async () => {
    const model = scripted([calls('{"item": "Ham", "eur": 3}')], { features: toolsOnly });
    expect(await structured(model, price, { name: 'price' })('Ham costs 3 EUR.').catch((e) => e.message)).toMatch(
      /called `answer` instead/,
    );
    const named = scripted([calls('{"item": "Ham", "eur": 3}', 'tool-call', 'price')], { features: toolsOnly });
    expect(await structured(named, price, { name: 'price' })('Ham costs 3 EUR.')).toEqual({ item: 'Ham', eur: 3 });
    const [request] = named.requests;
    expect(request).toMatchObject({ toolChoice: { name: 'price' }, tools: [{ name: 'price' }] });
    expect(request?.tools?.[0]?.inputSchema).toMatchObject({ type: 'object', required: ['item', 'eur'] });
    expect(request?.output).toBeUndefined();
  });

  it('Q14 streams its drafts from the arguments', async () => {
    const model = scripted([calls('{"item": "Ham", "eur": 3, "note": "smoked"}')], { features: toolsOnly });
    const watched = stream(structured(model, price), '…');
    const drafts: unknown[] = [];
    for await (const draft of partials(watched, price, { onlyComplete: true })) drafts.push(draft);
    expect(drafts).toEqual([{}, { item: 'Ham' }, { item: 'Ham', eur: 3 }, await watched.result]);
  });

  it('Q28 mends arguments that are nearly JSON, and shows the model those that are not, once for each call', async () => {
    const twice = [...calls('{item: "Ham", "eur": 3,}').slice(0, -1), ...callsTool('other', {})];
    const model = scripted([calls('{"item" "Ham"'), calls('{"item": "Ham"}'), 'I would say three.', twice], {
      features: toolsOnly,
    });
    expect(await structured(model, price, { maxRepairs: 3 })('…')).toEqual({ item: 'Ham', eur: 3 });
    const [, second, third, fourth] = model.requests;
    expect(second?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
    expect(second?.messages[1]?.content).toMatchObject([{ type: 'tool-call', id: 'c0', input: '{"item" "Ham"' }]);
    expect(second?.messages[2]?.content).toMatchObject([{ type: 'tool-result', id: 'c0', isError: true }]);
    expect(JSON.stringify(third?.messages[4]?.content)).toMatch(/eur: .*number.*again/);
    expect(fourth?.messages.at(-1)).toMatchObject({ role: 'user', content: expect.stringContaining('no JSON') });
  });

  it('gives every other call of a wrong reply a result too', async () => {
    const both = [...callsTool('search', { q: 1 }).slice(0, 1), ...callsTool('answer', {})];
    const model = scripted([both, callsTool('answer', { item: 'Ham', eur: 3 })], { features: toolsOnly });
    const search = { name: 'search', description: 'Searches.', inputSchema: { type: 'object' } };
    await structured(model, price)({ messages: [user('…')], tools: [search] });
    expect(model.requests[1]?.messages.at(-1)?.content).toMatchObject([
      { id: 'call_search', output: 'Not run.' },
      { id: 'call_answer', output: expect.stringContaining('item:') },
    ]);
  });

  it('takes an answer that came as text all the same', async () => {
    const model = scripted(['{"item": "Ham", "eur": 3}'], { features: toolsOnly });
    expect(await structured(model, price)('…')).toEqual({ item: 'Ham', eur: 3 });
  });

  it.each(['native', 'tool', 'prompt'] as const)('is asked for as `mode` says: %s', async (mode) => {
    const turn =
      mode === 'tool' ? callsTool('answer', { value: ['a'] }) : { native: '{"value": ["a"]}', prompt: '["a"]' }[mode];
    const model = scripted([turn]);
    expect(await structured(model, z.array(z.string()), { mode })('…')).toEqual(['a']);
    const [request] = model.requests;
    const asked = { native: request?.output?.type, tool: request?.tools?.length, prompt: request?.messages.length };
    expect(asked).toEqual({
      native: undefined,
      tool: undefined,
      prompt: 1,
      [mode]: { native: 'json-schema', tool: 1, prompt: 2 }[mode],
    });
  });

  it('refuses a mode that the model cannot do, at once', () => {
    const weak = scripted([], { features: wordsOnly });
    for (const mode of ['native', 'tool'] as const) {
      expect(() => structured(weak, price, { mode })).toThrow(expect.objectContaining({ code: 'unsupported' }));
    }
    const pair = z.tuple([z.number(), z.string()]);
    expect(() => structured(scripted([]), pair, { mode: 'native' })).toThrow(
      expect.objectContaining({ code: 'bad-schema' }),
    );
    expect(() => structured(scripted([]), price, { name: 'a b' })).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
  });
});

describe('structured values at the root', () => {
  const tree: z.ZodType<unknown> = z.array(z.object({ name: z.string(), children: z.lazy(() => tree) }));
  const leaf = [{ name: 'a', children: [{ name: 'b', children: [] }] }];
  it.each<[string, z.ZodType<unknown>, unknown]>([
    ['a number', z.number(), 12],
    ['an enum', z.enum(['red', 'green']), 'green'],
    ['a boolean', z.boolean(), false],
    ['a list', z.array(z.number()), [1, 2]],
    ['a record', z.record(z.string(), z.number()), { value: 1 }],
    ['a union', z.union([z.object({ a: z.string() }), z.object({ b: z.number() })]), { b: 1 }],
    ['null', z.string().nullable(), null],
    ['a recursive list', tree, leaf],
  ])('takes %s in each mode', async (_, schema, value) => {
    for (const mode of ['native', 'tool', 'prompt'] as const) {
      const model = scripted([
        (request) => {
          if (mode === 'native') return JSON.stringify(strictSchema(toJsonSchema(schema)).toStrict(value));
          if (mode === 'prompt') return JSON.stringify(value);
          const inputSchema = request.tools?.[0]?.inputSchema;
          expect(inputSchema).toMatchObject({ type: 'object', required: ['value'] });
          expect(z.fromJSONSchema(inputSchema as never).safeParse({ value })).toMatchObject({ success: true });
          return callsTool('answer', { value });
        },
      ]);
      expect(await structured(model, schema, { mode })('…')).toEqual(value);
      if (mode === 'native') expect(model.requests[0]?.output).toMatchObject({ schema: { type: 'object' } });
    }
  });
});

describe('Q15 tools and structured output in one request', () => {
  const search = { name: 'search', description: 'Searches.', inputSchema: { type: 'object', properties: {} } };
  const asked = { messages: [user('What is ham?')], tools: [search] };

  it('Q15 sends both to a model that takes both', async () => {
    const model = scripted(['{"item": "Ham", "eur": 3, "note": null}']);
    expect(await structured(model, price)(asked)).toEqual({ item: 'Ham', eur: 3 });
    expect(model.requests[0]).toMatchObject({ output: { type: 'json-schema' }, tools: [search] });
  });

  it.each([{ jsonSchemaWithTools: false }, { jsonSchema: false }])(
    'Q15 gives a model that takes only one (%o) the answer as one more tool, and both work',
    async (features) => {
      const model = scripted([callsTool('search', {}), callsTool('answer', { item: 'Ham', eur: 3 })], { features });
      const form = answerForm(model, { type: 'object', properties: {} })(asked);
      const first = await model(form.request);
      expect(first.toolCalls).toMatchObject([{ name: 'search' }]);
      const result = { type: 'tool-result', id: 'call_search', name: 'search', output: '3 EUR' } as const;
      const messages = [...form.request.messages, first.message, { role: 'tool', content: [result] } as const];
      const second = await model({ ...form.request, messages });
      expect(form.read(second)).toEqual({ item: 'Ham', eur: 3 });
      expect(model.requests[0]).toMatchObject({ toolChoice: 'required', tools: [search, { name: 'answer' }] });
      expect(model.requests[0]?.output).toBeUndefined();
    },
  );

  it('Q15 where neither way is left, says so before the network', async () => {
    const model = scripted(['{}'], { features: { jsonSchemaWithTools: false } });
    const both = structured(model, price, { mode: 'native' })(asked);
    await expect(both).rejects.toMatchObject({ code: 'unsupported' });
    const weak = scripted(['{}'], { features: wordsOnly });
    await expect(structured(weak, price)(asked)).rejects.toMatchObject({ code: 'unsupported' });
    expect([...model.requests, ...weak.requests]).toEqual([]);
  });

  it('keeps the choice of tool that the caller made, and refuses a tool with the name of the answer', async () => {
    const form = answerForm(scripted([], { features: toolsOnly }), { type: 'object', properties: {} });
    expect(form({ ...asked, toolChoice: { name: 'search' } }).request.toolChoice).toEqual({ name: 'search' });
    expect(form({ ...asked, toolChoice: 'none' }).request.toolChoice).toEqual({ name: 'answer' });
    expect(() => form({ ...asked, tools: [{ ...search, name: 'answer' }] })).toThrow(
      expect.objectContaining({ code: 'bad-input' }),
    );
  });

  it('says that a tool was called where nobody runs it', async () => {
    const failing = structured(scripted([callsTool('search', {})]), price)(asked);
    await expect(failing).rejects.toMatchObject({
      code: 'output-invalid',
      message: expect.stringContaining('`search`'),
    });
  });
});

describe('how structured ends', () => {
  it('a refusal is a refusal, whatever its text, and is not asked again', async () => {
    const model = scripted([
      [
        { type: 'text-delta', text: 'I cannot help with that.' },
        { type: 'finish', reason: 'content-filter' },
      ],
    ]);
    await expect(structured(model, price)('…')).rejects.toMatchObject({
      code: 'content-refused',
      details: { partialText: 'I cannot help with that.' },
    });
    expect(model.requests).toHaveLength(1);
  });

  it('Q12 a prefix that can be read is no answer when the reply was cut at its limit', async () => {
    const cut: readonly ScriptAction[] = [
      { type: 'text-delta', text: '12' },
      { type: 'finish', reason: 'length' },
    ];
    for (const [turn, mode] of [
      [cut, 'prompt'],
      [calls('{"value": 12}', 'length'), 'tool'],
    ] as const) {
      const cutOff = structured(scripted([turn]), z.number(), { mode })('…');
      await expect(cutOff).rejects.toMatchObject({ code: 'output-invalid', message: expect.stringContaining('cut') });
    }
  });

  it('a budget stops the repairs, and every round before it is counted', async () => {
    const model = scripted(['{}'], { shouldRepeat: true });
    const run = createRun({ budget: { maxCalls: 2 } });
    await expect(structured(model, price, { maxRepairs: 9 })('…', run)).rejects.toMatchObject({
      code: 'budget-exceeded',
      details: { budget: { limit: 'maxCalls' } },
    });
    expect(model.requests).toHaveLength(2);
    expect(run.meter.spent.calls).toBe(2);
  });

  it('Q16 defaults and optional members of other schema libraries survive the strict form', async () => {
    const json: JsonSchema = {
      type: 'object',
      properties: { name: { type: 'string' }, count: { type: 'number', default: 3 }, note: { type: 'string' } },
      required: ['name'],
    };
    const schemas: readonly Schema<unknown>[] = [
      z.object({ name: z.string(), count: z.number().default(3), note: z.string().optional() }),
      withJsonSchema(
        z3.object({ name: z3.string(), count: z3.number().default(3), note: z3.string().optional() }),
        json,
      ),
      withJsonSchema(
        v.object({ name: v.string(), count: v.optional(v.number(), 3), note: v.optional(v.string()) }),
        json,
      ),
    ];
    for (const schema of schemas) {
      const model = scripted(['{"name": "a", "count": null, "note": null}']);
      expect(await structured(model, schema)('…')).toEqual({ name: 'a', count: 3 });
      expect(model.requests[0]?.output).toMatchObject({ schema: { required: ['name', 'count', 'note'] } });
    }
  });
});
