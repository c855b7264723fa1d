import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPipewrightError } from '../core/index.js';
import { parseJson } from './index.js';

const failure = (text: string): unknown => {
  try {
    return parseJson(text);
  } catch (error) {
    return isPipewrightError(error) ? error : `not ours: ${error}`;
  }
};

describe('parseJson', () => {
  it('reads any JSON as JSON.parse does, with and without a fence and words around it', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (json) => {
        const value: unknown = JSON.parse(json);
        expect(parseJson(json)).toEqual(value);
        expect(parseJson(`\n\`\`\`json\n${json}\n\`\`\`\n`)).toEqual(value);
        if (typeof value === 'object' && value !== null) {
          expect(parseJson(`Here you are:\n\`\`\`json\n${json}\n\`\`\`\nAnything else?`)).toEqual(value);
        }
      }),
    );
  });

  it.each([
    ['a comma too many', '{"a": [1, 2,], "b": {},}', { a: [1, 2], b: {} }],
    ['single quotes', "{'a': 'it\\'s', 'b': '\"q\"'}", { a: "it's", b: '"q"' }],
    ['curly quotes', '{“a”: “b”}', { a: 'b' }],
    ['keys without quotes', '{a: 1, b_2: {c-d: null}}', { a: 1, b_2: { 'c-d': null } }],
    ['comments', '{"a": 1, // one\n /* two */ "b": 2 # three\n}', { a: 1, b: 2 }],
    ['Python literals', '{"a": True, "b": False, "c": None}', { a: true, b: false, c: null }],
    ['line breaks in strings', '{"a": "one\ntwo\tthree"}', { a: 'one\ntwo\tthree' }],
    ['escapes that JSON does not know', '{"pattern": "\\d+\\u0041",}', { pattern: '\\d+A' }],
    ['a fence inside a string', '{"code": "```js\\nx\\n```",}', { code: '```js\nx\n```' }],
    ['reasoning in front', '<think>{"a": "draft, longer than the answer"}</think>{"a": 1}', { a: 1 }],
    ['a citation in front', 'As [1] says: {"a": 1} (see [2]).', { a: 1 }],
    ['brackets in the prose', 'Use [see below] or {name}: [{"a": -1.5e3}]', [{ a: -1500 }]],
  ])('overlooks %s', (_, text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  it.each([
    ['nothing', ''],
    ['prose', 'I cannot answer that.'],
    ['an object cut off', '{"a": {"b": 1}'],
    ['a string cut off', '{"a": "b'],
    ['a wrong value before a good piece', '{"a": oops, "b": {"c": 1}}'],
    ['a value missing', '{"a": {"b": 1}, "c": }'],
    ['a comma missing', '{"a": 1 "b": 2}'],
    ['quotes in a string', '{"a": "He said "hi" to me"}'],
    ['NaN', '{"a": 1, "b": NaN}'],
    ['two commas', '[1, 2,, 3]'],
  ])('refuses %s instead of guessing', (_, text) => {
    expect(failure(text)).toMatchObject({ code: 'output-invalid', details: { partialText: text } });
  });

  it('never takes a piece of something damaged for the answer', () => {
    fc.assert(
      fc.property(
        fc.object({ maxDepth: 3, maxKeys: 4 }),
        fc.double({ min: 0.2, max: 0.999, noNaN: true }),
        (value, share) => {
          const json = JSON.stringify(value);
          if (json.length < 8) return;
          const cut = json.slice(0, Math.max(2, Math.floor(json.length * share)));
          expect(failure(`Answer: ${cut}`)).toMatchObject({ code: 'output-invalid' });
        },
      ),
    );
  });

  it('quotes the place that is wrong', () => {
    expect(failure('{\n  "a": 1,\n  "b": oops\n}')).toMatchObject({
      message: expect.stringMatching(/line 3, column 8.*a value was expected.*there is "o".*"b": oops/s),
      details: { where: 'line 3, column 8' },
    });
    expect(failure('{"a": "b')).toMatchObject({ message: expect.stringContaining('the text ends') });
  });

  it('Q24 keeps `__proto__` and `constructor` as plain data', () => {
    for (const text of ['{"__proto__": {"x": 1}, "constructor": 2}', "{'__proto__': {x: 1}, constructor: 2}"]) {
      const value = parseJson(text) as object;
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
      expect((value as { x?: number }).x).toBeUndefined();
    }
  });

  it('stays linear on hostile text and refuses nesting that would exhaust the stack', () => {
    const start = performance.now();
    const hostile = ['[x '.repeat(100_000), '{a '.repeat(100_000), '[1] '.repeat(100_000), '/* '.repeat(100_000)];
    for (const text of hostile) failure(text);
    expect(String(failure(`${'['.repeat(100_000)}1,`))).toContain('500 levels');
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
