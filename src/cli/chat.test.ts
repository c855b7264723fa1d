import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chatbot } from '../chat/index.js';
import { conversations } from '../conversation/index.js';
import { factMemory } from '../memory/index.js';
import { scripted } from '../testing/index.js';
import { converse } from './chat.js';
import { openSession } from './chat-session.js';
import { type CliIo, exitCodes } from './io.js';
import { main } from './program.js';

let cwd = '';
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'pipewright-chat-'));
  await mkdir(join(cwd, 'docs'));
  await writeFile(join(cwd, 'docs', 'house.md'), '# House rules\n\nTea is served at four.\n');
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Sitting {
  readonly outcome: Promise<Outcome>;
  readonly out: () => string;
  readonly err: () => string;
}

const sit = (args: readonly string[], input: Readable, extra: Partial<CliIo> = {}): Sitting => {
  let out = '';
  let err = '';
  const io: CliIo = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    env: {},
    cwd,
    input,
    isInTerminal: false,
    isOutTerminal: false,
    isErrTerminal: false,
    signal: new AbortController().signal,
    ...extra,
  };
  return {
    outcome: main(['chat', ...args], io).then((code) => ({ code, out, err })),
    out: () => out,
    err: () => err,
  };
};

const chat = (lines: readonly string[], ...args: readonly string[]): Promise<Outcome> =>
  sit(args, Readable.from([lines.map((line) => `${line}\n`).join('')])).outcome;

const waitFor = async (isThere: () => boolean): Promise<void> => {
  for (let tries = 0; !isThere(); tries++) {
    if (tries > 500) throw new Error('It never came.');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

describe('pipewright chat', () => {
  it('answers each line of a pipe from the documents, with the place, and from what was said', async () => {
    const { code, out, err } = await chat(
      ['My sister Eva lives in Lisbon.', 'When is tea served?', '', 'Where does my sister Eva live?'],
      'docs',
    );
    expect(out).toMatch(/^Noted\.\nTea is served at four\.\n {2}\[1\] docs\/house\.md:3 verbatim\nMy sister Eva lives/);
    expect(err).toContain('1 files, 1 passages');
    expect(out + err).not.toContain('\u001b');
    expect(out).not.toContain('> ');
    expect(code).toBe(exitCodes.ok);
  });

  it('remembers across sittings, and goes on with the last conversation where it is told to', async () => {
    await chat(['My sister Eva lives in Lisbon.', 'I am allergic to nuts.']);
    const other = await chat(['Where does my sister Eva live?', '/memory', '/history']);
    expect(other.out).toContain('My sister Eva lives in Lisbon.');
    expect(other.out).toContain('nuts');
    expect(other.out).not.toContain('you: I am allergic');
    const same = await chat(['/history'], '--continue');
    expect(same.out).toContain('you: Where does my sister Eva live?');
    const forgotten = await chat(['/forget all', '/memory', 'Where does my sister Eva live?']);
    expect(forgotten.out).toContain('No facts are known');
    expect(forgotten.out).not.toContain('Lisbon');
  });

  it('lists, opens, finds, branches, takes back and asks again', async () => {
    const { out, err, code } = await chat(
      [
        'When is tea served?',
        '/new',
        'Roses are red.',
        'Violets are blue.',
        '/search tea',
        '/open 1',
        '/retry',
        '/list',
        '/open 2',
        '/undo',
        '/history',
        '/branch 0',
        '/history 5',
        '/stats',
        '/delete',
        '/list',
      ],
      'docs',
    );
    expect(err).not.toContain('error');
    expect(code).toBe(exitCodes.ok);
    expect(out.match(/Tea is served at four\./gu)?.length).toBeGreaterThanOrEqual(3);
    expect(out).toContain('When is tea served? (branch)');
    expect(out).toContain('Taken back: Violets are blue.');
    expect(out).toContain('A branch behind message 0');
    expect(out).toMatch(/ {3}0 you: Roses are red\.\n {3}1 assistant: Noted\./u);
    expect(out).toMatch(/this sitting {2,}8 messages/u);
    expect(out).toContain('The conversation is deleted.');
  });

  it('writes a conversation to a file, as text for people or as data', async () => {
    const { out } = await chat([
      'Roses are red.',
      '/export talk.md',
      '/export talk.json',
      '/export',
      '/model',
      '/help',
    ]);
    expect(await readFile(join(cwd, 'talk.md'), 'utf8')).toContain('## user');
    expect(JSON.parse(await readFile(join(cwd, 'talk.json'), 'utf8'))).toMatchObject({
      kind: 'pipewright-conversation',
      messages: [{ seq: 0 }, { seq: 1 }],
    });
    expect(out).toContain('# Roses are red.');
    expect(out).toContain('extractive answers.');
    expect(out).toContain('/open NUMBER');
  });

  it('prints one JSON object a turn with --json, and nothing else', async () => {
    const { out, code } = await chat(['When is tea served?', '/list', '/fly'], 'docs', '--json');
    const [first = '', second = '', ...rest] = out.trim().split('\n');
    expect(JSON.parse(first)).toMatchObject({
      question: 'When is tea served?',
      answer: 'Tea is served at four.',
      citations: [{ number: 1, verdict: 'verbatim', place: 'docs/house.md:3' }],
      took: { costUsd: 0 },
    });
    expect(JSON.parse(second)).toMatchObject({ error: { code: 'bad-input' } });
    expect(rest).toEqual([]);
    expect(code).toBe(exitCodes.failed);
  });

  it('goes on after a mistake, ends at /quit, and refuses a model that is none', async () => {
    const { out, err, code } = await chat([
      '/fly',
      '/open 9',
      '/undo',
      '/model gpt',
      'Roses are red.',
      '/quit',
      'unread',
    ]);
    expect(err).toContain('There is no command /fly');
    expect(err).toContain('There is no conversation 9');
    expect(err).toContain('Nothing has been said');
    expect(err).toContain('Use extractive, openai:MODEL');
    expect(out).toBe('Noted.\n');
    expect(code).toBe(exitCodes.ok);
    expect((await chat([], '--model', 'gpt')).code).toBe(exitCodes.usage);
  });

  it('prompts on a terminal, and ends at the second Ctrl-C', async () => {
    const input = new PassThrough();
    const terminal = { isInTerminal: true, isOutTerminal: true, isErrTerminal: true };
    const sitting = sit([], input, terminal);
    await waitFor(() => sitting.out().includes('> '));
    input.write('Roses are red.\r');
    await waitFor(() => sitting.out().split('Noted.\n')[1]?.includes('> ') === true);
    input.write('\u0003');
    await waitFor(() => sitting.err().includes('Ctrl-C once more'));
    input.write('\u0003');
    const { code, out } = await sitting.outcome;
    expect(out).toContain('\u001b[36m> ');
    expect(code).toBe(exitCodes.ok);
  });

  it('Q03 stops an answer at Ctrl-C, keeps what was said, and takes the next line', async () => {
    const input = new PassThrough();
    let out = '';
    let err = '';
    const io: CliIo = {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      env: { NO_COLOR: '1' },
      cwd,
      input,
      isInTerminal: true,
      isOutTerminal: true,
      isErrTerminal: true,
      signal: new AbortController().signal,
    };
    const facts = factMemory();
    const parts = { conversations: conversations(), memory: facts, facts, retriever: undefined };
    const session = await openSession(io, parts, { model: 'extractive', json: false });
    const answers = scripted([[{ type: 'text-delta', text: 'Tea is' }, { type: 'stall' }], 'At four.']);
    session.bot = chatbot(answers, { conversations: parts.conversations });
    const ended = converse(session);
    input.write('When is tea?\r');
    await waitFor(() => out.includes('Tea is'));
    input.write('\u0003');
    await waitFor(() => err.includes('(stopped)'));
    input.write('Once more?\r');
    await waitFor(() => out.includes('At four.'));
    input.write('/history\r/quit\r');
    expect(await ended).toBe(exitCodes.ok);
    expect(out).toContain('assistant: Tea is (cut off)');
  });

  it('ends with 130 when its process is interrupted', async () => {
    const control = new AbortController();
    const input = new PassThrough();
    const sitting = sit([], input, { signal: control.signal });
    input.write('Roses are red.\n');
    await waitFor(() => sitting.out().includes('Noted.'));
    control.abort(new DOMException('Interrupted by the user.', 'AbortError'));
    expect((await sitting.outcome).code).toBe(exitCodes.interrupted);
  });

  it('talks through a pipe as a process of its own', async () => {
    const program = fileURLToPath(new URL('main.ts', import.meta.url));
    const loader = import.meta.resolve('tsx');
    const child = spawn(process.execPath, ['--import', loader, program, 'chat', 'docs'], { cwd, stdio: 'pipe' });
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += String(chunk);
    });
    child.stdin.end('When is tea served?\n/quit\n');
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(out).toBe('Tea is served at four.\n  [1] docs/house.md:3 verbatim\n');
    expect(code).toBe(0);
  });
});
