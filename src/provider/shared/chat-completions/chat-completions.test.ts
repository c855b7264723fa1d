import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isStrictSchema } from './index.js';
import { opaqueOf, ownOpaque } from './opaque.js';
import { taggedText, type TextPiece } from './tagged-text.js';

const joined = (pieces: readonly TextPiece[], type: TextPiece['type']): string =>
  pieces.map((piece) => (piece.type === type ? piece.text : '')).join('');

describe('taggedText', () => {
  const read = (texts: readonly string[]): readonly string[] => {
    const tagged = taggedText('think');
    const pieces = [...texts.flatMap((text) => tagged.take(text)), ...tagged.end()];
    return [joined(pieces, 'reasoning-delta'), joined(pieces, 'text-delta')];
  };

  it('tells reasoning from text', () => {
    expect(read(['<think>A</think>B'])).toEqual(['A', 'B']);
    expect(read([' \n<think>\nA < B\n</think>\n\nC '])).toEqual(['A < B\n', 'C ']);
    expect(read(['<think></think>B'])).toEqual(['', 'B']);
    expect(read(['<think>never closed </thin'])).toEqual(['never closed </thin', '']);
    expect(read(['  A <think>B</think>'])).toEqual(['', '  A <think>B</think>']);
    expect(read(['<thin'])).toEqual(['', '<thin']);
    expect(read([])).toEqual(['', '']);
  });

  it('tells the same wherever the text is cut, and loses nothing of a text without the tag', () => {
    const word = fc.constantFrom('<think>', '</think>', '<', 'th', ' ', '\n', 'a', '>');
    const size = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), fc.infiniteStream(size), (words, sizes) => {
        const whole = words.join('');
        const pieces: string[] = [];
        for (let rest = whole; rest !== ''; rest = rest.slice(pieces.at(-1)?.length)) {
          pieces.push(rest.slice(0, sizes.next().value));
        }
        expect(read(pieces)).toEqual(read([whole]));
        if (!whole.trimStart().startsWith('<think>')) expect(read(pieces)).toEqual(['', whole]);
      }),
    );
  });
});

describe('opaqueOf', () => {
  it('comes back to its provider only, and reads the same in any order', () => {
    const opaque = opaqueOf('openrouter', { b: [{ d: 1, c: 2 }], a: 'x' });
    expect(opaque).toBe(opaqueOf('openrouter', { a: 'x', b: [{ c: 2, d: 1 }] }));
    expect(ownOpaque('openrouter', opaque)).toEqual({ a: 'x', b: [{ c: 2, d: 1 }] });
    expect(ownOpaque('google', opaque)).toBeUndefined();
    expect(ownOpaque('openrouter', undefined)).toBeUndefined();
  });
});

describe('isStrictSchema', () => {
  it('is true where every object is closed and requires all it has', () => {
    const closed = {
      type: 'object',
      properties: { a: { type: 'string' } },
      required: ['a'],
      additionalProperties: false,
    };
    expect(isStrictSchema(closed)).toBe(true);
    expect(isStrictSchema({ ...closed, properties: { a: closed }, $defs: { x: closed } })).toBe(true);
    expect(isStrictSchema({ ...closed, required: [] })).toBe(false);
    expect(isStrictSchema({ ...closed, additionalProperties: true })).toBe(false);
    expect(isStrictSchema({ ...closed, properties: { a: { anyOf: [{ type: 'object' }] } } })).toBe(false);
    expect(isStrictSchema({ type: 'array', items: { type: 'object', properties: { constructor: {} } } })).toBe(false);
  });
});
