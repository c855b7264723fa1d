import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { type Run, sleep, stream, toJsonSchema } from '../core/index.js';
import { partialJson, partials, strictSchema } from './index.js';

/** Whether `later` is `earlier` with more in it. */
const hasGrown = (earlier: unknown, later: unknown): boolean => {
  if (earlier === undefined) return true;
  if (typeof earlier === 'string') return typeof later === 'string' && later.startsWith(earlier);
  if (typeof earlier !== 'object' || earlier === null) return Object.is(earlier, later);
  if (typeof later !== 'object' || later === null || Array.isArray(earlier) !== Array.isArray(later)) return false;
  return Object.entries(earlier).every(
    ([key, value]) => Object.hasOwn(later, key) && hasGrown(value, (later as Record<string, unknown>)[key]),
  );
};

/** The view after each prefix. */
const views = (json: string, onlyComplete: boolean): readonly unknown[] => {
  const parser = partialJson({ onlyComplete });
  const seen: unknown[] = [];
  // By UTF-16 unit, so that surrogate pairs and escapes are cut everywhere.
  for (const unit of json.split('')) {
    parser.push(unit);
    seen.push(structuredClone(parser.value));
  }
  parser.finish();
  seen.push(structuredClone(parser.value));
  expect(parser.state).toBe('complete');
  return seen;
};

const document = fc
  .tuple(fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }), fc.constantFrom(undefined, 2), fc.boolean())
  .map(([value, indent, isEscaped]) => {
    const json = JSON.stringify(value, null, indent);
    const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    return isEscaped ? json.replace(/[\u0080-\uffff]/g, escaped) : json;
  });

/** Every scalar of a value, with the path to it. */
const scalars = (value: unknown, path = ''): readonly (readonly [string, unknown])[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => scalars(inner, `${path}/${key}`))
    : [[path, value]];

describe('partialJson', () => {
  it('Q14 never throws, only grows, never invents, and ends with the final value, for every prefix', () => {
    fc.assert(
      fc.property(document, (json) => {
        const final: unknown = JSON.parse(json);
        const seen = views(json, false);
        seen.forEach((view, index) => {
          expect(hasGrown(seen[index - 1], view)).toBe(true);
          expect(hasGrown(view, final)).toBe(true);
        });
        expect(seen.at(-1)).toEqual(final);
      }),
      { numRuns: 300 },
    );
  });

  it('Q14 in the view with complete fields only, no scalar ever changes', () => {
    fc.assert(
      fc.property(document, (json) => {
        const final = new Map(scalars(JSON.parse(json)));
        const seen = views(json, true);
        for (const view of seen) {
          for (const [path, value] of scalars(view)) if (view !== undefined) expect(final.get(path)).toEqual(value);
        }
        expect(seen.at(-1)).toEqual(JSON.parse(json));
      }),
      { numRuns: 300 },
    );
  });

  it('shows what is certain and nothing more', () => {
    const at = (text: string, onlyComplete = false): unknown => {
      const parser = partialJson({ onlyComplete });
      parser.push(text);
      return parser.value;
    };
    expect(at('{"a": "he')).toEqual({ a: 'he' });
    expect(at('{"a": "he', true)).toEqual({});
    expect(at('{"a": 12')).toEqual({});
    expect(at('{"a": 12,')).toEqual({ a: 12 });
    expect(at('{"a": tru')).toEqual({});
    expect(at('{"a": true')).toEqual({ a: true });
    expect(at('{"a": 1, "b')).toEqual({ a: 1 });
    expect(at('{"a": "\\u00e')).toEqual({ a: '' });
    expect(at('{"a": "x\\')).toEqual({ a: 'x' });
    expect(at('[[1], {"b": [')).toEqual([[1], { b: [] }]);
    expect(at('12')).toBeUndefined();
  });

  it('overlooks words and fences around the document', () => {
    const parser = partialJson();
    parser.push('Sure, no problem: ```json\n{"a": [1]}\n``` Done {"b": 2}');
    expect(parser.value).toEqual({ a: [1] });
    expect(parser.state).toBe('complete');
  });

  it('keeps what it had when the rest is no JSON', () => {
    for (const rest of ['oops}', ', }}', ']', '"\\x"', '-,', '"b" "c"}', '1 2}']) {
      const parser = partialJson();
      parser.push('{"a": 1, "b": ');
      parser.push(rest);
      parser.push(', "c": 3}');
      expect(parser.state).toBe('broken');
      expect(parser.value).toMatchObject({ a: 1 });
      expect(parser.value).not.toHaveProperty('c');
    }
  });

  it('Q24 keeps `__proto__` as plain data', () => {
    const parser = partialJson();
    parser.push('{"__proto__": {"x": 1}}');
    expect(Object.getPrototypeOf(parser.value)).toBe(Object.prototype);
    expect(Object.keys(parser.value as object)).toEqual(['__proto__']);
  });

  it('takes time in proportion to the text, in a million one-character pieces and at any depth', () => {
    const start = performance.now();
    const parser = partialJson();
    const text = `{"long": "${'x'.repeat(500_000)}", "list": [${'12,'.repeat(100_000)}1], "deep": ${'['.repeat(100_000)}`;
    for (const unit of text) parser.push(unit);
    expect(parser.state).toBe('open');
    expect(performance.now() - start).toBeLessThan(3_000);
  });
});

const nested = (): z.ZodType<unknown> =>
  z.object({
    title: z.string(),
    note: z.string().optional(),
    gap: z.string().nullable().optional(),
    counts: z.record(z.string(), z.number()).optional(),
    shapes: z.array(
      z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('circle'), radius: z.number(), note: z.string().optional() }),
        z.object({ kind: z.literal('box'), sides: z.array(z.number()), note: z.string().nullable() }),
      ]),
    ),
    either: z.union([z.object({ a: z.string().optional() }), z.object({ a: z.string().nullable(), b: z.number() })]),
  });

const text = fc.string({ maxLength: 12 });
const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });
const withoutUndefined = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const value = fc
  .record({
    title: text,
    note: optional(text),
    gap: optional(fc.option(text)),
    counts: optional(fc.dictionary(text, fc.integer(), { maxKeys: 3, noNullPrototype: true })),
    shapes: fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('circle'), radius: fc.integer(), note: optional(text) }),
        fc.record({ kind: fc.constant('box'), sides: fc.array(fc.integer(), { maxLength: 2 }), note: fc.option(text) }),
      ),
      { maxLength: 3 },
    ),
    either: fc.oneof(fc.record({ a: optional(text) }), fc.record({ a: fc.option(text), b: fc.integer() })),
  })
  .map(withoutUndefined);

/** A step that writes the pieces as text of one call, or as arguments of the answer's tool. */
const writes = (pieces: readonly string[], form: 'native' | 'prompt' | 'tool') => async (_: string, run: Run) => {
  const call = run.child('model');
  const how = {
    native: { output: { type: 'json-schema' } },
    tool: { tools: [{ name: 'answer' }] },
    prompt: {},
  }[form];
  call.emit({ type: 'step-start', kind: 'model', input: { messages: [], ...how } });
  if (form === 'tool') call.emit({ type: 'text-delta', text: 'I call {the} tool: ' });
  for (const piece of pieces) {
    if (form === 'tool') call.emit({ type: 'tool-call-delta', id: 'c1', name: 'answer', text: piece });
    else call.emit({ type: 'text-delta', text: piece });
  }
  return 'done';
};

const collect = async <T>(drafts: AsyncIterable<T>): Promise<T[]> => {
  const seen: T[] = [];
  for await (const draft of drafts) seen.push(draft);
  return seen;
};

describe('partials', () => {
  it('Q14 drafts have the form of the schema, only grow, never invent, and end with the answer, in each mode', async () => {
    const schema = nested();
    const strict = strictSchema(toJsonSchema(schema));
    const isFine = async (answer: unknown, form: 'native' | 'prompt' | 'tool', onlyComplete: boolean) => {
      const json = JSON.stringify(form === 'native' ? strict.toStrict(answer) : answer);
      const drafts = await collect(partials(stream(writes(json.split(''), form), ''), schema, { onlyComplete }));
      drafts.forEach((draft, index) => {
        expect(hasGrown(drafts[index - 1], draft)).toBe(true);
        expect(hasGrown(draft, answer)).toBe(true);
      });
      expect(drafts.at(-1)).toEqual(answer);
      if (!onlyComplete) return;
      const final = new Map(scalars(answer));
      for (const draft of drafts) for (const [path, one] of scalars(draft)) expect(final.get(path)).toEqual(one);
    };
    await fc.assert(fc.asyncProperty(value, fc.constantFrom('native', 'prompt', 'tool'), fc.boolean(), isFine), {
      numRuns: 100,
    });
  });

  it.each([
    ['native', z.array(z.string()), '{"value": ["a", "b"]}', ['a', 'b']],
    ['tool', z.array(z.string()), '{"value": ["a", "b"]}', ['a', 'b']],
    ['prompt', z.array(z.string()), '["a", "b"]', ['a', 'b']],
    ['native', z.record(z.string(), z.number()), '{"value": [{"key": "value", "value": 1}]}', { value: 1 }],
    ['tool', z.record(z.string(), z.number()), '{"value": {"value": 1}}', { value: 1 }],
    ['prompt', z.record(z.string(), z.number()), '{"value": 1}', { value: 1 }],
    ['native', z.enum(['red', 'green']), '{"value": "green"}', 'green'],
    ['tool', z.number(), '{"value": 12}', 12],
    ['prompt', z.number(), '12', 12],
    ['tool', z.object({ pair: z.tuple([z.number(), z.string()]) }), '{"pair": [1, "x"]}', { pair: [1, 'x'] }],
  ] as const)('takes a root that is no object out of its wrapping (%s)', async (form, schema, json, answer) => {
    const drafts = await collect(partials<unknown>(stream(writes(json.split(''), form), ''), schema));
    expect(drafts.at(-1)).toEqual(answer);
    for (const draft of drafts) expect(hasGrown(draft, answer)).toBe(true);
  });

  it('has drafts of the type of the schema, each an object of its own', async () => {
    const schema = z.object({ name: z.string(), tags: z.array(z.object({ id: z.number() })) });
    const events = stream(writes(['{"name": "a', 'b", "tags": [{"id": 1}]}'], 'native'), '');
    const drafts = await collect(partials(events, schema));
    expectTypeOf(drafts).toEqualTypeOf<
      { readonly name?: string; readonly tags?: readonly { readonly id?: number }[] }[]
    >();
    expect(drafts).toEqual([{ name: 'a' }, { name: 'ab', tags: [{ id: 1 }] }]);
  });

  it('begins anew after a retraction, and with a call inside another span', async () => {
    const events = stream((_: string, run: Run) => {
      const draft = run.child('draft');
      draft.emit({ type: 'text-delta', text: '{"a": 1, "b": "x' });
      draft.emit({ type: 'retract', reason: 'wrong' });
      const next = run.child('next');
      next.emit({ type: 'text-delta', text: '{"a": ' });
      next.emit({ type: 'text-delta', text: '2}' });
      run.child('other').emit({ type: 'retract', reason: 'of no concern' });
      return 'done';
    }, '');
    const schema = z.object({ a: z.number(), b: z.string() });
    expect(await collect(partials(events, schema))).toEqual([{ a: 1, b: 'x' }, {}, { a: 2 }]);
  });

  it('begins anew in the same span after a retraction', async () => {
    const step = (_: string, run: Run) => {
      run.emit({ type: 'text-delta', text: '{"a": 1, "b": "x' });
      run.emit({ type: 'retract', reason: 'wrong' });
      run.emit({ type: 'text-delta', text: '{"a": 2}' });
    };
    const drafts = await collect(partials(stream(step, ''), z.object({ a: z.number(), b: z.string().optional() })));
    expect(drafts).toEqual([{ a: 1, b: 'x' }, { a: 2 }]);
  });

  it('Q14 shows an entry of a record once its key is whole, whichever comes first', async () => {
    const json = '{"value": [{"value": 1, "key": "abc"}, {"key": "d", "value": 2}]}';
    const schema = z.record(z.string(), z.number());
    const drafts = await collect(partials(stream(writes(json.split(''), 'native'), ''), schema));
    expect(drafts).toEqual([{}, { d: 2 }, { abc: 1, d: 2 }]);
  });

  it('overlooks calls of other tools', async () => {
    const step = (_: string, run: Run) => {
      run.emit({ type: 'tool-call-delta', id: 'c0', name: 'search', text: '{"a": 9}' });
      run.emit({ type: 'tool-call-delta', id: 'c1', name: 'result', text: '{"a": 1}' });
    };
    const drafts = await collect(partials(stream(step, ''), z.object({ a: z.number() }), { name: 'result' }));
    expect(drafts).toEqual([{ a: 1 }]);
  });

  it('drafts of a long answer come less often and end with all of it', async () => {
    const items = Array.from({ length: 20_000 }, (_, id) => ({ id }));
    const json = JSON.stringify({ items });
    const pieces = json.match(/[\s\S]{1,5}/g) ?? [];
    let count = 0;
    let last: unknown;
    for await (const draft of partials(
      stream(writes(pieces, 'native'), ''),
      z.object({ items: z.array(z.unknown()) }),
    )) {
      count += 1;
      last = draft;
    }
    expect(last).toEqual({ items });
    expect(pieces.length).toBeGreaterThan(40_000);
    expect(count).toBeLessThan(1_200);
  });

  it('cancels the call when its reader leaves', async () => {
    const events = stream(writes(['{"a": 1', '}'], 'native'), '');
    for await (const _ of partials(events, z.object({ a: z.number() }))) break;
    await expect(events.result).resolves.toBe('done');
    const endless = stream(async (_: string, run: Run) => {
      run.emit({ type: 'text-delta', text: '{"a": 1, ' });
      return sleep(Number.POSITIVE_INFINITY, run);
    }, '');
    for await (const _ of partials(endless, z.object({ a: z.number() }))) break;
    await expect(endless.result).rejects.toMatchObject({ name: 'AbortError' });
  });
});
