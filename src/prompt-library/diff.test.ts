import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { user } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { diffText, promptLibrary, type TextDiff } from './index.js';

const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));
const side = ({ lines }: TextDiff, left: 'added' | 'removed') =>
  lines.filter(({ type }) => type !== left).map(({ text }) => text);

describe('diffText', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 }).map((lines) => lines.join('\n'));

  it('holds both texts, and words hold both lines', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = diffText(before, after);
        expect(side(diff, 'added')).toEqual(linesOf(before));
        expect(side(diff, 'removed')).toEqual(linesOf(after));
        for (const { words, text: whole } of diff.lines) {
          if (words !== undefined) expect(words.map((word) => word.text).join('')).toBe(whole);
        }
      }),
    );
  });

  /** The longest common subsequence, by the table that everybody knows. */
  const longest = (a: readonly string[], b: readonly string[]): number => {
    const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
    const at = (x: number, y: number): number => table[x]?.[y] ?? 0;
    for (let x = 1; x <= a.length; x++) {
      for (let y = 1; y <= b.length; y++) {
        (table[x] as number[])[y] = a[x - 1] === b[y - 1] ? at(x - 1, y - 1) + 1 : Math.max(at(x - 1, y), at(x, y - 1));
      }
    }
    return at(a.length, b.length);
  };

  it('changes as little as can be', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const kept = diffText(`${before}\n`, `${after}\n`).lines.filter(({ type }) => type === 'same');
        expect(kept).toHaveLength(
          longest(`${before}\n`.split('\n').slice(0, -1), `${after}\n`.split('\n').slice(0, -1)),
        );
      }),
    );
  });

  it('prints the unified form, with context and missing ends of lines', () => {
    const before = ['1', '2', '3', '4', '5', '6', '7', '8', '9'].join('\n');
    expect(diffText(`${before}\n`, `${before.replace('5', 'five')}\n`).unified).toBe(
      '@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n',
    );
    expect(diffText('a', 'a\n').unified).toBe('@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n');
    expect(diffText('', 'a\n').unified).toBe('@@ -0,0 +1 @@\n+a\n');
    expect(diffText('same', 'same').unified).toBe('');
  });

  it('tells the words of a line that took the place of another', () => {
    const { lines } = diffText('Answer in one sentence.', 'Answer in two sentences.');
    expect(lines[0]?.words?.filter(({ type }) => type === 'removed').map((word) => word.text)).toEqual([
      'one',
      'sentence',
    ]);
    expect(lines[1]?.words?.filter(({ type }) => type === 'added').map((word) => word.text)).toEqual([
      'two',
      'sentences',
    ]);
  });

  it('gives up on texts that have nothing in common before it takes long', () => {
    const many = (letter: string) => Array.from({ length: 5_000 }, (_, index) => `${letter}${index}`).join('\n');
    const { lines } = diffText(many('a'), many('b'));
    expect(lines).toHaveLength(10_000);
    expect(lines[0]?.type).toBe('removed');
  });
});

describe('library.diff', () => {
  it('compares two versions, or one with the latest', async () => {
    const library = promptLibrary({ store: memoryStore() });
    await library.save('p', [user('Be kind.\nAnswer {q}')]);
    await library.save('p', [user('Be brief.\nAnswer {q}')]);
    const diff = await library.diff('p', 1);
    expect(diff.unified).toContain('-Be kind.\n+Be brief.\n Answer {q}');
    expect(await library.diff('p', 1, 2)).toEqual(diff);
    expect((await library.diff('p', 2, 2)).unified).toBe('');
  });
});
