import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromJson, toJson } from './index.js';

const roundTrip = (value: unknown): unknown => fromJson(JSON.parse(JSON.stringify(toJson(value, { isExact: true }))));

describe('toJson and fromJson', () => {
  it('give back every kind of plain data, whatever its bytes', () => {
    const plain = fc.object({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: false,
    });
    fc.assert(
      fc.property(plain, (value) => {
        const json = JSON.stringify(toJson(value));
        expect(JSON.stringify(toJson(fromJson(JSON.parse(json))))).toBe(json);
      }),
    );
    const vectors = { a: new Float32Array([1.5, -0.1]), b: new Float64Array([Math.PI]), c: new Uint16Array([7]) };
    expect(roundTrip(vectors)).toEqual(vectors);
    expect(roundTrip(new URL('https://example.com/a?b'))).toEqual(new URL('https://example.com/a?b'));
    expect(roundTrip([Number.NaN, undefined, 1n])).toEqual([Number.NaN, undefined, 1n]);
  });

  it('gives equal JSON for equal values, whatever the order of their fields', () => {
    const texts = [
      { a: 1, b: { c: 2, d: 3 } },
      { b: { d: 3, c: 2 }, a: 1, e: undefined },
    ].map((value) => JSON.stringify(toJson(value)));
    expect(texts[0]).toBe(texts[1]);
  });

  it('reads a vector that lies inside a larger buffer', () => {
    expect(roundTrip(new Float32Array([1, 2, 3, 4]).subarray(1, 3))).toEqual(new Float32Array([2, 3]));
  });

  it('keeps an object that looks like a mark, and `__proto__`, as plain data', () => {
    const value = JSON.parse('{"$type":"Date","value":1,"__proto__":{"polluted":true}}');
    expect(JSON.stringify(roundTrip(value))).toBe('{"$type":"Date","__proto__":{"polluted":true},"value":1}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('leaves functions out, or refuses them and instances when the form must be exact', () => {
    expect(toJson({ a: 1, f: () => 1 })).toEqual({ a: 1 });
    class Point {
      readonly x = 1;
    }
    for (const value of [() => 1, { f: () => 1 }, [Symbol('s')], new Point(), { at: new Error('x') }]) {
      expect(() => toJson(value, { isExact: true })).toThrow(expect.objectContaining({ code: 'bad-input' }));
    }
  });

  it('refuses a value inside itself', () => {
    const value: Record<string, unknown> = {};
    value.self = value;
    expect(() => toJson(value)).toThrow(/deeper/);
  });

  it('Q30 hides secrets only when asked, because a cache must give back what it was given', () => {
    const value = { headers: { authorization: 'Bearer abcdefgh12345' }, text: 'key sk-abcdefghijklmnop' };
    expect(toJson(value)).toEqual(value);
    expect(JSON.stringify(toJson(value, { hidesSecrets: true }))).not.toMatch(/abcdefgh/);
  });
});
