import { type AnyStep, defineStepWith, type Run, type ToolCallPart, type ToolResultPart } from '../../core/index.js';
import type { Toolbox } from '../../tool/index.js';
import type { AgentStep } from '../types.js';
import { repeatCounter } from './repeats.js';

/** Why a result helps nobody: the call failed, nothing came of it, or it is that of the same call before. */
export type Disappointment = 'failed' | 'empty' | 'repeated';

/** One call with what came of it. */
export interface WatchedCall {
  /** Which step it belongs to. */
  readonly step: number;
  readonly call: ToolCallPart;
  readonly result: ToolResultPart;
  /** Undefined where the result is of use. */
  readonly disappointment: Disappointment | undefined;
}

/** How a tool did for a task. */
export interface ToolReport {
  readonly tool: string;
  /** Whether the last plan has it. */
  readonly isPlanned: boolean;
  readonly calls: number;
  readonly failures: number;
  readonly empty: number;
  readonly repeats: number;
  /** Calls whose results were none of these. */
  readonly useful: number;
  readonly totalMs: number;
}

const isEmpty = (output: unknown): boolean => {
  if (output === null || output === undefined) return true;
  if (typeof output === 'string') return /^\s*(?:|\[\s*\]|\{\s*\}|null|none)\s*$/iu.test(output);
  return typeof output === 'object' && Object.keys(output).length === 0;
};

/** All calls that have results, in their order. */
export const watched = (steps: readonly AgentStep[]): readonly WatchedCall[] => {
  const count = repeatCounter();
  return steps.flatMap(({ calls, results }, step) =>
    results.flatMap((result): readonly WatchedCall[] => {
      const call = calls.find(({ id }) => id === result.id);
      if (call === undefined) return [];
      const times = count(call, result);
      const others = isEmpty(result.output) ? 'empty' : times > 1 ? 'repeated' : undefined;
      return [{ step, call, result, disappointment: result.isError === true ? 'failed' : others }];
    }),
  );
};

/** What is shown of arguments and results. */
const maxShown = 300;
const shown = (value: unknown): string =>
  (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, maxShown);

/** A disappointing call in words. */
export const problemText = ({ call, result, disappointment }: WatchedCall): string =>
  `${call.name} ${shown(call.input)}: ${disappointment}${disappointment === 'empty' ? '' : `: ${shown(result.output)}`}`;

export const reportsOf = (
  calls: readonly WatchedCall[],
  planned: readonly string[],
  spentMs: Readonly<Record<string, number>>,
): readonly ToolReport[] => {
  const names = [...new Set([...planned, ...calls.map(({ call }) => call.name)])];
  return names.map((tool) => {
    const own = calls.filter(({ call }) => call.name === tool);
    const count = (kind: Disappointment | undefined): number =>
      own.filter(({ disappointment }) => disappointment === kind).length;
    return {
      tool,
      isPlanned: planned.includes(tool),
      calls: own.length,
      failures: count('failed'),
      empty: count('empty'),
      repeats: count('repeated'),
      useful: count(undefined),
      totalMs: Object.hasOwn(spentMs, tool) ? (spentMs[tool] ?? 0) : 0,
    };
  });
};

const refused = ({ id, name }: ToolCallPart, names: readonly string[]): ToolResultPart => ({
  type: 'tool-result',
  id,
  name,
  output: `Error: not-found: \`${name}\` is not among the tools of the plan: ${names.join(', ')}.`,
  isError: true,
});

/** A toolbox of which a model sees and calls these tools only, with the policy and the audit of the whole; each call is timed. */
export const narrowed = (
  box: Toolbox,
  names: readonly string[],
  onCall: (tool: string, ms: number) => void,
): Toolbox => {
  const tools = box.tools.filter(({ name }) => names.includes(name));
  const call = defineStepWith(
    { kind: 'tool-call', children: [{ step: box.call as AnyStep }] },
    {},
    async (asked: ToolCallPart, run: Run) => {
      if (!names.includes(asked.name)) return refused(asked, names);
      const startedMs = run.clock.now();
      const result = await box.call(asked, run);
      onCall(asked.name, run.clock.now() - startedMs);
      return result;
    },
  );
  const props = {
    tools,
    definitions: tools.map(({ definition }) => definition),
    call,
    approvalFor: async (asked: ToolCallPart, run?: Run) =>
      names.includes(asked.name) ? box.approvalFor(asked, run) : undefined,
    concurrency: box.concurrency,
  };
  return defineStepWith({ kind: 'toolbox' }, props, (calls: readonly ToolCallPart[], run: Run) =>
    Promise.all(calls.map((each) => call(each, run))),
  );
};
