import { describe, expect, it } from 'vitest';
import type { Document } from '../core/index.js';
import {
  codeSplitter,
  markdownSplitter,
  recursiveSplitter,
  sentenceSplitter,
  splitDocument,
  type Splitter,
  tokenSplitter,
} from './index.js';

const document = (text: string, more: Partial<Document> = {}): Document => ({ id: 'doc', text, ...more });
const texts = async (splitter: Splitter, text: string): Promise<readonly string[]> =>
  (await splitter(document(text))).map((piece) => piece.text);

describe('recursiveSplitter', () => {
  it('cuts at paragraphs first, then lines, sentences and words', async () => {
    const split = (maxChars: number, text: string): Promise<readonly string[]> =>
      texts(recursiveSplitter({ maxChars, overlapChars: 0 }), text);
    expect(await split(20, 'First one.\n\nSecond\nline. Third.')).toEqual(['First one.', 'Second\nline. Third.']);
    expect(await split(14, 'One line\nother line')).toEqual(['One line', 'other line']);
    expect(await split(16, 'One is. Two is it.')).toEqual(['One is.', 'Two is it.']);
    expect(await split(6, 'one two')).toEqual(['one', 'two']);
    expect(await split(4, 'abcdefghij')).toEqual(['abcd', 'efgh', 'ij']);
  });

  it('does not leave a heading or a first short line alone', async () => {
    const pieces = await texts(
      recursiveSplitter({ maxChars: 40, overlapChars: 0 }),
      'Title\n\nThis paragraph is much longer than the size allows it.',
    );
    expect(pieces[0]).toMatch(/^Title\n\nThis paragraph/);
  });

  it('repeats the end of a piece at the beginning of the next, from a word on', async () => {
    const [first, second] = await texts(
      recursiveSplitter({ maxChars: 30, overlapChars: 12 }),
      'alpha beta gamma delta epsilon zeta eta theta',
    );
    expect(first).toBe('alpha beta gamma delta');
    expect(second).toBe('delta epsilon zeta eta theta');
  });

  it('takes time in proportion to the text', async () => {
    const splitter = recursiveSplitter();
    const time = async (text: string): Promise<number> => {
      const start = performance.now();
      await splitter(document(text));
      return performance.now() - start;
    };
    const unbroken = 'x'.repeat(4_000_000);
    await time(unbroken);
    expect(await time(unbroken)).toBeLessThan(1_500);
    expect(await time('\n'.repeat(4_000_000))).toBeLessThan(1_500);
  });
});

describe('tokenSplitter', () => {
  it('counts each stretch of text once', async () => {
    const text = 'A sentence about nothing in particular. '.repeat(5_000);
    let counted = 0;
    const countTokens = (part: string): number => {
      counted += part.length;
      return Math.ceil(part.length / 4);
    };
    const pieces = await tokenSplitter({ countTokens })(document(text));
    expect(counted).toBeLessThanOrEqual(text.length);
    expect(pieces.every((piece) => piece.text.length / 4 <= 256)).toBe(true);
    expect(pieces.length).toBeLessThan((text.length / 4 / (256 - 32)) * 1.15);
  });

  it('says so when one character is more than a piece may hold', async () => {
    const countTokens = (text: string): number => Buffer.byteLength(text);
    const work = tokenSplitter({ countTokens, maxTokens: 3, overlapTokens: 0 })(document('ab 😀'));
    await expect(work).rejects.toThrow('`maxTokens` is 3, but the character at 3 alone has 4 tokens');
  });

  it('puts a word before endless white space into a piece of its own', async () => {
    const countTokens = (text: string): number => text.length;
    const pieces = await tokenSplitter({ countTokens, maxTokens: 4, overlapTokens: 0 })(
      document(`a${' '.repeat(50)}b`),
    );
    expect(pieces.map((piece) => piece.text)).toEqual(['a', 'b']);
  });
});

describe('sentenceSplitter', () => {
  it('keeps sentences whole and repeats whole ones', async () => {
    const text = 'Dr. No left. He was angry! Was he? Nobody knows. The end came soon.';
    expect(await texts(sentenceSplitter({ maxChars: 30, overlapChars: 0 }), text)).toEqual([
      'Dr. No left. He was angry!',
      'Was he? Nobody knows.',
      'The end came soon.',
    ]);
    expect(await texts(sentenceSplitter({ maxChars: 36, overlapChars: 14 }), text)).toEqual([
      'Dr. No left. He was angry! Was he?',
      'Was he? Nobody knows.',
      'Nobody knows. The end came soon.',
    ]);
  });
});

describe('markdownSplitter', () => {
  const guide = [
    '# Guide',
    '',
    'Intro.',
    '',
    '## Install',
    '',
    '```sh',
    'npm i',
    '',
    '# not a heading',
    '```',
    '',
    '## Use ##',
    '',
    '| a | b |',
    '| - | - |',
    '| 1 | 2 |',
    '',
    'Setext',
    '------',
    'Text.',
  ].join('\n');

  it('cuts by headings and gives the path of each piece', async () => {
    const pieces = await markdownSplitter()(document(guide, { place: { startLine: 1, endLine: 21 } }));
    expect(pieces.map((piece) => [piece.place?.headings, piece.place?.startLine, piece.place?.endLine])).toEqual([
      [['Guide'], 1, 3],
      [['Guide', 'Install'], 5, 11],
      [['Guide', 'Use'], 13, 17],
      [['Guide', 'Setext'], 19, 21],
    ]);
    expect(pieces[1]?.text).toBe('## Install\n\n```sh\nnpm i\n\n# not a heading\n```');
  });

  it('keeps a heading with what follows it, also under further headings', async () => {
    expect(await texts(markdownSplitter(), '# A\n\n## B\n\n### C\n\nbody\n\n## D')).toEqual([
      '# A\n\n## B\n\n### C\n\nbody',
      '## D',
    ]);
    const pieces = await texts(markdownSplitter({ maxChars: 40 }), `# Heading\n\n${'Some words here. '.repeat(6)}`);
    expect(pieces[0]).toMatch(/^# Heading\n\nSome words/);
  });

  it('never cuts a fence or a table that fits, and cuts longer ones between lines', async () => {
    const fence = `\`\`\`js\n${'line();\n\n'.repeat(4)}\`\`\``;
    const table = '| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |';
    const pieces = await texts(
      markdownSplitter({ maxChars: 60 }),
      `Intro text here.\n\n${fence}\n\nMore text.\n\n${table}\n\nEnd.`,
    );
    expect(pieces.some((piece) => piece.includes(fence))).toBe(true);
    expect(pieces.some((piece) => piece.includes(table))).toBe(true);

    const tight = `\`\`\`\n${'a'.repeat(50)}\n\`\`\``;
    expect(await texts(markdownSplitter({ maxChars: 60 }), `# Heading\n\n${tight}`)).toEqual(['# Heading', tight]);

    const rows = Array.from({ length: 9 }, (_, row) => `| row ${row} | value |`);
    const cut = await texts(
      markdownSplitter({ maxChars: 60 }),
      ['| name | value |', '| --- | --- |', ...rows].join('\n'),
    );
    expect(cut.length).toBeGreaterThan(1);
    expect(cut.join('\n').split('\n')).toEqual(['| name | value |', '| --- | --- |', ...rows]);
  });

  it('reads a fence that is never closed, an underline under a list and a rule as what they are', async () => {
    expect(await texts(markdownSplitter(), '~~~\n# code\n')).toEqual(['~~~\n# code']);
    const pieces = await markdownSplitter()(document('- item\n---\n\ntext\n\n---\n\n```inline``` code\n# Real'));
    expect(pieces.map((piece) => piece.place?.headings)).toEqual([undefined, ['Real']]);
  });

  it('cuts a line of code that is too long alone', async () => {
    const pieces = await texts(markdownSplitter({ maxChars: 20 }), `\`\`\`\nshort\n${'abc '.repeat(12)}\nlast\n\`\`\``);
    expect(pieces.every((piece) => piece.length <= 20)).toBe(true);
    expect(pieces.at(-1)).toBe('last\n```');
  });
});

describe('codeSplitter', () => {
  const python = [
    'import os',
    '',
    '# Comment of a.',
    'def a():',
    '    return 1',
    '@decorated',
    'def b():',
    '    x = 1',
    '',
    '    return x',
    '',
    'class C:',
    '    def m(self):',
    '        return 2',
  ].join('\n');

  it('cuts before declarations and takes comments and decorators along', async () => {
    expect(await texts(codeSplitter({ maxChars: 62, language: 'python' }), python)).toEqual([
      'import os\n\n# Comment of a.\ndef a():\n    return 1',
      '@decorated\ndef b():\n    x = 1\n\n    return x',
      'class C:\n    def m(self):\n        return 2',
    ]);
  });

  it('cuts a long class before its methods and keeps their indentation', async () => {
    const methods = ['one', 'two', 'three'].map(
      (name) => `  ${name}(): number {\n    const value = 1;\n    return value;\n  }`,
    );
    const pieces = await texts(
      codeSplitter({ maxChars: 110, language: 'typescript' }),
      `export class Big {\n${methods.join('\n')}\n}`,
    );
    expect(pieces.length).toBe(3);
    expect(pieces[1]).toMatch(/^ {2}two\(\): number/);
    expect(pieces[2]).toMatch(/^ {2}three/);
  });

  it('knows the declarations of the common languages', async () => {
    const samples: Readonly<Record<string, readonly [string, string]>> = {
      typescript: ['const a = 1;', 'export async function b() {\n}'],
      javascript: ['let a = 1', 'const b = async (x) => {\n}'],
      go: ['var a = 1', 'func b() {\n}'],
      rust: ['use a::b;', 'pub(crate) async fn b() {\n}'],
      java: ['import a.b;', 'public final class B {\n}'],
      csharp: ['using A;', 'public static int B(int c) {\n}'],
      ruby: ['require "a"', 'def b\nend'],
      php: ['use A;', 'function b() {\n}'],
      shell: ['a=1', 'b() {\n}'],
      sql: ['-- note', 'create table b (c int);'].reverse() as [string, string],
    };
    for (const [language, [first, second]] of Object.entries(samples)) {
      const maxChars = Math.max(first.length, second.length) + 3;
      expect([language, await texts(codeSplitter({ maxChars, language }), `${first}\n${second}`)]).toEqual([
        language,
        [first, second],
      ]);
    }
  });

  it('cuts a minified line at its statements', async () => {
    const pieces = await texts(codeSplitter({ maxChars: 30 }), 'a=1;'.repeat(50));
    expect(pieces.every((piece) => piece.length <= 30 && piece.endsWith(';'))).toBe(true);
  });

  it('refuses a language that it does not know', () => {
    expect(() => codeSplitter({ language: 'klingon' })).toThrow(/`language` is "klingon"; known are typescript/);
  });
});

describe('splitDocument', () => {
  it('picks the splitter by the format of the document', async () => {
    const pieces = await splitDocument([
      document('# A\none\n# B\ntwo', { metadata: { format: 'docx' } }),
      document('def a():\n  pass', { id: 'code', metadata: { format: 'code', language: 'python' } }),
      document('# A\none\n# B\ntwo', { id: 'plain' }),
    ]);
    expect(pieces.map((piece) => piece.id)).toEqual(['doc#0', 'doc#1', 'code#0', 'plain#0']);
  });
});
