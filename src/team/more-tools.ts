import { createRun, defineStep, defineStepWith, map, type Run, type ToolCallPart } from '../core/index.js';
import { type Tool, toolbox, type Toolbox } from '../tool/index.js';

/** A toolbox with tools besides, about which its policy says nothing. */
export const withMoreTools = (tools: readonly Tool[] | Toolbox, more: readonly Tool[]): Toolbox => {
  const own = 'definitions' in tools ? tools : toolbox(tools);
  const added = toolbox(more);
  const names = new Set(more.map(({ name }) => name));
  const boxFor = ({ name }: ToolCallPart): Toolbox => (names.has(name) ? added : own);
  const { concurrency } = own;
  const all = [...own.tools, ...more];
  // Two of one name are refused.
  const { definitions } = toolbox(all);
  const children = all.map((each) => ({ label: each.name, step: each }));
  const call = defineStep({ kind: 'tool-call', children }, (asked: ToolCallPart, run: Run) =>
    boxFor(asked).call(asked, run),
  );
  const props = {
    tools: all,
    definitions,
    call,
    approvalFor: (asked: ToolCallPart, run: Run = createRun()) => boxFor(asked).approvalFor(asked, run),
    concurrency,
  };
  const callAll = map(call, { concurrency });
  return defineStepWith(
    { kind: 'toolbox', details: { concurrency }, children },
    props,
    (calls: readonly ToolCallPart[], run: Run) => callAll(calls, run),
  );
};
