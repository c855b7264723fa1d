import {
  type AnyStep,
  callStep,
  checkAtLeast,
  checkSchema,
  createRun,
  defineStep,
  defineStepWith,
  isPipewrightError,
  map,
  PipewrightError,
  type Run,
  type Step,
  type StepChild,
  type StepLike,
  toJson,
  type ToolCallPart,
  type ToolResultPart,
} from '../core/index.js';
import type { ToolDefinition } from '../model/index.js';
import { parseJson } from '../output/index.js';
import { timeout } from '../resilience/index.js';
import { type Approval, type ApprovalRequest, approvalsKey, digestOf } from './approval.js';
import type { Policy } from './policy.js';
import { repairInput } from './repair-input.js';
import type { Tool } from './tool.js';
import { failureOf, resultOf } from './tool-result.js';

export interface ToolboxOptions {
  /** How many calls of one reply run at once. @default 8 */
  readonly concurrency?: number;
  /** Which calls may run, and which a person must approve of. @default all may run */
  readonly policy?: Policy;
}

/** Tools for a model: a step from the calls of a reply to their results, in the order of the calls. */
export interface Toolbox extends Step<readonly ToolCallPart[], readonly ToolResultPart[]> {
  readonly tools: readonly Tool[];
  /** What a request takes as `tools`: always in the same order, so that caches of prompts keep working. */
  readonly definitions: readonly ToolDefinition[];
  /** One call alone. */
  readonly call: Step<ToolCallPart, ToolResultPart>;
  /** What a person must decide before this call runs; undefined when it can run, or is refused, without. */
  readonly approvalFor: (call: ToolCallPart, run?: Run) => Promise<ApprovalRequest | undefined>;
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

interface Box {
  readonly tools: ReadonlyMap<string, Held>;
  readonly policy: Policy;
}

interface Prepared {
  readonly held: Held;
  readonly input: unknown;
}

/** The tool of a call, and the arguments that it will run with: those that are decided on. */
const prepare = async ({ tools }: Box, call: ToolCallPart): Promise<Prepared> => {
  const owner = tools.get(call.name);
  if (owner === undefined) throw notFound(call.name, tools);
  return { held: owner, input: await fitting(owner.tool, givenTo(call)) };
};

const approvalIn = (digest: string, run: Run): Approval | undefined =>
  run.get(approvalsKey)?.find((approval) => approval.digest === digest);

/** Throws unless the call may run now. */
const checkAllowed = ({ policy }: Box, call: ToolCallPart, { held, input }: Prepared, run: Run): void => {
  const { verdict, reason } = policy(held.tool, input);
  if (verdict === 'allow') return;
  const approval = verdict === 'ask' ? approvalIn(digestOf(call, input), run) : undefined;
  if (approval?.isApproved === true) return;
  const why =
    approval === undefined
      ? `${verdict === 'ask' ? 'a person must approve of it first' : 'that is not allowed'}. ${reason}`
      : `a person refused it. ${approval.note ?? ''}`;
  throw new PipewrightError('not-allowed', `\`${call.name}\` was not run: ${why.trim()}`);
};

const callTool = async (box: Box, call: ToolCallPart, run: Run): Promise<ToolResultPart> => {
  try {
    const prepared = await prepare(box, call);
    run.throwIfAborted();
    checkAllowed(box, call, prepared, run);
    const { held, input } = prepared;
    const output = await callStep(held.limited, input, run, call.name);
    return resultOf(call, output, held.tool.maxResultLength);
  } catch (error) {
    run.throwIfAborted();
    if (isFatal(error)) throw error;
    return failureOf(call, error);
  }
};

/** A call that will fail anyway, because there is no such tool or no way to read its arguments, is nobody's to decide. */
const approvalFor = async (box: Box, call: ToolCallPart, run: Run): Promise<ApprovalRequest | undefined> => {
  try {
    const { held, input } = await prepare(box, call);
    const { verdict, reason } = box.policy(held.tool, input);
    const digest = digestOf(call, input);
    const isOpen = verdict === 'ask' && approvalIn(digest, run) === undefined;
    return isOpen ? { callId: call.id, tool: call.name, input: toJson(input), digest, reason } : undefined;
  } catch (error) {
    if (isPipewrightError(error)) return undefined;
    throw error;
  }
};

const allowAll: Policy = () => ({ verdict: 'allow', reason: '' });

const asChildren = (tools: readonly Tool[]): readonly StepChild[] =>
  tools.map((each) => ({ label: each.name, step: each as AnyStep }));

/**
 * Puts tools together for a model. Give a request `definitions` as its `tools`, and the toolbox the `toolCalls` of the reply: it
 * checks the arguments, mends what is clearly meant, runs the calls side by side, each with the time limit of its tool, and
 * resolves to one result for each call. What fails (a tool, its arguments, its time, a name that is not there) becomes a result
 * that tells the model what was wrong; an abort and an exceeded budget reject instead. What the `policy` denies, and what nobody has
 * approved of where it asks, does not run: an agent pauses for it.
 * @throws {PipewrightError} `bad-option` when two tools have one name.
 * @example
 * const clock = tool({ name: 'clock', description: 'Tells the time.', input: z.object({}), run: () => 'four' });
 * const [result] = await toolbox([clock])([{ type: 'tool-call', id: '1', name: 'clock', input: {} }]);
 * result.output // => 'four'
 */
export const toolbox = (tools: readonly Tool[], options: ToolboxOptions = {}): Toolbox => {
  const { concurrency = 8, policy = allowAll } = options;
  checkAtLeast('concurrency', concurrency, 1);
  const byName = new Map(tools.map((each) => [each.name, held(each)]));
  if (byName.size < tools.length) {
    const twice = tools.find((each, at) => tools.findIndex(({ name }) => name === each.name) !== at);
    throw new PipewrightError('bad-option', `Two tools are called \`${twice?.name}\`. Rename one.`);
  }
  const box: Box = { tools: byName, policy };
  const call = defineStep({ kind: 'tool-call', children: asChildren(tools) }, (asked: ToolCallPart, run: Run) =>
    callTool(box, asked, run),
  );
  const props = {
    tools,
    definitions: tools.map(({ definition }) => definition),
    call,
    approvalFor: (asked: ToolCallPart, run: Run = createRun()) => approvalFor(box, asked, run),
    concurrency,
  };
  const info = { kind: 'toolbox', details: { concurrency }, children: asChildren(tools) };
  const callAll = map(call, { concurrency });
  return defineStepWith(info, props, (calls: readonly ToolCallPart[], run: Run) => callAll(calls, run));
};
