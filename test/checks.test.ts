import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { apiChanges, apiText, checkApi, mayRewrite } from '../scripts/check/api.js';
import { checkExports } from '../scripts/check/exports.js';
import { checkLayers } from '../scripts/check/layers.js';
import { checkLinks } from '../scripts/check/links.js';
import { checkSizes } from '../scripts/check/sizes.js';
import type { Problem, Source } from '../scripts/check/source.js';
import { checkStyle } from '../scripts/check/style.js';
import { checkThirdParty } from '../scripts/check/third-party.js';
import { publicEntries } from '../scripts/entries.js';

const layers = { core: 0, model: 1, vector: 2, retrieve: 2, provider: 2, rag: 3, testing: 'T' } as const;

const file = (path: string, text: string): Source => ({ path, text });
const places = (problems: readonly Problem[]): readonly string[] =>
  problems.map(({ path, line }) => (line === undefined ? path : `${path}:${line}`));

const objections = (path: string, text: string): readonly string[] =>
  checkLayers([file(path, text)], layers).map(({ message }) => message);

describe('the layer rule', () => {
  it('lets a folder import lower folders through their index, and itself anyhow', () => {
    expect(objections('src/rag/a.ts', "import { pipe } from '../core/index.js';\nimport './b.js';")).toEqual([]);
    expect(objections('src/provider/openai/a.ts', "import { x } from '../shared/index.js';")).toEqual([]);
    expect(objections('src/testing/suites/a.ts', "import { x } from '../manual-clock.js';")).toEqual([]);
  });

  it('names the line of an import that goes up', () => {
    const problems = checkLayers([file('src/core/a.ts', "\nimport { answer } from '../rag/index.js';")], layers);
    expect(places(problems)).toEqual(['src/core/a.ts:2']);
    expect(problems[0]?.message).toContain('`core` (layer 0) may import only lower layers, and `rag` is layer 3');
  });

  it.each([
    ['a neighbour', "import { x } from '../vector/index.js';", 'only lower layers'],
    ['a type from above', "import type { X } from '../rag/index.js';", 'only lower layers'],
    ['a type named inline', "type X = import('../rag/index.js').X;", 'only lower layers'],
    ['a lazy load', "const f = () => import('../rag/index.js');", 'only lower layers'],
    ['a re-export', "export { x } from '../rag/index.js';", 'only lower layers'],
    ['a file behind an index', "import { x } from '../core/pipe.js';", 'reaches into `core`'],
    ['what serves tests', "import { x } from '../testing/index.js';", 'for tests only'],
    ['a folder without a layer', "import { x } from '../fancy/index.js';", 'has no layer'],
    ['the root entry', "import { x } from '../index.js';", 'nothing in src imports the root entry'],
    ['what only providers share', "import { x } from '../provider/shared/index.js';", 'for providers only'],
    ['something outside src', "import { x } from '../../scripts/entries.js';", 'outside src'],
  ])('refuses %s', (_, text, reason) => {
    expect(objections('src/retrieve/a.ts', text)).toEqual([expect.stringContaining(reason)]);
  });

  it('keeps providers apart from each other', () => {
    expect(objections('src/provider/openai/a.ts', "import { x } from '../anthropic/index.js';")).toEqual([
      expect.stringContaining('independent'),
    ]);
  });

  it('lets tests see every folder, but only through its index', () => {
    expect(objections('src/core/a.test.ts', "import { x } from '../testing/index.js';")).toEqual([]);
    expect(objections('src/core/a.test.ts', "import { x } from '../testing/suites/index.js';")).toEqual([]);
    expect(objections('src/core/a.test.ts', "import { x } from '../testing/clock.js';")).toHaveLength(1);
    expect(objections('src/core/a.test.ts', "import { x } from '../testing/suites/store.js';")).toHaveLength(1);
  });

  it('keeps the root entry small', () => {
    expect(objections('src/index.ts', "export { pipe } from './core/index.js';")).toEqual([]);
    expect(objections('src/index.ts', "export { pipe } from './core/pipe.js';")).toEqual([]);
    expect(objections('src/index.ts', "export { answer } from './rag/index.js';")).toHaveLength(1);
    expect(objections('src/index.ts', "export { answer } from './rag/answer.js';")).toHaveLength(1);
  });
});

describe('the size rule', () => {
  const lines = (count: number): string => 'f();\n'.repeat(count);

  it('refuses a file of more than 300 lines, and a test of more than 500', () => {
    expect(checkSizes([file('src/core/a.ts', lines(300))])).toEqual([]);
    expect(places(checkSizes([file('src/core/a.ts', lines(301))]))).toEqual(['src/core/a.ts']);
    expect(checkSizes([file('src/core/a.test.ts', lines(500))])).toEqual([]);
    expect(places(checkSizes([file('src/core/a.test.ts', lines(501))]))).toEqual(['src/core/a.test.ts']);
  });

  it('refuses a function of more than 60 lines, wherever it stands, but not in tests', () => {
    const short = `const a = () => {\n${lines(58)}};`;
    const long = `// why\nconst a = {\n  b() {\n${lines(59)}}};`;
    expect(checkSizes([file('src/core/a.ts', short)])).toEqual([]);
    expect(places(checkSizes([file('src/core/a.ts', long)]))).toEqual(['src/core/a.ts:3']);
    expect(checkSizes([file('src/core/a.test.ts', long)])).toEqual([]);
  });

  it('refuses an options object of more than eight fields', () => {
    const fields = (count: number): string =>
      Array.from({ length: count }, (_, index) => `f${index}?: number;`).join('');
    expect(checkSizes([file('src/core/a.ts', `interface AOptions { ${fields(8)} }`)])).toEqual([]);
    expect(places(checkSizes([file('src/core/a.ts', `interface AOptions { ${fields(9)} }`)]))).toEqual([
      'src/core/a.ts:1',
    ]);
  });
});

describe('the style rule', () => {
  const style = (text: string, path = 'src/core/a.ts'): readonly string[] => places(checkStyle([file(path, text)]));

  it.each([
    'const a = Date.now();',
    'const a = Date.now;',
    'const a = new Date();',
    'setTimeout(f, 1);',
    'globalThis.setTimeout(f, 1);',
    'setInterval(f, 1);',
    'setImmediate(f);',
    'const a = Math.random();',
    'const a = crypto.randomUUID();',
    'const a = randomUUID();',
  ])('refuses %s outside the clock', (text) => {
    expect(style(text)).toEqual(['src/core/a.ts:1']);
    expect(style(text, 'src/core/clock.ts')).toEqual([]);
  });

  it('lets a date be made of a time', () => {
    expect(style('const a = new Date(0); const b = Date.parse(c); // not Date.now()')).toEqual([]);
  });

  it('refuses export star, unfinished words and odd file names', () => {
    expect(style("export * from './b.js';")).toEqual(['src/core/a.ts:1']);
    expect(style('// TODO: later')).toEqual(['src/core/a.ts:1']);
    expect(style('', 'src/core/someFile.ts')).toEqual(['src/core/someFile.ts']);
  });
});

describe('the third-party rule', () => {
  const table = { core: { static: ['eventemitter3'] }, provider: {}, 'provider/openai': { lazy: ['openai'] } };
  const check = (path: string, text: string): readonly string[] => places(checkThirdParty([file(path, text)], table));

  it('lets a folder load what the table names', () => {
    expect(check('src/core/a.ts', "import { EventEmitter } from 'eventemitter3';\nimport 'node:fs';")).toEqual([]);
    expect(check('src/provider/openai/a.ts', "const f = () => import('openai');")).toEqual([]);
    expect(check('src/provider/openai/a.ts', "import type { OpenAI } from 'openai/client';")).toEqual([]);
  });

  it('refuses what the table does not name, and heavy packages at the top of a file', () => {
    expect(check('src/core/a.ts', "import pMap from 'p-map';")).toEqual(['src/core/a.ts:1']);
    expect(check('src/core/a.ts', "import type { ZodType } from 'zod';")).toEqual(['src/core/a.ts:1']);
    expect(check('src/provider/other/a.ts', "const f = () => import('openai');")).toEqual([
      'src/provider/other/a.ts:1',
    ]);
    expect(check('src/provider/openai/a.ts', "import OpenAI from 'openai';")).toEqual(['src/provider/openai/a.ts:1']);
  });

  it('refuses a computed module name', () => {
    expect(check('src/core/a.ts', 'const f = (name: string) => import(name);')).toEqual(['src/core/a.ts:1']);
  });
});

describe('the link rule', () => {
  const check = (text: string): readonly string[] =>
    checkLinks(process.cwd(), [file('README.md', `# Top heading\n${text}`), file('docs/x.md', '')]).map(
      ({ line, message }) => `${line} ${message}`,
    );

  it('follows links to files and headings, and leaves code and the web alone', () => {
    expect(check('[a](package.json) [b](#top-heading) [c](https://x.y/z)\n`[d](none)`\n```\n[e](none)\n```')).toEqual(
      [],
    );
  });

  it('names a link that leads nowhere', () => {
    expect(check('[a](docs/none.md)')).toEqual(['2 links to docs/none.md, which does not exist.']);
    expect(check('\n[a](#nowhere)')).toEqual(['3 links to #nowhere, but README.md has no such heading.']);
  });
});

describe('the list of public names', () => {
  const listed = apiText(['pipewright function pipe', 'pipewright type Step'], '# Changelog');

  it('is content while nothing changes', () => {
    expect(checkApi(listed, ['pipewright function pipe', 'pipewright type Step'])).toEqual([]);
  });

  it('Q29 fails the check when a public name comes, goes or changes its kind', () => {
    const now = ['pipewright const pipe', 'pipewright type Step'];
    expect(apiChanges(listed, now)).toEqual(['+ pipewright const pipe', '- pipewright function pipe']);
    expect(checkApi(listed, now)[0]?.message).toContain('CHANGELOG.md');
  });

  it('Q29 is not rewritten until the changelog changed too', () => {
    const now = ['pipewright type Step'];
    expect(mayRewrite(listed, now, '# Changelog')).toBe(false);
    expect(mayRewrite(listed, now, '# Changelog\n- `pipe` is gone.')).toBe(true);
  });
});

describe('the entries rule', () => {
  it('notices that package.json or tsconfig.json lacks an entry', () => {
    const root = process.cwd();
    const folder = mkdtempSync(join(tmpdir(), 'pipewright-entries-'));
    for (const path of ['package.json', 'tsconfig.json']) {
      writeFileSync(join(folder, path), readFileSync(join(root, path)));
    }
    const [first, ...rest] = publicEntries(root);
    const more = [
      { subpath: './extra', name: 'extra', source: 'src/other/extra/index.ts' },
      ...(first ? [first] : []),
      ...rest,
    ];
    expect(places(checkExports(folder, more))).toEqual(expect.arrayContaining(['package.json', 'tsconfig.json']));
    rmSync(folder, { recursive: true });
  });
});
