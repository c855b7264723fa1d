import { type AnyStep, type StepChild, type StepEdge, stepInfo, stepName } from './step.js';

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
  /** How the children follow each other, by their labels; left out where they are only parts. */
  readonly edges?: readonly StepEdge[];
}

/**
 * The tree of any step. Nothing is run.
 * @example inspect(pipe((n: number) => n + 1)).children.length // => 1
 */
export const inspect = (step: AnyStep, label?: string): StepTree =>
  treeOf({ step, ...(label === undefined ? {} : { label }) });

const treeOf = ({ step, label, maxCalls = 1 }: StepChild): StepTree => {
  const { kind, details, children = [], edges } = stepInfo(step);
  return {
    kind,
    name: stepName(step),
    ...(label === undefined ? {} : { label }),
    ...(details === undefined ? {} : { details }),
    ...(maxCalls === 1 ? {} : { maxCalls }),
    children: children.map(treeOf),
    ...(edges === undefined ? {} : { edges }),
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

/** In a graph a child is known by its label; a function of the user has no more to say. */
const titled = (child: StepTree): StepTree => {
  const { label = child.name, kind } = child;
  return kind === 'function' ? { ...child, name: label, kind: label } : { ...child, name: label };
};

/** The arrows of a graph between the boxes of its children; where it begins is the box of the graph itself. */
const arrowsOf = (edges: readonly StepEdge[], id: string, childIds: ReadonlyMap<string, string>): readonly string[] => {
  const endId = `${id}end`;
  const arrows = edges.map(({ from, to, isConditional = false }) => {
    const fromId = from === undefined ? id : childIds.get(from);
    const toId = to === undefined ? endId : childIds.get(to);
    return `  ${fromId} ${isConditional ? '-.->' : '-->'} ${toId}`;
  });
  return edges.some(({ to }) => to === undefined) ? [`  ${endId}(["end"])`, ...arrows] : arrows;
};

/**
 * Draws a step as a Mermaid flowchart: sequences as chains, graphs with their arrows (dotted where they are taken only sometimes),
 * the rest as trees with the part each child plays on the edge.
 * @example toMermaid(pipe((n: number) => n + 1)).startsWith('flowchart TD') // => true
 */
export const toMermaid = (step: AnyStep): string => {
  const lines = ['flowchart TD'];
  let count = 0;
  const draw = (tree: StepTree): string => {
    const id = `n${count++}`;
    lines.push(`  ${id}["${captionOf(tree)}"]`);
    let previous: string | undefined;
    const childIds = new Map<string, string>();
    tree.children.forEach((child, index) => {
      const childId = draw(tree.edges === undefined ? child : titled(child));
      if (tree.edges !== undefined) childIds.set(child.label ?? '', childId);
      else if (tree.kind === 'pipe') {
        lines.push(previous === undefined ? `  ${id} --> ${childId}` : `  ${previous} ==> ${childId}`);
        previous = childId;
      } else {
        const edge = child.label ?? (tree.children.length > 1 ? String(index + 1) : undefined);
        lines.push(edge === undefined ? `  ${id} --> ${childId}` : `  ${id} -->|"${escapeLabel(edge)}"| ${childId}`);
      }
    });
    lines.push(...arrowsOf(tree.edges ?? [], id, childIds));
    return id;
  };
  draw(inspect(step));
  return `${lines.join('\n')}\n`;
};
