import { describe, expect, it } from 'vitest';
import { createRun, PipewrightError } from '../../core/index.js';
import { testRun } from '../../testing/index.js';
import { answerSchema, objectSchema, textIn, textSchema } from '../../ask/index.js';
import { codeTool, policy, tool, toolbox } from '../index.js';

const execute = codeTool();
const result = async (code: string, input?: unknown): Promise<unknown> =>
  (await execute({ code, ...(input === undefined ? {} : { input }) })).result;
const failure = (code: string): Promise<string> =>
  execute({ code }).then(
    () => 'no failure',
    (error: PipewrightError) => `${error.code}: ${error.message}`,
  );

describe('codeTool', () => {
  it.each([
    ['1 + 1', 2],
    ['const a = 4;\na * 2', 8],
    ['return [1, "a", null]', [1, 'a', null]],
    ['const x = await Promise.resolve(3); x + 1', 4],
    ['const x = await 3;\nreturn { x }', { x: 3 }],
    ['(async () => ({ a: await 1 }))()', { a: 1 }],
    ['new Map([["a", new Set([1, 2])]])', { a: [1, 2] }],
    ['2n ** 70n', '1180591620717411303424'],
    ['input.rows.filter(({ n }) => n > 1)', [{ n: 2 }]],
    ['undefined', undefined],
  ])('gives what %j comes to', async (code, expected) => {
    expect(await result(code, { rows: [{ n: 1 }, { n: 2 }] })).toEqual(expected);
  });

  it('gives what was printed, up to a limit', async () => {
    expect(await execute({ code: 'console.log("a", { b: [1n] }, new TypeError("c")); console.error(2)' })).toEqual({
      output: 'a {"b":["1"]} TypeError: c\n2',
    });
    const short = codeTool({ maxOutputLength: 100 });
    const { output } = await short({ code: 'for (let i = 0; i < 1e5; i++) console.log("line " + i)' });
    expect(output).toMatch(/^line 0\nline 1\n[\s\S]*left out\]$/u);
    expect(output?.length).toBeLessThan(150);
    await expect(short({ code: '"a".repeat(200)' })).rejects.toThrow('longer than 100 characters');
  });

  it('tells the model the error, its line and what was printed before', async () => {
    const told = await failure('const f = (x) => {\n  console.log("here");\n  return x.y.z;\n};\n\nf({});');
    expect(told).toContain("bad-input: The code failed.\nTypeError: cannot read property 'z' of undefined");
    expect(told).toContain('at f (code.js:3');
    expect(told).toContain('It printed:\nhere');
    expect(await failure('const a = 1;\nconst b = ;')).toMatch(/SyntaxError: .*\n.*code\.js:2/u);
    expect(await failure('await 1;\nreturn null.x')).toContain('code.js:2');
    expect(await failure('throw { a: 1 }')).toContain('{"a":1}');
    expect(await failure('await new Promise(() => {})')).toContain('waits for a promise that nothing settles');
  });

  it('keeps nothing from one run to the next', async () => {
    await execute({ code: 'globalThis.kept = 1; Object.prototype.kept = 1; Array.prototype.map = () => [9]; 1' });
    expect(await result('[typeof kept, ({}).kept === undefined, [1].map((x) => x)]')).toEqual(['undefined', true, [1]]);
  });

  it('stops code at its limit of time, and says where it was and what it had printed', async () => {
    const running = codeTool({ timeoutMs: 100 })({ code: 'console.log("on");\nfor (;;) {\n  Math.sin(1);\n}' });
    const error = await running.catch((thrown: unknown) => thrown);
    const message = expect.stringMatching(/within 100 ms[\s\S]*code\.js:\d[\s\S]*printed:\non/u);
    expect(error).toMatchObject({ code: 'timeout', message });
  });

  it('ends the thread of code that does not stop when it is told to', async () => {
    const slow = codeTool({ timeoutMs: 100 });
    // One long step of the engine, which it does not look up from.
    const lost = '"a".repeat(1e5).replace(/a/g, "$&".repeat(20_000)).length';
    await expect(slow({ code: lost })).rejects.toMatchObject({ code: 'timeout' });
    expect(await slow({ code: '1' })).toEqual({ result: 1 });
  });

  it('Q02 ends with the reason of its caller, whatever the code does', async () => {
    const control = new AbortController();
    const running = execute({ code: 'for (;;);' }, createRun({ signal: control.signal }));
    control.abort(new Error('gave up'));
    await expect(running).rejects.toThrow('gave up');
  });

  it('leaves the event loop alone while code runs', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await codeTool({ timeoutMs: 150 })({ code: 'for (;;);' }).catch(() => undefined);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(20);
  });
});

const double = tool({
  name: 'double',
  description: 'Doubles.',
  input: answerSchema(objectSchema({ text: textSchema }), (value) => ({ value: textIn(value, 'text') })),
  isReadOnly: true,
  run: (text) => (text === 'bad' ? Promise.reject(new Error('no such text')) : { twice: text + text }),
});
const seen: string[] = [];
const erase = tool({
  name: 'erase',
  description: 'Erases.',
  input: answerSchema(objectSchema({ text: textSchema }), (value) => ({ value: textIn(value, 'text') })),
  run: (text) => void seen.push(text),
});
let began = (): void => undefined;
const stuck = tool({
  name: 'stuck',
  description: 'Hangs.',
  isReadOnly: true,
  input: answerSchema(objectSchema({}), () => ({ value: {} })),
  run: (_, run) =>
    new Promise<never>((_resolve, reject) => {
      run.onAbort(() => reject(run.signal.reason));
      began();
    }),
});

describe('codeTool with tools', () => {
  const tools = toolbox([double, erase, stuck], { policy: policy([{ tool: 'erase', verdict: 'ask' }]) });
  const withTools = codeTool({ tools, maxToolCalls: 3 });

  it('lets code call them, and catch what they throw', async () => {
    const code = `const [a, b] = await Promise.all([tools.double({ text: 'a' }), tools.double({ text: 'b' })]);
      const error = await tools.double({ text: 'bad' }).catch((error) => error.message);
      return { a, b, error }`;
    expect((await withTools({ code })).result).toEqual({
      a: { twice: 'aa' },
      b: { twice: 'bb' },
      error: 'Error: no such text',
    });
  });

  it('holds their policy: what a person must approve of is refused', async () => {
    const asking = withTools({ code: 'await tools.erase({ text: "all" })' });
    await expect(asking).rejects.toThrow('a person must approve of it first');
    expect(seen).toEqual([]);
    expect(withTools.isReadOnly).toBe(false);
  });

  it('limits how many calls there are', async () => {
    const code = 'for (let i = 0; i < 5; i++) await tools.double({ text: "a" })';
    await expect(withTools({ code })).rejects.toThrow('Only 3 calls of tools are allowed');
  });

  it('cancels a tool that is still at work when the time is over, or the caller gives up', async () => {
    const { run, clock, abort } = testRun();
    const isAtWork = (): Promise<void> =>
      new Promise((resolve) => {
        began = resolve;
      });
    const first = isAtWork();
    const code = 'console.log("asks"); await tools.stuck()';
    const running = withTools({ code }, run).catch((error: unknown) => error);
    await first;
    await clock.advance(5_000);
    expect(await running).toMatchObject({ code: 'timeout', message: expect.stringContaining('asks') });
    expect(clock.pending).toBe(0);
    const second = isAtWork();
    const again = withTools({ code }, run);
    await second;
    abort(new Error('gave up'));
    await expect(again).rejects.toThrow('gave up');
  });

  it('ends with an exceeded budget, whatever the code catches', async () => {
    const broke = new PipewrightError('budget-exceeded', 'No more.');
    const input = answerSchema(objectSchema({}), () => ({ value: {} }));
    const box = toolbox([tool({ name: 'double', description: 'Fails.', input, run: () => Promise.reject(broke) })]);
    const code = 'try { await tools.double({ text: "a" }) } catch {} 1';
    await expect(codeTool({ tools: box })({ code })).rejects.toBe(broke);
  });

  it('refuses limits that make no sense', () => {
    expect(() => codeTool({ timeoutMs: 0 })).toThrow('timeoutMs');
    expect(() => codeTool({ maxMemoryBytes: 10 })).toThrow('maxMemoryBytes');
  });
});
