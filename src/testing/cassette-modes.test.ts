import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Step, user } from '../core/index.js';
import type { ChatModel, ChatRequest } from '../model/index.js';
import { cassette, type CassetteMode, record, replay, scripted, testRun } from './index.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cassette-'));
  path = join(folder, 'tape.jsonl');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const answered = async (text: string): Promise<string> => `to ${text}`;
const linesIn = (file: string): number => readFileSync(file, 'utf8').trim().split('\n').length;

describe('cassette', () => {
  it('records what is not recorded yet, and plays the rest, also in the next process', async () => {
    const calls: string[] = [];
    const step = async (text: string): Promise<string> => {
      calls.push(text);
      return answered(text);
    };
    const first = cassette(step, path, { mode: 'auto' });
    expect([await first('a'), await first('a'), await first('b')]).toEqual(['to a', 'to a', 'to b']);
    const second = cassette(step, path, { mode: 'auto' });
    expect([await second('b'), await second('c'), await second('a')]).toEqual(['to b', 'to c', 'to a']);
    expect(calls).toEqual(['a', 'b', 'c']);
    expect(linesIn(path)).toBe(4);
    const played = cassette(step, path, { mode: 'replay' });
    expect([await played('c'), await played('a')]).toEqual(['to c', 'to a']);
    await expect(played('d')).rejects.toMatchObject({ code: 'cassette-mismatch' });
    expect(calls).toHaveLength(3);
  });

  it('keeps the type and properties of the step', async () => {
    const model: ChatModel = cassette(scripted(['Hello'], { id: 'test' }), path);
    expect({ ...model }).toMatchObject({ id: 'test', provider: 'scripted' });
    expect((await model('Hi')).text).toBe('Hello');
    const again = cassette(scripted([], { id: 'test' }), path);
    expect((await again('Hi')).text).toBe('Hello');
  });

  it('records everything anew, and keeps the old file until there is something new', async () => {
    const model = cassette(scripted(['one', 'two'], { id: 'test' }), path, { mode: 'record' });
    await model('a');
    await model('a');
    const anew = cassette(scripted(['three'], { id: 'test' }), path, { mode: 'record' });
    expect(linesIn(path)).toBe(3);
    await anew('b');
    expect(linesIn(path)).toBe(2);
    expect((await replay<ChatModel>(path)('b')).text).toBe('three');
  });

  it('takes its mode from the environment', async () => {
    vi.stubEnv('PIPEWRIGHT_CASSETTES', 'replay');
    expect(() => cassette(answered, path)).toThrow(expect.objectContaining({ code: 'not-found' }));
    vi.stubEnv('PIPEWRIGHT_CASSETTES', 'record');
    await cassette(answered, path)('a');
    expect(existsSync(path)).toBe(true);
    vi.stubEnv('PIPEWRIGHT_CASSETTES', 'always');
    expect(() => cassette(answered, path)).toThrow(/PIPEWRIGHT_CASSETTES/);
    expect(() => cassette(answered, path, { mode: 'other' as CassetteMode })).toThrow(/'replay', 'record' or 'auto'/);
  });

  it('is stale when it is of another step', async () => {
    await record(scripted(['one'], { id: 'old-model' }), path)('a');
    for (const mode of ['replay', 'auto'] as const) {
      expect(() => cassette(scripted([], { id: 'new-model' }), path, { mode })).toThrow(
        expect.objectContaining({
          code: 'cassette-mismatch',
          message: expect.stringMatching(/old-model, not .*new-model/),
        }),
      );
    }
  });

  it('records failures, and records calls made at once whole', async () => {
    const step = async (text: string): Promise<string> => {
      if (text === 'bad') throw new RangeError('no');
      return text.repeat(2_000);
    };
    const taped = cassette(step, path, { mode: 'auto' });
    await expect(taped('bad')).rejects.toThrow('no');
    await Promise.all(['a', 'b', 'c', 'd'].map((text) => taped(text)));
    const played = cassette(step, path, { mode: 'replay' });
    await expect(played('bad')).rejects.toMatchObject({ name: 'RangeError', message: 'no' });
    expect(await played('c')).toHaveLength(2_000);
  });

  it('Q27 grows no larger than it may, and stays whole', async () => {
    const taped = cassette(answered, path, { mode: 'auto', maxBytes: 400 });
    await taped('a');
    await expect(taped('x'.repeat(500))).rejects.toMatchObject({ code: 'bad-input' });
    await taped('b');
    expect(cassette(answered, path, { mode: 'replay' }).unused()).toHaveLength(2);
    const more = record(answered, path, { maxBytes: 400 });
    await expect(more('y'.repeat(200))).rejects.toThrow(/maxBytes/);
    expect(() => record(answered, path, { maxBytes: 0 })).toThrow(/maxBytes/);
  });
});

describe('stale recordings', () => {
  it('are those that no call used, each answer by itself, with their lines', async () => {
    const model = record(scripted(['one', 'two', 'three', 'four']), path);
    for (const text of ['a', 'b', 'a', 'c']) await model(text);
    const played = replay<ChatModel>(path);
    expect(played.unused().map(({ line, input }) => [line, input])).toEqual([
      [2, 'a'],
      [3, 'b'],
      [4, 'a'],
      [5, 'c'],
    ]);
    await played('c');
    await played('a');
    expect(played.unused().map(({ line }) => line)).toEqual([3, 4]);
    await played('a');
    await played('a');
    await played('b');
    expect(played.unused()).toEqual([]);
  });

  it('are named with their line and what differs', async () => {
    const model = record(scripted(['one', 'two']), path);
    await model('Something else');
    await model({ messages: [user('What is a pipe?')], temperature: 0 });
    const asked = { messages: [user('What is a pipe?')], temperature: 1, topP: 0.5 };
    await expect(replay<ChatModel>(path)(asked)).rejects.toMatchObject({
      message: expect.stringMatching(/line 3\) differs:\n {2}.*temperature: recorded 0, got 1\n.*topP/),
      details: { issues: [expect.stringContaining('temperature'), expect.stringContaining('topP')] },
    });
  });
});

it('the nearest recording is the one with the fewest characters that differ', async () => {
  const texts = ['How deep is the lake?', 'How deep is the sea, and how wide?', 'Hello'];
  for (const text of texts) await record(answered, path)(text);
  const asked = replay<Step<string, string>>(path)('How deep is the lake, then?');
  await expect(asked).rejects.toThrow('recorded "How deep is the lake?"');
});

describe('match', () => {
  const match = ({ messages }: ChatRequest): unknown => messages;

  it('finds a call again whatever else has changed', async () => {
    const step = async ({ seed = 0 }: ChatRequest): Promise<number> => seed;
    const messages = [user('Hi')];
    await record(step, path)({ messages, seed: 1 });
    const played = replay<Step<ChatRequest, number>>(path, { match });
    expect(await played({ messages, seed: 2 })).toBe(1);
    const wrong = played({ messages: [user('Bye')], seed: 1 });
    await expect(wrong).rejects.toThrow('0.content: recorded "Hi", got "Bye"');
    expect(played.unused()).toEqual([]);
    const taped = cassette(step, path, { match, mode: 'auto' });
    expect(await taped({ messages, seed: 3 })).toBe(1);
    expect(linesIn(path)).toBe(2);
  });

  it('may leave out what is new every time: an id, a date', async () => {
    const step = async (text: string): Promise<string> => `read ${text}`;
    await record(step, path)('Request 17 of 2026-11-20');
    const played = replay<Step<string, string>>(path, { match: (text: string) => text.replace(/\d+/g, '#') });
    expect(await played('Request 99 of 2027-01-02')).toBe('read Request 17 of 2026-11-20');
  });
});

describe('speed', () => {
  it('plays the timing of a stream as many times faster', async () => {
    const first = testRun();
    const script = [
      { type: 'text-delta', text: 'a' },
      { type: 'wait', ms: 500 },
      { type: 'text-delta', text: 'b' },
      { type: 'finish', reason: 'stop' },
    ] as const;
    const recorded = record(scripted([script]), path)('Hi', first.run);
    await first.clock.advance(500);
    await recorded;
    const { run, clock, events } = testRun();
    const outcome = replay<ChatModel>(path, { speed: 10 })('Hi', run);
    const deltas = (): number => events.filter(({ type }) => type === 'text-delta').length;
    await clock.advance(49);
    expect(deltas()).toBe(1);
    await clock.advance(1);
    expect((await outcome).text).toBe('ab');
    for (const speed of [0, -1, Number.NaN]) expect(() => replay(path, { speed })).toThrow(/speed/);
  });
});

it('an empty file is recorded into like a new one', async () => {
  writeFileSync(path, '');
  expect(await cassette(answered, path, { mode: 'auto' })('a')).toBe('to a');
  expect(await cassette(answered, path, { mode: 'replay' })('a')).toBe('to a');
});
