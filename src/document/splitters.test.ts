import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRun, type Document } from '../core/index.js';
import { localEmbedder } from '../model/index.js';
import {
  characterSplitter,
  codeSplitter,
  defineSplitter,
  documentSplitter,
  markdownSplitter,
  parentChildSplitter,
  recursiveSplitter,
  semanticSplitter,
  sentenceSplitter,
  type Splitter,
  tokenSplitter,
} from './index.js';

const document = (text: string, more: Partial<Document> = {}): Document => ({ id: 'doc', text, ...more });

/** Text with everything that has broken a splitter: pairs, joined emoji, separators, long words, fences, tables, code. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.constantFrom(
        ' ',
        '\n',
        '\n\n',
        '\r\n\r\n',
        '. ',
        '。',
        '\t',
        '# Head\n',
        '```\n',
        '| a | b |\n| - | - |\n',
        '- ',
        '\u3000',
      ),
      fc.constantFrom('👩‍👩‍👧', '𝒳', 'é', 'word ', 'def a():\n  ', 'function f() {\n', '}\n', 'x'.repeat(40)),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

const sizes = fc
  .record({ size: fc.integer({ min: 2, max: 80 }), overlapRatio: fc.double({ min: 0, max: 0.999, noNaN: true }) })
  .map(({ size, overlapRatio }) => ({ size, overlap: Math.floor(size * overlapRatio) }));

const isLow = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff;
const isHigh = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;
const cutsPair = (text: string, at: number): boolean =>
  at > 0 && at < text.length && isLow(text.charCodeAt(at)) && isHigh(text.charCodeAt(at - 1));

const expectGoodPieces = (
  text: string,
  pieces: readonly Document[],
  isSmall: (text: string) => boolean,
  parentId = 'doc',
): void => {
  const isCovered = new Uint8Array(text.length);
  let before = { start: -1, end: -1 };
  for (const [index, piece] of pieces.entries()) {
    const { start = -1, end = -1 } = piece.place ?? {};
    expect(piece.id).toBe(`${parentId}#${index}`);
    expect(piece.place?.parentId).toBe(parentId);
    expect(text.slice(start, end)).toBe(piece.text);
    expect(piece.text.trim()).not.toBe('');
    expect(isSmall(piece.text)).toBe(true);
    expect(start).toBeGreaterThan(before.start);
    expect(end).toBeGreaterThan(before.end);
    expect(cutsPair(text, start) || cutsPair(text, end)).toBe(false);
    isCovered.fill(1, start, end);
    before = { start, end };
  }
  for (let at = 0; at < text.length; at++) {
    if (isCovered[at] === 0 && !/\s/.test(text.charAt(at))) throw new Error(`Character ${at} is in no piece.`);
  }
};

describe('every splitter', () => {
  const bySize: Readonly<Record<string, (size: number, overlap: number) => Splitter>> = {
    recursive: (maxChars, overlapChars) => recursiveSplitter({ maxChars, overlapChars }),
    'recursive with own separators': (maxChars, overlapChars) =>
      recursiveSplitter({ maxChars, overlapChars, separators: ['', 'e', '-'] }),
    character: (maxChars, overlapChars) => characterSplitter({ maxChars, overlapChars }),
    sentence: (maxChars, overlapChars) => sentenceSplitter({ maxChars, overlapChars }),
    markdown: (maxChars) => markdownSplitter({ maxChars }),
    code: (maxChars) => codeSplitter({ maxChars, language: 'python' }),
    document: (maxChars, overlapChars) => documentSplitter({ maxChars, overlapChars }),
    semantic: (maxChars, overlap) =>
      semanticSplitter(localEmbedder({ dimensions: 16 }), {
        maxChars,
        minChars: Math.floor(maxChars / 4),
        windowSentences: 1 + (overlap % 3),
        method: (['percentile', 'standard-deviation', 'gradient'] as const)[overlap % 3] ?? 'percentile',
      }),
  };
  for (const [name, make] of Object.entries(bySize)) {
    it(`Q22 ends, keeps its size, gives exact offsets and loses nothing: ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(anyText, sizes, async (text, { size, overlap }) => {
          const pieces = await make(size, overlap)(document(text));
          expectGoodPieces(text, pieces, (piece) => piece.length <= size);
        }),
        { numRuns: 300 },
      );
    });
  }

  it('Q22 ends, keeps its size, gives exact offsets and loses nothing: token', async () => {
    // Like a tokenizer: words with the space before them, long ones in parts, white space by itself.
    const countTokens = (text: string): number => text.match(/ ?[^\s]{1,4}|\s+/gu)?.length ?? 0;
    await fc.assert(
      fc.asyncProperty(anyText, sizes, async (text, { size, overlap }) => {
        const pieces = await tokenSplitter({ countTokens, maxTokens: size, overlapTokens: overlap })(document(text));
        expectGoodPieces(text, pieces, (piece) => countTokens(piece) <= size);
      }),
      { numRuns: 300 },
    );
  });

  it('Q22 ends, keeps its size, gives exact offsets and loses nothing: parent and child', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, sizes, fc.integer({ min: 2, max: 30 }), async (text, { size, overlap }, childSize) => {
        const { parents, children } = await parentChildSplitter({
          parents: recursiveSplitter({ maxChars: size, overlapChars: overlap }),
          children: recursiveSplitter({ maxChars: childSize, overlapChars: 0 }),
        })(document(text));
        expectGoodPieces(text, parents, (piece) => piece.length <= size);
        for (const parent of parents) {
          const own = children.filter(({ place }) => place?.parentId === parent.id);
          expectGoodPieces(parent.text, own, (piece) => piece.length <= childSize, parent.id);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('Q22 refuses an overlap that is not below the size, and a size that cannot hold a character', () => {
    for (const make of [recursiveSplitter, characterSplitter, sentenceSplitter, documentSplitter]) {
      expect(() => make({ maxChars: 10, overlapChars: 10 })).toThrow(
        /`overlapChars` must be a whole number from 0 to 9/,
      );
      expect(() => make({ maxChars: 10, overlapChars: -1 })).toThrow(/overlapChars/);
      expect(() => make({ maxChars: 1, overlapChars: 0 })).toThrow(/`maxChars` must be a whole number of at least 2/);
      expect(() => make({ maxChars: Number.NaN, overlapChars: 0 })).toThrow(/maxChars/);
    }
    expect(() => tokenSplitter({ countTokens: () => 1, maxTokens: 5, overlapTokens: 5 })).toThrow(/overlapTokens/);
  });

  it('takes several documents and keeps what is known of each', async () => {
    const pieces = await recursiveSplitter({ maxChars: 10, overlapChars: 0 })([
      { id: 'a', text: 'One two three', title: 'A', source: 'a.pdf', place: { page: 3 }, metadata: { format: 'pdf' } },
      { id: 'b', text: '' },
    ]);
    expect(pieces).toEqual([
      {
        id: 'a#0',
        text: 'One two',
        title: 'A',
        source: 'a.pdf',
        metadata: { format: 'pdf' },
        place: { parentId: 'a', start: 0, end: 7, page: 3 },
      },
      {
        id: 'a#1',
        text: 'three',
        title: 'A',
        source: 'a.pdf',
        metadata: { format: 'pdf' },
        place: { parentId: 'a', start: 8, end: 13, page: 3 },
      },
    ]);
  });

  it('gives the lines in the file where the document stands there letter by letter', async () => {
    const text = 'one\ntwo three\n\nfour\nfive\n';
    const pieces = await recursiveSplitter({ maxChars: 14, overlapChars: 5 })(
      document(text, { place: { startLine: 4, endLine: 8 } }),
    );
    const lines = ['', '', '', '', ...text.split('\n')];
    for (const piece of pieces) {
      const { startLine = 0, endLine = 0 } = piece.place ?? {};
      expect(lines.slice(startLine, endLine + 1).join('\n')).toContain(piece.text);
      expect(lines[startLine]).toContain(piece.text.split('\n')[0]);
      expect(lines[endLine]).toContain(piece.text.split('\n').at(-1));
    }
    expect(pieces.map((piece) => piece.place?.startLine)).toEqual([4, 5, 7]);
  });

  it('stops when the run is cancelled and lets other work have its turn', async () => {
    const controller = new AbortController();
    let turns = 0;
    const timer = setInterval(() => {
      turns++;
      if (turns === 2) controller.abort(new Error('enough'));
    }, 1);
    const work = recursiveSplitter({ maxChars: 20, overlapChars: 0 })(
      document('word '.repeat(2_000_000)),
      createRun({ signal: controller.signal }),
    );
    await expect(work).rejects.toThrow('enough');
    clearInterval(timer);
  });

  it('can be made from a function that finds spans', async () => {
    const halves = defineSplitter('halves', async function* ({ text }) {
      yield { start: 0, end: text.length / 2, headings: ['First'] };
      yield { start: text.length / 2, end: text.length };
    });
    const pieces = await halves(document('abcd', { place: { headings: ['Book'] } }));
    expect(pieces.map((piece) => [piece.text, piece.place?.headings])).toEqual([
      ['ab', ['Book', 'First']],
      ['cd', ['Book']],
    ]);
  });
});
