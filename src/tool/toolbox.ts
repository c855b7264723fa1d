import {
  type AnyStep,
  checkAtLeast,
  createRun,
  defineStep,
  defineStepWith,
  map,
  PipewrightError,
  type Run,
  type Step,
  type StepChild,
  type ToolCallPart,
  type ToolResultPart,
} from '../core/index.js';
import type { ToolDefinition } from '../model/index.js';
import type { ApprovalRequest } from './approval.js';
import type { Audit } from './audit.js';
import { approvalFor, type Box, callTool, held } from './call-tool.js';
import type { Policy } from './policy.js';
import type { Tool } from './tool.js';

export interface ToolboxOptions {
  /** How many calls of one reply run at once. @default 8 */
  readonly concurrency?: number;
  /** Which calls may run, and which a person must approve of. @default all may run */
  readonly policy?: Policy;
  /** Is told of every decision and what came of it; a call whose decision it cannot take down does not run. @default nobody */
  readonly audit?: Audit;
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
  const box: Box = { tools: byName, policy, audit: options.audit };
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
