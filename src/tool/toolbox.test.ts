import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRun, PipewrightError, sleep, type ToolCallPart } from '../core/index.js';
import { manualClock } from '../testing/index.js';
import { jsonSchema, tool, toolbox } from './index.js';

const call = (name: string, input: unknown, id = name): ToolCallPart => ({ type: 'tool-call', id, name, input });

const add = tool({
  name: 'add',
  description: 'Adds two numbers.',
  input: z.object({ a: z.number(), b: z.number() }),
  run: ({ a, b }) => a + b,
});
const wait = tool({
  name: 'wait',
  description: 'Waits.',
  input: z.object({ ms: z.number() }),
  timeoutMs: 1_000,
  run: async ({ ms }, run) => {
    await sleep(ms, run);
    return `waited ${ms}`;
  },
});
const deaf = tool({
  name: 'deaf',
  description: 'Never ends, and hears nothing.',
  input: z.object({}),
  run: () => new Promise<string>(() => undefined),
});
const failing = (error: unknown) =>
  tool({
    name: 'fail',
    description: 'Fails.',
    input: z.object({}),
    run: () => {
      throw error;
    },
  });

describe('tool', () => {
  it('is a step that takes its arguments and gives its result', async () => {
    expect(await add({ a: 1, b: 2 })).toBe(3);
    expect(add.definition).toMatchObject({ name: 'add', inputSchema: { type: 'object', required: ['a', 'b'] } });
  });

  it('names the fields that do not fit', async () => {
    await expect(add({ a: 1, b: 'two' } as never)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(/`add` do not fit: b: .*number/),
    });
  });

  it.each(['', 'with space', 'a'.repeat(65), 'dot.dot'])('refuses the name `%s`', (name) => {
    expect(() => tool({ name, description: '', input: z.object({}), run: () => 1 })).toThrow(/1 to 64 letters/);
  });

  it('refuses a schema that is none of an object', () => {
    const make = () => tool({ name: 'x', description: '', input: z.string(), run: () => 1 });
    expect(make).toThrow(expect.objectContaining({ code: 'bad-schema' }));
  });

  it('takes a JSON Schema, and says where a value does not fit', async () => {
    const named = tool({
      name: 'greet',
      description: 'Greets.',
      input: jsonSchema<{ readonly name: string }>({
        type: 'object',
        properties: { name: { type: 'string' }, tags: { type: 'array', items: { type: 'string' } } },
        required: ['name'],
        additionalProperties: false,
      }),
      run: ({ name }) => `Hello ${name}`,
    });
    expect(await named({ name: 'Ann' })).toBe('Hello Ann');
    await expect(named({} as never)).rejects.toThrow(/required property "name"/);
    await expect(named({ name: 'Ann', tags: ['a', 4] } as never)).rejects.toThrow(/tags\.1: .*"string"/);
    await expect(named({ name: 'Ann', other: 4 } as never)).rejects.toThrow(/"other"/);
  });
});

describe('toolbox', () => {
  it('Q21 gives the results in the order of the calls, whichever ends first', async () => {
    const clock = manualClock();
    const run = createRun({ clock });
    const running = toolbox([wait])([call('wait', { ms: 30 }, 'a'), call('wait', { ms: 10 }, 'b')], run);
    await clock.advance(50);
    const results = await running;
    expect(results.map(({ id, output }) => [id, output])).toEqual([
      ['a', 'waited 30'],
      ['b', 'waited 10'],
    ]);
  });

  it('runs as many calls at once as it may', async () => {
    let atOnce = 0;
    let most = 0;
    const counted = tool({
      name: 'counted',
      description: 'Counts.',
      input: z.object({}),
      run: async () => {
        most = Math.max(most, ++atOnce);
        await Promise.resolve();
        await Promise.resolve();
        atOnce--;
      },
    });
    const calls = Array.from({ length: 6 }, (_, at) => call('counted', {}, String(at)));
    const results = await toolbox([counted], { concurrency: 2 })(calls);
    expect(most).toBe(2);
    expect(results.every(({ output }) => output === 'Done.')).toBe(true);
  });

  it.each([
    ['a tool that throws', failing(new Error('no network')), 'Error: no network'],
    ['a typed error', failing(new PipewrightError('rate-limited', 'Too fast.')), 'Error: rate-limited: Too fast.'],
    ['what is no error', failing('plainly'), 'Error: plainly'],
  ])('tells the model of %s', async (_, broken, output) => {
    const [result] = await toolbox([broken])([call('fail', {})]);
    expect(result).toEqual({ type: 'tool-result', id: 'fail', name: 'fail', output, isError: true });
  });

  it('Q30 keeps secrets in errors from the model', async () => {
    const [result] = await toolbox([failing(new Error('401 for sk-abcdefghijklmnop1234'))])([call('fail', {})]);
    expect(result?.output).toBe('Error: 401 for [secret]');
  });

  it('names the tools that there are when one is asked for that is not', async () => {
    const [result] = await toolbox([add])([call('sum', {})]);
    expect(result).toMatchObject({ isError: true, output: expect.stringContaining('`sum`. There are: `add`') });
  });

  it('mends arguments whose meaning is clear, and tells the field of others', async () => {
    const box = toolbox([add]);
    const outputs = (
      await box([
        call('add', { a: '1', b: 2 }, '1'),
        call('add', '{"a": 1, "b": 2,}', '2'),
        call('add', { arguments: { a: 1, b: 2 } }, '3'),
        call('add', { a: 1, b: 'two' }, '4'),
        call('add', '{"a": 1, "b', '5'),
      ])
    ).map(({ output }) => output);
    expect(outputs.slice(0, 3)).toEqual([3, 3, 3]);
    expect(outputs[3]).toMatch(/bad-input: The arguments of `add` do not fit: b: /);
    expect(outputs[4]).toMatch(/output-invalid: /);
  });

  it('ends a tool that takes too long, also one that is deaf to its signal', async () => {
    const clock = manualClock();
    const run = createRun({ clock });
    const running = toolbox([wait, deaf])([call('wait', { ms: 5_000 }), call('deaf', {})], run);
    await clock.advance(60_000);
    for (const { isError, output } of await running) {
      expect(isError).toBe(true);
      expect(output).toMatch(/^Error: timeout: /);
    }
  });

  it('Q02 rejects with the reason of an abort, from tools that hear it, and from those that do not', async () => {
    for (const name of ['wait', 'deaf']) {
      const controller = new AbortController();
      const run = createRun({ signal: controller.signal });
      const running = toolbox([wait, deaf])([call(name, { ms: 5_000 })], run);
      const reason = new Error('gave up');
      controller.abort(reason);
      await expect(running).rejects.toBe(reason);
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    }
  });

  it('Q20 passes an exceeded budget on: it ends the run, not the call', async () => {
    const error = new PipewrightError('budget-exceeded', 'Enough.');
    await expect(toolbox([failing(error)])([call('fail', {})])).rejects.toBe(error);
  });

  it('cuts results that are too long, not through a character, and says so', async () => {
    const long = tool({
      name: 'long',
      description: 'Writes.',
      input: z.object({ as: z.string() }),
      maxResultLength: 4,
      run: ({ as }) => (as === 'text' ? 'abc😀def' : { a: 'abcdef' }),
    });
    const [text, object] = await toolbox([long])([call('long', { as: 'text' }), call('long', { as: 'object' })]);
    expect(text?.output).toBe('abc\n… [5 of 8 characters left out: ask for less]');
    expect(object?.output).toMatch(/^\{"a"\n… \[10 of 14/);
  });

  it('Q24 takes `__proto__` in arguments as plain data or not at all', async () => {
    const keep = tool({
      name: 'keep',
      description: 'Keeps.',
      input: jsonSchema<object>({ type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }),
      run: (given) => Object.getPrototypeOf(given) === Object.prototype && !('isAdmin' in given),
    });
    const outputs = (
      await toolbox([keep])([
        call('keep', '{"n": 1, "__proto__": {"isAdmin": true}}', '1'),
        call('keep', '{"n": "1", "__proto__": {"isAdmin": true}}', '2'),
      ])
    ).map(({ output }) => output);
    expect(outputs).toEqual([true, true]);
  });

  it('refuses two tools of one name', () => {
    expect(() => toolbox([add, add])).toThrow('Two tools are called `add`. Rename one.');
  });

  it('gives circular results back as failures', async () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const round = tool({ name: 'round', description: '', input: z.object({}), run: () => circle });
    expect((await toolbox([round])([call('round', {})]))[0]).toMatchObject({ isError: true });
  });
});
