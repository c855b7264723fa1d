import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliIo, exitCodes } from './io.js';
import { main } from './program.js';

let cwd = '';
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'pipewright-cli-'));
  await mkdir(join(cwd, 'docs'));
  await writeFile(
    join(cwd, 'docs', 'house.md'),
    '# House rules\n\nTea is served at four.\n\nDinner is served at eight.\n',
  );
  await writeFile(join(cwd, 'docs', 'garden.txt'), 'The roses are watered every evening by the gardener.\n');
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const cli = async (args: readonly string[], extra: Partial<CliIo> = {}): Promise<Outcome> => {
  let out = '';
  let err = '';
  const code = await main(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    env: {},
    cwd,
    input: Readable.from([]),
    isInTerminal: false,
    isOutTerminal: false,
    isErrTerminal: false,
    signal: new AbortController().signal,
    ...extra,
  });
  return { code, out, err };
};

const csi = '\u001b';

describe('pipewright ask', () => {
  it('answers with the right sentence, its file and its line', async () => {
    const { code, out, err } = await cli(['ask', 'docs', 'When is tea served?']);
    expect(out).toContain('Tea is served at four.');
    expect(out).toContain('[1] docs/house.md:3 verbatim');
    expect(err).toContain('2 files, 2 passages');
    expect(code).toBe(exitCodes.ok);
    expect(out + err).not.toContain(csi);
  });

  it('asks the working folder when no path is given, and reads nothing twice', async () => {
    await cli(['ask', 'When is tea served?']);
    const { out, err } = await cli(['ask', 'Who waters the roses?']);
    expect(out).toContain('gardener');
    expect(err).toContain('nothing changed');
  });

  it('says that the documents do not hold the answer, with an exit code of its own', async () => {
    const { code, out } = await cli(['ask', 'docs', 'What is the capital of Mongolia?']);
    expect(out.trim()).not.toBe('');
    expect(code).toBe(exitCodes.notAnswered);
  });

  it('prints one JSON object and nothing else with --json', async () => {
    const { code, out, err } = await cli(['ask', 'docs', 'When is tea served?', '--json']);
    expect(JSON.parse(out)).toMatchObject({
      question: 'When is tea served?',
      answer: expect.stringContaining('Tea is served at four.'),
      isAnswered: true,
      citations: [{ number: 1, verdict: 'verbatim', place: 'docs/house.md:3', quote: expect.stringContaining('four') }],
      took: { durationMs: expect.any(Number), tokens: expect.any(Number), costUsd: 0 },
      library: { sources: 2, failed: [] },
    });
    expect(err).not.toContain('files');
    expect(code).toBe(exitCodes.ok);
  });

  it('uses colours and draws a bar on a terminal only, and obeys NO_COLOR', async () => {
    const terminal = { isOutTerminal: true, isErrTerminal: true };
    const coloured = await cli(['ask', 'docs', 'When is tea served?'], terminal);
    expect(coloured.out).toContain(`${csi}[36m[1]${csi}[39m`);
    expect(coloured.err).toContain('━');
    const plain = await cli(['ask', 'docs', 'When is tea served?'], { ...terminal, env: { NO_COLOR: '1' } });
    expect(plain.out).not.toContain(csi);
  });

  it('reports what it could not read and answers from the rest', async () => {
    await writeFile(join(cwd, 'docs', 'broken.json'), '{"half": ');
    const { code, out, err } = await cli(['ask', 'docs', 'When is tea served?']);
    expect(err).toMatch(/skipped .*broken\.json/);
    expect(out).toContain('Tea is served at four.');
    expect(code).toBe(exitCodes.ok);
  });

  it('fails in plain words where there is nothing to read', async () => {
    await mkdir(join(cwd, 'empty'));
    const { code, err } = await cli(['ask', 'empty', 'Anything?']);
    expect(err).toContain('There is nothing to read in empty.');
    expect(code).toBe(exitCodes.failed);
  });

  it('refuses a model that is none, before it reads anything', async () => {
    const { code, err } = await cli(['ask', 'docs', 'Why?', '--model', 'gpt']);
    expect(err).toContain('Use extractive, openai:MODEL, anthropic:MODEL or ollama:MODEL');
    expect(err).not.toContain('Reading');
    expect(code).toBe(exitCodes.usage);
  });

  it('names the variable that is missing when a model needs a key', async () => {
    const saved = process.env.OPENAI_API_KEY;
    delete process.env.OPENAI_API_KEY;
    const { code, err } = await cli(['ask', 'docs', 'When is tea served?', '--model', 'openai:gpt-5-mini']);
    if (saved !== undefined) process.env.OPENAI_API_KEY = saved;
    expect(err).toContain('OPENAI_API_KEY');
    expect(code).toBe(exitCodes.failed);
  });

  it('ends with 130 when it is interrupted', async () => {
    const control = new AbortController();
    control.abort(new DOMException('Interrupted by the user.', 'AbortError'));
    const { code, err } = await cli(['ask', 'docs', 'When is tea served?'], { signal: control.signal });
    expect(err).toContain('Interrupted');
    expect(code).toBe(exitCodes.interrupted);
  });
});

describe('pipewright ingest', () => {
  it('says what is new, changed and gone', async () => {
    expect((await cli(['ingest', 'docs'])).err).toContain('2 new');
    await rm(join(cwd, 'docs', 'garden.txt'));
    await writeFile(join(cwd, 'docs', 'house.md'), 'Tea is served at five.');
    expect((await cli(['ingest', 'docs'])).err).toMatch(/1 changed, 1 removed/);
    const { out } = await cli(['ingest', 'docs', '--json']);
    expect(JSON.parse(out)).toMatchObject({ added: 0, unchanged: 1, failed: [], stats: { sources: 1, passages: 1 } });
  });

  it('keeps the index where it is told to', async () => {
    await cli(['ingest', 'docs', '--index', 'here']);
    const { err } = await cli(['ask', 'docs', 'When is tea served?', '--index', 'here']);
    expect(err).toContain('nothing changed');
  });
});

describe('pipewright doctor', () => {
  it('shows what is installed and which keys are set, and never a key', async () => {
    const { code, out } = await cli(['doctor'], { env: { OPENAI_API_KEY: 'sk-secret-123' } });
    expect(out).toMatch(/ok\s+lmdb\s+indexes on disk/);
    expect(out).toMatch(/ok\s+OPENAI_API_KEY/);
    expect(out).toMatch(/missing\s+ANTHROPIC_API_KEY/);
    expect(out).not.toContain('sk-secret-123');
    expect(code).toBe(exitCodes.ok);
    const { findings } = JSON.parse((await cli(['doctor', '--json'])).out) as {
      findings: { what: string; state: string }[];
    };
    expect(findings.find(({ what }) => what === 'OPENAI_API_KEY')?.state).toBe('missing');
  });
});

describe('pipewright demo', () => {
  const install = async (): Promise<void> => {
    const folder = join(cwd, 'node_modules', 'teapot');
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, 'README.md'),
      '# teapot\n\nSet the option `strengthRatio` to make the tea stronger.\n',
    );
  };

  it('asks the documentation of installed packages', async () => {
    await install();
    const { code, out } = await cli(['demo', 'How do I make the tea stronger?']);
    expect(out).toContain('strengthRatio');
    expect(out).toContain('node_modules/teapot/README.md:3');
    expect(code).toBe(exitCodes.ok);
  });

  it('asks another folder when one is named', async () => {
    await install();
    expect((await cli(['demo', './docs', 'When is tea served?'])).out).toContain('Tea is served at four.');
  });

  it('asks its own questions without words, and says so when there are no packages', async () => {
    const without = await cli(['demo']);
    expect(without.err).toContain('There is no node_modules here');
    expect(without.code).toBe(exitCodes.failed);
    await install();
    const { out, code } = await cli(['demo']);
    expect(out.match(/\?\n/g)?.length).toBe(3);
    expect(code).toBe(exitCodes.notAnswered);
  });
});

describe('the command line', () => {
  it('shows help and version, and refuses what it does not know', async () => {
    const help = await cli(['--help']);
    expect(help.out).toContain('Exit codes');
    expect(help.code).toBe(exitCodes.ok);
    expect((await cli(['--version'])).out).toMatch(/^\d+\.\d+\.\d+/);
    const unknown = await cli(['ask', 'x', '--modle', 'y']);
    expect(unknown.err).toContain('--model');
    expect(unknown.code).toBe(exitCodes.usage);
    expect((await cli(['fly'])).code).toBe(exitCodes.usage);
    expect((await cli(['ask', ' '])).code).toBe(exitCodes.usage);
  });

  it('prints errors as JSON with --json', async () => {
    const { out, code } = await cli(['ask', 'docs', 'Why?', '--model', 'x', '--json']);
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'bad-option' } });
    expect(code).toBe(exitCodes.usage);
  });
});
