import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { manualClock, testRun } from '../testing/index.js';
import {
  createRun,
  defineStep,
  named,
  pipe,
  PipewrightError,
  type Run,
  type RunEvent,
  sleep,
  stream,
} from './index.js';

const bug = new Error('bug');
const gone = new Error('gone');

/** Says each text, gives readers a turn after each, and answers with all of them. */
const says = (...texts: readonly string[]) =>
  defineStep({ kind: 'model', name: 'says' }, async (_: string, run: Run) => {
    for (const text of texts) {
      run.throwIfAborted();
      run.emit({ type: 'text-delta', text });
      await new Promise(setImmediate);
    }
    return texts.join('');
  });

/** Says texts in children of its own; a name that starts with `-` is retracted first. */
const script = (...lines: readonly (readonly [child: string, text: string])[]) =>
  defineStep({ kind: 'script' }, async (_: string, run: Run) => {
    const children = new Map<string, Run>();
    for (const [name, text] of lines) {
      const child = children.get(name.replace('-', '')) ?? run.child(name);
      children.set(name, child);
      child.emit(name.startsWith('-') ? { type: 'retract', reason: text } : { type: 'text-delta', text });
      await new Promise(setImmediate);
    }
  });

const waits = defineStep({ kind: 'waits' }, async (_: string, run: Run) => sleep(60_000, run));

const collect = async <T>(values: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
};

const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});
afterEach(async () => {
  await new Promise(setImmediate);
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

describe('stream', () => {
  it('gives all events in order and the result', async () => {
    const watched = stream(
      pipe(says('a', 'b'), (text) => text.length),
      '?',
    );
    const events = await collect(watched);
    expect(events.map(({ type, span }) => `${type} ${span.path.join('/')}`)).toEqual([
      'step-start pipe',
      'step-start pipe/says',
      'text-delta pipe/says',
      'text-delta pipe/says',
      'step-end pipe/says',
      'step-start pipe/function',
      'step-end pipe/function',
      'step-end pipe',
    ]);
    expect(await watched.result).toBe(2);
  });

  it('runs whether or not anybody reads, and keeps the events for a late reader', async () => {
    const watched = stream(says('a', 'b'), '?');
    expect(await watched.result).toBe('ab');
    expect(await collect(watched.text)).toEqual(['a', 'b']);
  });

  it('gives text as it arrives', async () => {
    const clock = manualClock();
    const step = async (_: string, run: Run): Promise<void> => {
      run.emit({ type: 'text-delta', text: 'now' });
      await sleep(1_000, run);
      run.emit({ type: 'text-delta', text: 'then' });
    };
    const reader = stream(step, '?', { clock }).text[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ done: false, value: 'now' });
    const second = reader.next();
    await clock.advance(1_000);
    expect(await second).toEqual({ done: false, value: 'then' });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  it('gives only the events that are asked for', async () => {
    const only = (event: RunEvent): boolean => event.span.name === 'b' && event.type === 'text-delta';
    const ask = pipe(named('a', says('1')), named('b', says('2')));
    expect(await collect(stream(ask, '?', { only }))).toMatchObject([{ type: 'text-delta', text: '2' }]);
  });

  it('answers reads that are asked for at once, in order', async () => {
    const reader = stream(says('a', 'b'), '?').text[Symbol.asyncIterator]();
    const reads = await Promise.all([reader.next(), reader.next(), reader.next(), reader.next()]);
    expect(reads.map(({ value }) => value)).toEqual(['a', 'b', undefined, undefined]);
  });

  it('takes 100,000 events from a step that never waits', async () => {
    const step = async (_: string, run: Run): Promise<void> => {
      for (let index = 0; index < 100_000; index++) run.emit({ type: 'text-delta', text: 'x' });
    };
    expect((await collect(stream(step, '?').text)).length).toBe(100_000);
  });

  it('has one reader: a second is told so', async () => {
    const watched = stream(says('a'), '?');
    await collect(watched.text);
    const twice = expect.objectContaining({ code: 'bad-input', message: expect.stringContaining('read') });
    await expect(collect(watched)).rejects.toEqual(twice);
    await expect(collect(watched.snapshots)).rejects.toEqual(twice);
    expect(() => watched.toResponse()).toThrow(twice);
  });
});

describe('a stream that fails', () => {
  it('gives the events before the failure, then the failure once', async () => {
    const reader = stream(
      pipe(says('a'), () => Promise.reject(bug)),
      '?',
    ).text[Symbol.asyncIterator]();
    expect(await reader.next()).toMatchObject({ value: 'a' });
    await expect(reader.next()).rejects.toBe(bug);
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  it.each([
    [
      'throws synchronously',
      () => {
        throw bug;
      },
    ],
    ['rejects', () => Promise.reject(bug)],
  ])('hands on that the step %s, to those who read and those who wait', async (_, step) => {
    await expect(stream(step, undefined).result).rejects.toBe(bug);
    await expect(collect(stream(step, undefined))).rejects.toBe(bug);
    stream(step, undefined);
  });

  it('ends with the failure of `only`-free listeners unharmed when `only` throws', async () => {
    const heard: string[] = [];
    const run = createRun({ on: (event) => heard.push(event.type) });
    const warnings: unknown[] = [];
    const onWarning = (warning: unknown): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const watched = stream(says('a'), '?', {
      run,
      only: () => {
        throw bug;
      },
    });
    expect(await watched.result).toBe('a');
    expect(await collect(watched)).toEqual([]);
    expect(heard).toEqual(['step-start', 'text-delta', 'step-end']);
    process.off('warning', onWarning);
    expect(warnings).toHaveLength(1);
  });
});

describe('leaving a stream', () => {
  it('cancels the run, and `result` rejects with the reason', async () => {
    const { run, clock } = testRun();
    const watched = stream(pipe(says('a'), waits), '?', { run });
    for await (const text of watched.text) {
      expect(text).toBe('a');
      break;
    }
    await expect(watched.result).rejects.toMatchObject({ name: 'AbortError' });
    expect(clock.pending).toBe(0);
    expect(run.signal.aborted).toBe(false);
    expect(getEventListeners(run.signal, 'abort')).toHaveLength(0);
  });

  it('settles a read that is still waiting', async () => {
    const reader = stream(waits, '?').text[Symbol.asyncIterator]();
    const read = reader.next();
    await reader.return?.();
    expect(await read).toEqual({ done: true, value: undefined });
  });

  it('is also done by `cancel`, with a reason of your own', async () => {
    const watched = stream(waits, '?');
    watched.cancel(gone);
    await expect(watched.result).rejects.toBe(gone);
    await expect(collect(watched)).rejects.toBe(gone);
  });

  it.each([
    ['answers', (): string => 'late'],
    [
      'fails',
      (): never => {
        throw bug;
      },
    ],
  ])('rejects with the reason though a plain function is deaf and %s', async (_, end) => {
    const watched = stream(async () => {
      await new Promise(setImmediate);
      return end();
    }, undefined);
    watched.cancel(gone);
    await expect(watched.result).rejects.toBe(gone);
  });

  it('is done from outside through the signals of the run and of the options', async () => {
    for (const which of [0, 1]) {
      const controls = [new AbortController(), new AbortController()] as const;
      const run = createRun({ signal: controls[0].signal });
      const watched = stream(waits, '?', { run, signal: controls[1].signal });
      await new Promise(setImmediate);
      controls[which]?.abort(gone);
      await expect(watched.result).rejects.toBe(gone);
      for (const { signal } of controls) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    }
    await expect(stream(waits, '?', { run: createRun(), signal: AbortSignal.abort(gone) }).result).rejects.toBe(gone);
  });

  it('starts nothing when it is cancelled at once', async () => {
    let calls = 0;
    const watched = stream(() => ++calls, undefined, { signal: AbortSignal.abort(gone) });
    await expect(watched.result).rejects.toBe(gone);
    expect(calls).toBe(0);
  });

  it('applies a budget beside that of the run', async () => {
    const run = createRun({ budget: { maxCalls: 5 } });
    const call = { label: 'm', tokens: 1, costUsd: 0 };
    const step = async (_: string, inner: Run): Promise<void> => {
      inner.meter.reserve(call);
      inner.meter.reserve(call);
    };
    await expect(stream(step, '?', { run, budget: { maxCalls: 1 } }).result).rejects.toMatchObject({
      code: 'budget-exceeded',
    });
  });
});

describe('retraction', () => {
  it.each([
    [
      'all of it',
      [
        ['a', 'Half'],
        ['-a', 'r'],
        ['b', 'Whole'],
      ],
      ['Half', '', 'Whole'],
    ],
    [
      'what a child showed, between others',
      [
        ['a', 'A'],
        ['b', 'B'],
        ['c', 'C'],
        ['-b', 'r'],
        ['d', 'D'],
      ],
      ['A', 'AB', 'ABC', 'AC', 'ACD'],
    ],
    [
      'nothing that was shown',
      [
        ['a', 'A'],
        ['b', ''],
        ['-b', 'r'],
        ['c', 'C'],
      ],
      ['A', 'AC'],
    ],
    [
      'the same twice',
      [
        ['a', 'A'],
        ['-a', 'r'],
        ['-a', 'r'],
        ['b', 'B'],
      ],
      ['A', '', 'B'],
    ],
    [
      'text of two that take turns',
      [
        ['a', '1'],
        ['b', 'x'],
        ['a', '2'],
        ['b', 'y'],
        ['-b', 'r'],
      ],
      ['1', '1x', '1x2', '1x2y', '12'],
    ],
  ] as const)('takes %s out of the snapshots', async (_, lines, expected) => {
    expect(await collect(stream(script(...lines), '?').snapshots)).toEqual(expected);
  });

  it.each([
    [
      'the same text comes again, cut elsewhere',
      [
        ['a', 'The ans'],
        ['-a', 'r'],
        ['b', 'The'],
        ['b', ' answer'],
        ['b', '.'],
      ],
      ['The ans', 'wer', '.'],
    ],
    [
      'exactly the same comes again',
      [
        ['a', 'Same'],
        ['-a', 'r'],
        ['b', 'Same'],
      ],
      ['Same'],
    ],
    [
      'nothing had been shown',
      [
        ['a', ''],
        ['-a', 'r'],
        ['b', 'All'],
      ],
      ['All'],
    ],
    [
      'the last of several is said again',
      [
        ['a', 'A'],
        ['b', 'B'],
        ['-b', 'r'],
        ['c', 'BC'],
      ],
      ['A', 'B', 'C'],
    ],
  ] as const)('`.text` goes on when %s', async (_, lines, expected) => {
    expect(await collect(stream(script(...lines), '?').text)).toEqual(expected);
  });

  it.each([
    [
      'other text comes',
      [
        ['a', 'Half'],
        ['-a', 'r'],
        ['b', 'Whole'],
      ],
    ],
    [
      'the new text is shorter',
      [
        ['a', 'Half'],
        ['-a', 'r'],
        ['b', 'Ha'],
      ],
    ],
    [
      'text in the middle goes',
      [
        ['a', 'A'],
        ['b', 'B'],
        ['c', 'C'],
        ['-b', 'r'],
      ],
    ],
  ] as const)('`.text` fails when %s', async (_, lines) => {
    await expect(collect(stream(script(...lines), '?').text)).rejects.toMatchObject({ code: 'text-retracted' });
  });

  it('costs linear time when a long text is said again', async () => {
    const step = async (_: string, run: Run): Promise<void> => {
      for (const name of ['first', 'second']) {
        const child = run.child(name);
        for (let index = 0; index < 40_000; index++) child.emit({ type: 'text-delta', text: 'word ' });
        if (name === 'first') child.emit({ type: 'retract', reason: 'again' });
      }
    };
    const startMs = performance.now();
    expect((await collect(stream(step, '?').text)).join('').length).toBe(200_000);
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });
});

const framesOf = async (response: Response): Promise<{ type: string; [key: string]: unknown }[]> => {
  const body = await response.text();
  expect(body.endsWith('\n\n')).toBe(true);
  return body
    .trimEnd()
    .split('\n\n')
    .map((frame) => JSON.parse(frame.replace(/^data: /, '')));
};

describe('toResponse', () => {
  it('is a server-sent-event response with text, retractions and the result, without inputs and prompts', async () => {
    const response = stream(
      pipe(
        () => 'secret prompt',
        script(['a', 'Half'], ['-a', 'again'], ['b', 'Whole']),
        () => ({ ok: true }),
      ),
      'secret',
    ).toResponse();
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform');
    const frames = await framesOf(response);
    expect(frames.map(({ type }) => type)).toEqual(['text-delta', 'retract', 'text-delta', 'result']);
    expect(frames[0]).toMatchObject({ text: 'Half', path: ['pipe', 'script', 'a'] });
    expect(frames[1]?.span).toBe(frames[0]?.span);
    expect(frames[3]).toEqual({ type: 'result', value: { ok: true } });
    expect(JSON.stringify(frames)).not.toContain('secret');
  });

  it('shows reasoning and progress and keeps status and headers that were given', async () => {
    const step = async (_: string, run: Run): Promise<void> => {
      run.emit({ type: 'reasoning-delta', text: 'hm' });
      run.emit({ type: 'progress', label: 'files', done: 1, total: 2 });
      run.emit({ type: 'warning', message: 'internal' });
    };
    const response = stream(step, '?').toResponse({
      status: 201,
      headers: { 'cache-control': 'no-store', 'x-id': '1' },
    });
    expect([response.status, response.headers.get('cache-control'), response.headers.get('x-id')]).toEqual([
      201,
      'no-store',
      '1',
    ]);
    expect((await framesOf(response)).map(({ type }) => type)).toEqual(['reasoning-delta', 'progress', 'result']);
  });

  it.each([
    [
      'one of ours',
      new PipewrightError('rate-limited', 'Slow down.', { retryable: true }),
      { code: 'rate-limited', message: 'Slow down.', retryable: true },
    ],
    ['another', new Error('password=hunter2'), { code: 'internal', message: 'The call failed.', retryable: false }],
    [
      'an abort',
      new DOMException('Stopped.', 'AbortError'),
      { code: 'internal', message: 'Stopped.', retryable: false },
    ],
  ])('ends with an error frame when the step fails with %s', async (_, failure, error) => {
    const frames = await framesOf(
      stream(
        pipe(says('a'), () => Promise.reject(failure)),
        '?',
      ).toResponse(),
    );
    expect(frames.map(({ type }) => type)).toEqual(['text-delta', 'error']);
    expect(frames[1]).toEqual({ type: 'error', error });
  });

  it('ends with an error frame when the result is no JSON', async () => {
    const frames = await framesOf(stream(() => 1n, undefined).toResponse());
    expect(frames).toMatchObject([{ type: 'error', error: { code: 'internal' } }]);
  });

  it('cancels the run when the client leaves, down to its timers', async () => {
    const { run, clock } = testRun();
    const watched = stream(pipe(says('a'), waits), '?', { run });
    const reader = watched.toResponse().body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toContain('"text":"a"');
    await reader?.cancel(gone);
    await expect(watched.result).rejects.toBe(gone);
    expect(clock.pending).toBe(0);
  });
});
