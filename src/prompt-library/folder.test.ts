import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assistant, system, user } from '../core/index.js';
import { history, literal, sources } from '../prompt/index.js';
import { memoryStore } from '../store/index.js';
import {
  exportPrompts,
  formatPrompt,
  importPrompts,
  parsePrompt,
  type PromptContent,
  type PromptFile,
  promptLibrary,
} from './index.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pipewright-prompt-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = () => promptLibrary({ store: memoryStore() });

/** What breaks formats: fences, front matter, headings, line ends, YAML's own words, control and half characters. */
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '---',
        '\n---\n',
        '\r\n',
        '\n',
        '\r',
        '  \n',
        '\t',
        '```',
        '````text',
        '\n```\n',
        '## Version 9',
        '### user',
        '- note: x',
        ': ',
        '# ',
        '[a]',
        'null',
        'yes',
        '~',
        '"',
        "'",
        '\\',
        '\0',
        '\u001b',
        '\u2028',
        '\ufeff',
        '\ud800',
        '😀',
        '  ',
        'é',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''));
const template = nasty.map((text) => `${literal(text)}{name}`);
const content: fc.Arbitrary<PromptContent> = fc.oneof(
  template,
  nasty.map(literal),
  fc.array(
    fc.oneof(
      template.map((text) => system(text)),
      template.map((text) => assistant(text)),
      fc.constantFrom(history('turns'), sources('pass ages')),
      fc.tuple(template, fc.uint8Array({ maxLength: 5 })).map(([text, data]) =>
        user([
          { type: 'text', text },
          { type: 'image', data, mediaType: 'image/png' },
          { type: 'file', data: new URL('https://example.org/a b'), mediaType: 'application/pdf' },
        ]),
      ),
    ),
    { maxLength: 4 },
  ),
);
const line = nasty
  .map((text) =>
    text
      .slice(0, 100)
      .replaceAll(/[\p{Cc}\p{Surrogate}]/gu, '')
      .trim(),
  )
  .filter((text) => text !== '');
const file: fc.Arbitrary<PromptFile> = fc
  .record({
    name: line,
    description: nasty,
    tags: fc.array(line, { minLength: 1, maxLength: 3 }),
    versions: fc.array(
      fc.record({ content, author: nasty, note: nasty, createdMs: fc.oneof(fc.nat(), fc.constant(0.5)) }),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .map(({ versions, ...rest }) => ({
    ...rest,
    labels: { live: versions.length },
    versions: versions.map((version, index) => ({ ...version, version: index + 1 })),
  }));

describe('prompts as files', () => {
  it('come back letter by letter, whatever is in them', () => {
    fc.assert(
      fc.property(file, (prompt) => {
        expect(parsePrompt(formatPrompt(prompt))).toEqual(prompt);
      }),
      { numRuns: 400 },
    );
  });

  it('come back from a copy with other line ends', () => {
    fc.assert(
      fc.property(file, (prompt) => {
        const text = formatPrompt(prompt);
        expect(parsePrompt(text.replaceAll('\n', '\r\n'))).toEqual(prompt);
      }),
      { numRuns: 200 },
    );
  });

  it('are readable: the text stands there as it is', () => {
    const text = formatPrompt({
      name: 'refund',
      description: 'Answers: refunds',
      tags: ['support'],
      labels: { production: 1 },
      versions: [
        {
          version: 1,
          createdMs: 0,
          author: 'Ann',
          note: 'First.',
          content: [system('Be kind.'), history('turns'), user('Use ```js``` for {q}')],
        },
      ],
    });
    expect(text).toBe(
      [
        '---',
        'name: "refund"',
        'description: "Answers: refunds"',
        'tags: ["support"]',
        'labels: {"production":1}',
        '---',
        '',
        '## Version 1',
        '',
        '- created: "1970-01-01T00:00:00.000Z"',
        '- author: "Ann"',
        '- note: "First."',
        '',
        '### chat',
        '',
        '### system',
        '',
        '```text',
        'Be kind.',
        '```',
        '',
        '### history "turns"',
        '',
        '### user',
        '',
        '````text',
        'Use ```js``` for {q}',
        '````',
        '',
      ].join('\n'),
    );
  });

  it('may be written by hand', () => {
    const text =
      '---\nname: greeting\ndescription: Says hello, politely\ntags: ["a"]\n---\n## Version\n### template\n```\nHello {name}\n```';
    expect(parsePrompt(text)).toEqual({
      name: 'greeting',
      description: 'Says hello, politely',
      tags: ['a'],
      versions: [{ content: 'Hello {name}' }],
    });
  });

  it.each([
    ['', 1, 'begins with front matter'],
    ['---\nname: "x"\n', 3, '`---` at the end'],
    ['---\ndescription: "x"\n---\n', 2, '`name`'],
    ['---\nname: 4\n---\n', 2, '`name`'],
    ['---\nname: "a"\nname: "b"\n---\n', 3, 'twice'],
    ['---\nname: "a"\ntag: "b"\n---\n', 3, '`tag` is not known'],
    ['---\nname: "a"\ntags: [a, b]\n---\n', 3, 'no JSON'],
    ['---\nname: "a"\ntags: "b"\n---\n', 3, '`tags` must be'],
    ['---\nname: "a"\nlabels: {"__proto__": 1}\n---\n', 3, 'label'],
    ['---\nname: "a"\nlabels: {"live": 2}\n---\n## Version 1\n### template\n```text\nx\n```\n', 1, 'version 2'],
    ['---\nname: "a"\n---\n', 4, 'no `## Version`'],
    ['---\nname: "a"\n---\nHello\n', 4, 'Expected `## Version`'],
    ['---\nname: "a"\n---\n## Version 1\nHello\n', 5, '### template'],
    ['---\nname: "a"\n---\n## Version 1\n- created: "soon"\n', 5, '`created`'],
    ['---\nname: "a"\n---\n## Version 1\n### template\n```text\nx\n', 6, 'never closed'],
    ['---\nname: "a"\n---\n## Version 1\n### template\n```text\na {b\n```\n', 5, 'single `{`'],
    ['---\nname: "a"\n---\n## Version 1\n### template\n```json lines\n"a"\n5\n```\n', 8, 'JSON text'],
    ['---\nname: "a"\n---\n## Version 1\n### chat\n### boss\n```text\nx\n```\n', 6, '### system'],
    ['---\nname: "a"\n---\n## Version 1\n### chat\n### user\n```json parts\n[7]\n```\n', 7, 'no parts'],
    ['---\nname: "a"\n---\n## Version 1\n### chat\n### user\n```yaml\n[7]\n```\n', 7, 'yaml'],
    [
      '---\nname: "a"\n---\n## Version 2\n### template\n```\nx\n```\n## Version 2\n### template\n```\ny\n```\n',
      9,
      'in order',
    ],
  ])('name file and line of what is wrong: %j', (text, lineNumber, problem) => {
    const where = `x.md:${lineNumber}`;
    expect(() => parsePrompt(text, 'x.md')).toThrow(
      expect.objectContaining({ code: 'document-damaged', details: { where } }),
    );
    expect(() => parsePrompt(text, 'x.md')).toThrow(problem);
  });
});

describe('exportPrompts and importPrompts', () => {
  it('bring a library to a folder and into another one without loss', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(file, { selector: ({ name }) => name, minLength: 1, maxLength: 3 }),
        async (prompts) => {
          const at = await mkdtemp(join(folder, 'x-'));
          const [from, to] = [open(), open()];
          for (const { name, versions, description, tags, labels } of prompts) {
            for (const version of versions) {
              await from.restore({ name, hash: '', createdMs: 0, version: 1, ...version });
            }
            await from.change(name, { description: description ?? '', tags: tags ?? [], labels: { ...labels } });
          }
          expect(await exportPrompts(from, at)).toHaveLength(prompts.length);
          await importPrompts(to, at);
          const [before, after] = [await from.list(), await to.list()];
          expect(after).toEqual(before);
          for (const { name } of before.prompts) expect(await to.versions(name)).toEqual(await from.versions(name));
          // Once more changes nothing.
          await importPrompts(to, at);
          expect(await to.list()).toEqual(before);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('write the latest version alone when asked', async () => {
    const library = open();
    await library.save('p', 'one', { labels: ['old'] });
    await library.save('p', 'two', { labels: ['new'] });
    await exportPrompts(library, folder, { versions: 'latest' });
    const text = await readFile(join(folder, 'p.md'), 'utf8');
    expect(text).not.toContain('one');
    const other = open();
    await importPrompts(other, folder);
    expect(await other.facts('p')).toEqual({ tags: [], labels: { new: 2 } });
    expect(await other.versions('p')).toEqual([await library.get('p', 2)]);
  });

  it('never lose what the library has: a content under a number that is taken becomes the next version', async () => {
    const [ours, theirs] = [open(), open()];
    await ours.save('p', 'base');
    await ours.save('p', 'ours');
    await theirs.save('p', 'base');
    await theirs.save('p', 'theirs', { labels: ['live'] });
    await exportPrompts(theirs, folder);
    const [imported] = await importPrompts(ours, folder);
    expect(imported?.versions.map(({ version }) => version)).toEqual([1, 3]);
    expect((await ours.versions('p')).map(({ content: text }) => text)).toEqual(['theirs', 'ours', 'base']);
    expect((await ours.facts('p')).labels).toEqual({ live: 3 });
  });

  it('give every name a file of its own, also where letters differ by case alone', async () => {
    const library = open();
    for (const name of ['Ab', 'aB', 'ab', 'a/b', 'a b', 'con', '..', 'é', 'x'.repeat(100)])
      await library.save(name, name);
    await exportPrompts(library, folder);
    const files = await readdir(folder);
    expect(new Set(files.map((name) => name.toLowerCase())).size).toBe(9);
    expect(files.every((name) => /^[a-z0-9][a-z0-9._-]*\.md$/.test(name))).toBe(true);
  });

  it('change nothing when a file is wrong, and name it', async () => {
    const library = open();
    await writeFile(join(folder, 'a.md'), formatPrompt({ name: 'a', versions: [{ content: 'x' }] }));
    await writeFile(join(folder, 'b.md'), '---\nname: "b"\n---\n## Version 1\n### template\n```text\n{\n```\n');
    await expect(importPrompts(library, folder)).rejects.toMatchObject({
      details: { where: `${join(folder, 'b.md')}:5` },
    });
    await writeFile(join(folder, 'b.md'), new Uint8Array([0x2d, 0x0a, 0xff]));
    await expect(importPrompts(library, folder)).rejects.toMatchObject({
      code: 'document-damaged',
      details: { where: `${join(folder, 'b.md')}:2` },
    });
    await writeFile(join(folder, 'b.md'), formatPrompt({ name: 'a', versions: [{ content: 'y' }] }));
    await expect(importPrompts(library, folder)).rejects.toMatchObject({ code: 'duplicate-id' });
    expect((await library.list()).prompts).toEqual([]);
  });
});
