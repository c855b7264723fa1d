import { checkAtLeast, randomId, type Run } from '../../core/index.js';
import { answerSchema, member, objectSchema, type Read, textIn, textSchema } from '../../ask/index.js';
import { type Tool, tool } from '../tool.js';
import type { Toolbox } from '../toolbox.js';
import { sandbox, type SandboxResult } from './sandbox.js';

export interface CodeToolOptions {
  /** @default 'run_javascript' */
  readonly name?: string;
  /** What the code may call, as `await tools.name({ … })`: with the checks, the policy and the limits of this toolbox. @default none */
  readonly tools?: Toolbox;
  /** Calls of tools in one run. @default 50 */
  readonly maxToolCalls?: number;
  /** Code that takes longer is stopped; calls of tools count. @default 5000 */
  readonly timeoutMs?: number;
  /** @default 67108864 */
  readonly maxMemoryBytes?: number;
  /** Characters of the result as JSON, and of what is printed. @default 20000 */
  readonly maxOutputLength?: number;
}

export interface CodeRequest {
  readonly code: string;
  /** Plain data that the code sees as `input`. */
  readonly input?: unknown;
}

export interface CodeResult {
  /** What the last expression, or `return`, gave, as plain data. */
  readonly result?: unknown;
  /** What `console.log` printed. */
  readonly output?: string;
}

const read = (value: unknown): Read<CodeRequest> => {
  const code = textIn(value, 'code');
  const input = member(value, 'input');
  if (code === '') return { issues: ['code: must be JavaScript'] };
  return { value: { code, ...(input === undefined ? {} : { input }) } };
};

const describe = (tools: Toolbox | undefined, timeoutMs: number): string => {
  const names = tools?.tools.map(({ name }) => `tools.${name}`) ?? [];
  const calls = names.length === 0 ? '' : ` It may call, each with one object of arguments: await ${names.join(', ')}.`;
  return (
    'Runs JavaScript in a sandbox, for computing and for changing data, and gives the value of its last expression or `return` as ' +
    'JSON, and what console.log printed. There is the language itself and `await`, but no files, network, modules, timers and DOM. ' +
    `It has ${timeoutMs / 1_000} s; nothing is kept from one run to the next.${calls}`
  );
};

const leftOut = '… [more was printed, and left out]';

const resultOf = ({ json, printed, isCut }: SandboxResult): CodeResult => ({
  ...(json === undefined ? {} : { result: JSON.parse(json) as unknown }),
  ...(printed === '' && !isCut ? {} : { output: isCut ? `${printed}\n${leftOut}`.trimStart() : printed }),
});

/** Calls of one run: each under an id of its own, so that what a person approved of before is not approved of again. */
const caller = (tools: Toolbox | undefined, maxToolCalls: number) => {
  let calls = 0;
  return async (name: string, given: string, run: Run): Promise<string> => {
    if (tools === undefined) throw new Error('There are no tools here.');
    if (++calls > maxToolCalls) throw new Error(`Only ${maxToolCalls} calls of tools are allowed in one run.`);
    const id = `code-${randomId(run.random)}`;
    const { output, isError = false } = await tools.call(
      { type: 'tool-call', id, name, input: JSON.parse(given) as unknown },
      run,
    );
    if (isError) throw new Error(typeof output === 'string' ? output : JSON.stringify(output));
    return JSON.stringify(output);
  };
};

/**
 * A tool that runs JavaScript which a model writes: in QuickJS, compiled to WebAssembly, on a thread of its own. The code sees the
 * language, `input`, `console` and the tools that it is given; it has no way to this process, its files, its network or its timers.
 * Time, memory, stack and output are limited; what does not stop by itself is ended with its thread, and so is everything when the
 * caller gives up. A call of a tool inside that needs the approval of a person is refused.
 * Needs `quickjs-emscripten-core` and `@jitl/quickjs-wasmfile-release-sync`. Costs no call of a model; the first run starts a thread.
 * The step throws `bad-input` for code that fails (with the error, its line and what was printed), `timeout`, `dependency-missing`,
 * and `budget-exceeded` where a tool does.
 * @throws {PipewrightError} `bad-option`.
 * @example await codeTool()({ code: 'input.map((n) => n * 2)', input: [1, 2] }) // => { result: [2, 4] }
 */
export const codeTool = (options: CodeToolOptions = {}): Tool<CodeRequest, CodeResult> => {
  const { name = 'run_javascript', tools, maxToolCalls = 50, timeoutMs = 5_000 } = options;
  const { maxMemoryBytes = 67_108_864, maxOutputLength = 20_000 } = options;
  checkAtLeast('maxToolCalls', maxToolCalls, 0);
  const execute = sandbox({ timeoutMs, maxMemoryBytes, maxOutputLength });
  const inside = tools?.tools ?? [];
  const names = inside.map((each) => each.name);
  const fields = {
    code: { ...textSchema, description: 'The JavaScript.' },
    input: { description: 'Data that the code sees as `input`.' },
  };
  return tool({
    name,
    description: describe(tools, timeoutMs),
    input: answerSchema({ ...objectSchema(fields), required: ['code'] }, read),
    // The sandbox keeps its own time, and says more about what it stopped.
    timeoutMs: timeoutMs * 2 + 5_000,
    isReadOnly: inside.every(({ isReadOnly }) => isReadOnly),
    isOutward: inside.some(({ isOutward }) => isOutward),
    isUntrusted: inside.some(({ isUntrusted }) => isUntrusted),
    run: async ({ code, input = null }, run) => {
      const call = caller(tools, maxToolCalls);
      return resultOf(await execute({ code, input: JSON.stringify(input), names, call }, run));
    },
  });
};
