import {
  type AnyStep,
  callStep,
  checkAtLeast,
  checkSchema,
  defineStep,
  defineStepWith,
  isPipewrightError,
  map,
  PipewrightError,
  type Run,
  type Step,
  type StepChild,
  type StepLike,
  type ToolCallPart,
  type ToolResultPart,
} from '../core/index.js';
import type { ToolDefinition } from '../model/index.js';
import { parseJson } from '../output/index.js';
import { timeout } from '../resilience/index.js';
import { repairInput } from './repair-input.js';
import type { Tool } from './tool.js';
import { failureOf, resultOf } from './tool-result.js';

export interface ToolboxOptions {
  /** How many calls of one reply run at once. @default 8 */
  readonly concurrency?: number;
}

/** Tools for a model: a step from the calls of a reply to their results, in the order of the calls. */
export interface Toolbox extends Step<readonly ToolCallPart[], readonly ToolResultPart[]> {
  readonly tools: readonly Tool[];
  /** What a request takes as `tools`: always in the same order, so that caches of prompts keep working. */
  readonly definitions: readonly ToolDefinition[];
  /** One call alone. */
  readonly call: Step<ToolCallPart, ToolResultPart>;
  readonly concurrency: number;
}

/** The arguments of a call as they are meant: what the model wrote as text is read. */
const givenTo = (call: ToolCallPart): unknown => {
  if (typeof call.input !== 'string') return call.input ?? {};
  return call.input.trim() === '' ? {} : parseJson(call.input);
};

/** The arguments as they are if they fit, else what is clearly meant by them. */
const fitting = async ({ input, inputSchema }: Tool, given: unknown): Promise<unknown> =>
  (await checkSchema(input, given)).isValid ? given : repairInput(inputSchema, given);

/** A tool with its time limit. */
interface Held {
  readonly tool: Tool;
  readonly limited: StepLike<unknown, unknown>;
}

const held = (tool: Tool): Held => {
  // What it is given is checked by the tool itself.
  const step = tool as unknown as Step<unknown, unknown>;
  return { tool, limited: timeout(step, { totalMs: tool.timeoutMs }) };
};

/** What ends the whole run, and is no business of the model. */
const isFatal = (error: unknown): boolean => isPipewrightError(error) && error.code === 'budget-exceeded';

const notFound = (name: string, tools: ReadonlyMap<string, Held>): PipewrightError => {
  const names = [...tools.keys()].map((each) => `\`${each}\``).join(', ');
  return new PipewrightError('not-found', `There is no tool \`${name}\`. There are: ${names === '' ? 'none' : names}.`);
};

const callTool = async (tools: ReadonlyMap<string, Held>, call: ToolCallPart, run: Run): Promise<ToolResultPart> => {
  try {
    const owner = tools.get(call.name);
    if (owner === undefined) throw notFound(call.name, tools);
    const input = await fitting(owner.tool, givenTo(call));
    run.throwIfAborted();
    const output = await callStep(owner.limited, input, run, call.name);
    return resultOf(call, output, owner.tool.maxResultLength);
  } catch (error) {
    run.throwIfAborted();
    if (isFatal(error)) throw error;
    return failureOf(call, error);
  }
};

const asChildren = (tools: readonly Tool[]): readonly StepChild[] =>
  tools.map((each) => ({ label: each.name, step: each as AnyStep }));

/**
 * Puts tools together for a model. Give a request `definitions` as its `tools`, and the toolbox the `toolCalls` of the reply: it
 * checks the arguments, mends what is clearly meant, runs the calls side by side, each with the time limit of its tool, and
 * resolves to one result for each call. What fails (a tool, its arguments, its time, a name that is not there) becomes a result
 * that tells the model what was wrong; an abort and an exceeded budget reject instead.
 * @throws {PipewrightError} `bad-option` when two tools have one name.
 * @example
 * const clock = tool({ name: 'clock', description: 'Tells the time.', input: z.object({}), run: () => 'four' });
 * const [result] = await toolbox([clock])([{ type: 'tool-call', id: '1', name: 'clock', input: {} }]);
 * result.output // => 'four'
 */
export const toolbox = (tools: readonly Tool[], options: ToolboxOptions = {}): Toolbox => {
  const { concurrency = 8 } = options;
  checkAtLeast('concurrency', concurrency, 1);
  const byName = new Map(tools.map((each) => [each.name, held(each)]));
  if (byName.size < tools.length) {
    const twice = tools.find((each, at) => tools.findIndex(({ name }) => name === each.name) !== at);
    throw new PipewrightError('bad-option', `Two tools are called \`${twice?.name}\`. Rename one.`);
  }
  const call = defineStep({ kind: 'tool-call', children: asChildren(tools) }, (asked: ToolCallPart, run: Run) =>
    callTool(byName, asked, run),
  );
  const props = { tools, definitions: tools.map(({ definition }) => definition), call, concurrency };
  const info = { kind: 'toolbox', details: { concurrency }, children: asChildren(tools) };
  const callAll = map(call, { concurrency });
  return defineStepWith(info, props, (calls: readonly ToolCallPart[], run: Run) => callAll(calls, run));
};
