import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Run, stream } from '../core/index.js';
import { partialJson, partialValues } from './index.js';

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

describe('partialValues', () => {
  it('follows the text of a step and begins anew after a retraction', async () => {
    const events = stream((_: string, run: Run) => {
      const draft = run.child('draft');
      draft.emit({ type: 'text-delta', text: '{"a": 1, "b": "x' });
      draft.emit({ type: 'retract', reason: 'wrong' });
      run.emit({ type: 'text-delta', text: '{"c": ' });
      run.emit({ type: 'text-delta', text: '2}' });
      return 'done';
    }, '');
    const seen: unknown[] = [];
    for await (const value of partialValues(events)) seen.push(structuredClone(value));
    expect(seen).toEqual([{ a: 1, b: 'x' }, {}, { c: 2 }]);
  });
});
