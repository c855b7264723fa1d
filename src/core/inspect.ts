import { type AnyStep, type StepChild, stepInfo, stepName } from './step.js';

/** What a pipeline is made of, as plain data. */
export interface StepTree {
  readonly kind: string;
  readonly name: string;
  /** The part it plays in its parent: the key of a branch, `then`, … */
  readonly label?: string;
  readonly details?: Readonly<Record<string, string | number | boolean>>;
  /** How often one call of its parent calls it at most; left out for once. */
  readonly maxCalls?: number;
  readonly children: readonly StepTree[];
}

/**
 * The tree of any step. Nothing is run.
 * @example inspect(pipe((n: number) => n + 1)).children.length // => 1
 */
export const inspect = (step: AnyStep, label?: string): StepTree =>
  treeOf({ step, ...(label === undefined ? {} : { label }) });

const treeOf = ({ step, label, maxCalls = 1 }: StepChild): StepTree => {
  const { kind, details, children = [] } = stepInfo(step);
  return {
    kind,
    name: stepName(step),
    ...(label === undefined ? {} : { label }),
    ...(details === undefined ? {} : { details }),
    ...(maxCalls === 1 ? {} : { maxCalls }),
    children: children.map(treeOf),
  };
};

const escapeLabel = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/\s+/g, ' ');

const captionOf = ({ kind, name, details }: StepTree): string => {
  const lines = [name === kind ? kind : `${kind}: ${name}`];
  for (const [key, value] of Object.entries(details ?? {})) lines.push(`${key} = ${value}`);
  return lines.map(escapeLabel).join('<br/>');
};

/**
 * Draws a step as a Mermaid flowchart: sequences as chains, the rest as trees with the part each child plays on the edge.
 * @example toMermaid(pipe((n: number) => n + 1)).startsWith('flowchart TD') // => true
 */
export const toMermaid = (step: AnyStep): string => {
  const lines = ['flowchart TD'];
  let count = 0;
  const draw = (tree: StepTree): string => {
    const id = `n${count++}`;
    lines.push(`  ${id}["${captionOf(tree)}"]`);
    let previous: string | undefined;
    tree.children.forEach((child, index) => {
      const childId = draw(child);
      if (tree.kind === 'pipe') {
        lines.push(previous === undefined ? `  ${id} --> ${childId}` : `  ${previous} ==> ${childId}`);
        previous = childId;
      } else {
        const edge = child.label ?? (tree.children.length > 1 ? String(index + 1) : undefined);
        lines.push(edge === undefined ? `  ${id} --> ${childId}` : `  ${id} -->|"${escapeLabel(edge)}"| ${childId}`);
      }
    });
    return id;
  };
  draw(inspect(step));
  return `${lines.join('\n')}\n`;
};
