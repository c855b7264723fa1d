import * as v from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { createRun, inspect, type RunEvent, type Step, stream, system, user, withJsonSchema } from '../core/index.js';
import type { ChatInput } from '../model/index.js';
import { scripted } from '../testing/index.js';
import { partialValues, structured } from './index.js';

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
    const model = scripted(['Sure: ```json\n{"item": "Ham", "eur": 3}\n```'], { features: { jsonSchema: false } });
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
    for await (const value of partialValues(watched)) drafts.push(structuredClone(value));
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
