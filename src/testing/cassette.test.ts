import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createRun,
  defineStep,
  type Embedder,
  PipewrightError,
  pipe,
  type RunEvent,
  stream,
  user,
} from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { record, replay, scripted, testRun } from './index.js';
import { differences, fromJson, toJson } from './cassette-json.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cassette-'));
  path = join(folder, 'tape.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const typesOf = (events: readonly RunEvent[]): readonly string[] => events.map(({ type }) => type);

describe('record and replay', () => {
  it('gives back the reply, the text as it streamed, and the properties of a chat model', async () => {
    const model = record(scripted(['Hello there', 'Bye'], { id: 'test' }), path);
    const recorded = await stream(model, [user('Hi')]).result;
    await model('Bye?');
    const again = replay<ChatModel>(path);
    expect({ ...again }).toMatchObject({ id: 'test', provider: 'scripted', features: model.features, limits: {} });
    const watched = stream(again, [user('Hi')]);
    const deltas: string[] = [];
    for await (const delta of watched.text) deltas.push(delta);
    expect(deltas).toEqual(['Hello', ' there']);
    expect(await watched.result).toEqual(recorded);
    expect((await again('Bye?')).text).toBe('Bye');
  });

  it('answers the same input in the order of the recordings, and the last one again and again', async () => {
    const model = record(scripted(['one', 'two']), path);
    await model('Hi');
    await model('Hi');
    const again = replay<ChatModel>(path);
    expect([(await again('Hi')).text, (await again('Hi')).text, (await again('Hi')).text]).toEqual([
      'one',
      'two',
      'two',
    ]);
  });

  it('gives back errors: ours with code and details, others with their name', async () => {
    const failing = defineStep<string, string>({ kind: 'failing' }, async (input) => {
      if (input === 'ours')
        throw new PipewrightError('rate-limited', 'Slow', { retryable: true, details: { retryAfterMs: 5 } });
      throw new RangeError('theirs');
    });
    const step = record(failing, path);
    await expect(step('ours')).rejects.toThrow('Slow');
    await expect(step('other')).rejects.toThrow('theirs');
    const again = replay(path);
    await expect(again('ours')).rejects.toMatchObject({
      code: 'rate-limited',
      retryable: true,
      details: { retryAfterMs: 5 },
    });
    await expect(again('other')).rejects.toMatchObject({ name: 'RangeError', message: 'theirs' });
  });

  it('keeps vectors, bytes and nested spans', async () => {
    const embedder: Embedder = Object.assign(
      defineStep<readonly string[], readonly Float32Array[]>({ kind: 'embedder' }, async (texts) =>
        texts.map(() => new Float32Array([0.25, -1])),
      ),
      { id: 'e', dimensions: 2 },
    );
    await record(embedder, path)(['a']);
    const again = replay<Embedder>(path);
    expect(again.dimensions).toBe(2);
    expect(await again(['a'])).toEqual([new Float32Array([0.25, -1])]);

    const nested = join(folder, 'nested.jsonl');
    const outer = pipe(async (text: string) => text, scripted(['Hello there']));
    await record(outer, nested)('Hi');
    const events: RunEvent[] = [];
    await replay(nested)('Hi', createRun({ on: (event) => events.push(event) }));
    const deltas = events.filter(({ type }) => type === 'text-delta');
    expect(deltas).toHaveLength(2);
    expect(deltas[0]?.span.path).toEqual(['scripted']);
    expect(new Set(deltas.map(({ span }) => span.id)).size).toBe(1);
  });

  it('takes back the same text when a span inside retracted it', async () => {
    const step = defineStep<string, string>({ kind: 'trying' }, async (_input, run) => {
      const outer = run.child('outer');
      outer.child('inner').emit({ type: 'text-delta', text: 'wrong' });
      outer.emit({ type: 'retract', reason: 'again' });
      outer.child('inner').emit({ type: 'text-delta', text: 'right' });
      return 'right';
    });
    await record(step, path)('Hi');
    const shown: string[] = [];
    for await (const text of stream(replay(path), 'Hi').snapshots) shown.push(text);
    expect(shown).toEqual(['wrong', '', 'right']);
  });

  it('rejects an input that was not recorded and shows where it differs from the nearest', async () => {
    const model = record(scripted(['one', 'two']), path);
    await model({ messages: [user('What is a pipe?')], temperature: 0 });
    await model('Something else');
    const error = await replay<ChatModel>(path)({ messages: [user('What is a pipeline?')], temperature: 0 }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'cassette-mismatch' });
    expect((error as Error).message).toContain(
      'messages.0.content: recorded "What is a pipe?", got "What is a pipeline?"',
    );
  });

  it('Q30 writes no secrets, and finds the call all the same', async () => {
    const secret = 'sk-proj-abcdefghijklmnop1234';
    const step = record(async (input: object) => ({ ...input, authorization: `Bearer ${secret}` }), path);
    const input = { headers: { 'x-api-key': 'plain-looking', accept: 'x' }, text: `my key is ${secret}` };
    await step(input);
    const file = readFileSync(path, 'utf8');
    expect(file).not.toContain(secret);
    expect(file).not.toContain('plain-looking');
    expect(await replay(path)(input)).toEqual({
      authorization: '[secret]',
      headers: { 'x-api-key': '[secret]', accept: 'x' },
      text: 'my key is [secret]',
    });
  });

  it('does not record a call that was cancelled', async () => {
    const { run, abort } = testRun();
    const model = record(scripted([[{ type: 'stall' }], 'done']), path);
    const outcome = model('Hi', run);
    abort('enough');
    await expect(outcome).rejects.toBe('enough');
    await model('Hi');
    expect((await replay<ChatModel>(path)('Hi')).text).toBe('done');
    const gone = createRun({ signal: AbortSignal.abort('gone') });
    await expect(replay<ChatModel>(path)('Hi', gone)).rejects.toBe('gone');
  });

  it('waits as long as was recorded when asked to', async () => {
    const first = testRun();
    const model = record(
      scripted([
        [
          { type: 'text-delta', text: 'a' },
          { type: 'wait', ms: 500 },
          { type: 'text-delta', text: 'b' },
          { type: 'finish', reason: 'stop' },
        ],
      ]),
      path,
    );
    const recorded = model('Hi', first.run);
    await first.clock.advance(500);
    await recorded;
    const second = testRun();
    const outcome = replay<ChatModel>(path, { speed: 1 })('Hi', second.run);
    await second.clock.advance(400);
    expect(typesOf(second.events).filter((type) => type === 'text-delta')).toHaveLength(1);
    await second.clock.advance(100);
    expect((await outcome).text).toBe('ab');
  });

  it('appends to a cassette and keeps calls made at once whole', async () => {
    const model = record(async (n: number) => ({ n, text: 'x'.repeat(5000) }), path);
    await Promise.all(Array.from({ length: 20 }, (_, n) => model(n)));
    await record(async (n: number) => ({ n, text: 'second' }), path)(99);
    const again = replay(path);
    for (let n = 0; n < 20; n += 1) expect(await again(n)).toMatchObject({ n });
    expect(await again(99)).toEqual({ n: 99, text: 'second' });
  });

  it('says what is wrong with a file', async () => {
    expect(() => replay(join(folder, 'none'))).toThrow(expect.objectContaining({ code: 'not-found' }));
    writeFileSync(path, '{"type":"other"}\n');
    expect(() => replay(path)).toThrow(/line 1/);
    writeFileSync(path, '{"type":"call","input":1,"eve');
    expect(() => replay(path)).toThrow(expect.objectContaining({ code: 'store-damaged' }));
    writeFileSync(path, '');
    expect(() => replay(path)).toThrow(expect.objectContaining({ code: 'store-damaged' }));
    writeFileSync(path, '{"type":"cassette","version":9,"properties":{}}\n');
    expect(() => replay(path)).toThrow(expect.objectContaining({ code: 'store-newer' }));
    writeFileSync(path, '{"type":"cassette","version":1,"name":"x","properties":{}}\n');
    await expect(replay(path)(1)).rejects.toThrow('holds no call');
  });
});

describe('the JSON of cassettes', () => {
  it('reads back what it wrote', () => {
    const values = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: false,
      withSparseArray: false,
    });
    fc.assert(
      fc.property(values, (value) => {
        const json = toJson(value);
        const text = JSON.stringify(json);
        expect(JSON.stringify(toJson(fromJson(JSON.parse(text))))).toBe(text);
        expect(differences(json, JSON.parse(text))).toEqual([]);
      }),
    );
  });

  it('keeps bytes, URLs, numbers that JSON lacks, and objects that look like its own', () => {
    const value = {
      bytes: new Uint8Array([1, 2]),
      url: new URL('https://host/x'),
      numbers: [Number.NaN, Number.NEGATIVE_INFINITY],
      own: { $type: 'Date', value: 'x' },
      date: new Date(5),
      invalid: new Date(Number.NaN),
    };
    expect(fromJson(toJson(value))).toEqual(value);
  });

  it('treats __proto__ as a key like any other', () => {
    const value = JSON.parse('{"__proto__":{"polluted":true}}');
    expect(JSON.stringify(fromJson(toJson(value)))).toBe('{"__proto__":{"polluted":true}}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('refuses a value inside itself', () => {
    const value: Record<string, unknown> = {};
    value.self = value;
    expect(() => toJson(value)).toThrow(/deeper/);
  });
});
