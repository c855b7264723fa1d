import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inspect, isPipewrightError, pipe } from '../core/index.js';
import { scripted } from '../testing/index.js';
import { literal, prompt } from './index.js';

const failure = (call: () => unknown): unknown => {
  try {
    return call();
  } catch (error) {
    return isPipewrightError(error) ? error : `not ours: ${error}`;
  }
};

const name = fc.constantFrom('a', 'b', 'long_name', '_x1', 'constructor', 'toString');
const braces = fc.string({ unit: fc.constantFrom('{', '}', 'a', '{a}', '{{', ' ', '$&') });

describe('prompt', () => {
  it('puts values in, as text, as often as their name stands there', () => {
    const p = prompt('{who} is {age}, {who}! {ok}');
    expect(p.format({ who: 'Ann', age: 7, ok: true })).toBe('Ann is 7, Ann! true');
    expect(p.variables).toEqual(['who', 'age', 'ok']);
  });

  it('is a step, alone and before a model', async () => {
    expect(await prompt('Name a {thing}')({ thing: 'bird' })).toBe('Name a bird');
    const model = scripted(['Wren']);
    expect((await pipe(prompt('Name a {thing}'), model)({ thing: 'bird' })).text).toBe('Wren');
    expect(model.requests[0]?.messages).toEqual([{ role: 'user', content: 'Name a bird' }]);
    expect(inspect(prompt('{a} {b}'))).toMatchObject({ kind: 'prompt', details: { variables: 'a, b' } });
  });

  it('never expands a value again, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(braces, name)), fc.dictionary(name, braces), braces, (pieces, given, end) => {
        const template = pieces.map(([text, variable]) => `${literal(text)}{${variable}}`).join('') + literal(end);
        const names = new Set(pieces.map(([, variable]) => variable));
        const values: Record<string, string> = Object.fromEntries(
          [...names].map((variable) => [variable, Object.hasOwn(given, variable) ? String(given[variable]) : '{a}{{']),
        );
        const expected = pieces.map(([text, variable]) => text + values[variable]).join('') + end;
        const p = prompt(template);
        expect(p.format(values)).toBe(expected);
        expect(prompt(p.template).format(values)).toBe(expected);
        // In two steps it comes to the same.
        const [first, ...rest] = names;
        if (first !== undefined) {
          const later = Object.fromEntries(rest.map((variable) => [variable, String(values[variable])]));
          expect(p.partial({ [first]: values[first] ?? '' }).format(later)).toBe(expected);
        }
        expect(
          prompt('')
            .concat(template)
            .concat(prompt(literal(end)))
            .format(values),
        ).toBe(expected + end);
      }),
    );
  });

  it('takes doubled braces as braces', () => {
    expect(prompt('{{"a": {a}}} {{}} {{{a}}}').format({ a: 1 })).toBe('{"a": 1} {} {1}');
    expect(prompt(literal('{"a": {x}}')).format({})).toBe('{"a": {x}}');
  });

  it.each(['{', '}', '{a', 'a}', '{a b}', '{1a}', '{"a": 1}', '{{a}', '{a}}', '{}'])(
    'refuses the single brace in %s',
    (template) => {
      expect(failure(() => prompt(template))).toMatchObject({
        code: 'bad-input',
        message: expect.stringMatching(/single `[{}]` at character \d+/),
      });
    },
  );

  it('names the variable that is missing or extra', () => {
    const p = prompt('To {language}: {text}');
    const format = p.format as (values: object) => string;
    expect(failure(() => format({ text: 'Hi' }))).toMatchObject({
      code: 'variable-missing',
      message: 'The prompt needs the variable `language`. It was given: text.',
      details: { where: 'language' },
    });
    expect(failure(() => format({ text: undefined, language: null }))).toMatchObject({ code: 'variable-missing' });
    expect(failure(() => format({ text: '', language: 'German', tone: 'warm' }))).toMatchObject({
      code: 'variable-extra',
      message: 'The prompt has no variable `tone`. It has: language, text.',
      details: { where: 'tone' },
    });
    expect(failure(() => format({ text: { a: 1 }, language: 'x' }))).toMatchObject({ code: 'bad-input' });
    expect(failure(() => (p.partial as (values: object) => unknown)({ tone: 1 }))).toMatchObject({
      code: 'variable-extra',
    });
    expect(failure(() => (p.partial as (values: object) => unknown)({ text: null }))).toMatchObject({
      code: 'variable-missing',
    });
  });

  it('rejects as a step instead of throwing', async () => {
    const call = (prompt('{a}') as (values: object) => Promise<string>)({});
    await expect(call).rejects.toMatchObject({ code: 'variable-missing' });
  });

  it('does not take what every object has for a value', () => {
    const format = prompt('{constructor} {toString}').format as (values: object) => string;
    expect(failure(() => format({}))).toMatchObject({ code: 'variable-missing', details: { where: 'constructor' } });
    expect(format({ constructor: 'a', toString: 'b' })).toBe('a b');
  });

  it('goes from template to prompt and back without loss', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            braces.map(literal),
            name.map((variable) => `{${variable}}`),
          ),
        ),
        (pieces) => {
          const template = pieces.join('');
          expect(prompt(template).template).toBe(template);
          expect(prompt(prompt(template).template).variables).toEqual(prompt(template).variables);
        },
      ),
    );
  });

  it('Q21 renders the same bytes whatever the order of the values', () => {
    const p = prompt('{a}, then {b}, then {c}. ');
    const values = Object.entries({ a: 'x'.repeat(100), b: 2, c: true });
    const bytes = p.format(Object.fromEntries(values) as never);
    for (let turn = 1; turn < values.length; turn++) {
      expect(p.format(Object.fromEntries([...values.slice(turn), ...values.slice(0, turn)]) as never)).toBe(bytes);
    }
  });

  it('takes no value from a prototype, and minds none that is extra there', () => {
    const format = prompt('{a}').format as (values: object) => string;
    expect(failure(() => format(Object.create({ a: 'x' })))).toMatchObject({ code: 'variable-missing' });
    expect(format(Object.assign(Object.create({ b: 'x' }), { a: 'own' }))).toBe('own');
  });
});
