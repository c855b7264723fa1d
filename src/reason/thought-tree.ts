/** What became of a thought: it waits, was thought on from, was given up, ends in an answer, or leads nowhere. */
export type ThoughtStatus = 'open' | 'expanded' | 'pruned' | 'solution' | 'dead-end';

/** A thought and those that follow from it; plain data. */
export interface ThoughtNode {
  /** In the order of their making; the root, which is the problem itself, has 0. */
  readonly id: number;
  readonly text: string;
  /** How many thoughts lead to it, itself included. */
  readonly depth: number;
  /** How promising it is, from 0 to 1; left out where nobody could say. */
  readonly score?: number;
  /** The answer that it ends with. */
  readonly answer?: string;
  readonly status: ThoughtStatus;
  readonly children: readonly ThoughtNode[];
}

/** A thought as it is proposed. With an answer it ends its path. */
export interface ProposedThought {
  readonly text: string;
  readonly answer?: string;
}

/** A node while the tree grows. */
export interface GrowingNode {
  readonly id: number;
  readonly text: string;
  readonly depth: number;
  readonly parent: GrowingNode | undefined;
  readonly answer: string | undefined;
  readonly children: GrowingNode[];
  score: number | undefined;
  status: ThoughtStatus;
}

/** Thoughts that nobody could judge are neither kept nor given up for it. */
const unknownScore = 0.5;

export const scoreOf = ({ score }: GrowingNode): number => score ?? unknownScore;

export const rootNode = (text: string): GrowingNode => ({
  id: 0,
  text,
  depth: 0,
  parent: undefined,
  answer: undefined,
  children: [],
  score: undefined,
  status: 'open',
});

/** From the first thought to this one, without the root. */
export const pathTo = (node: GrowingNode): readonly GrowingNode[] => {
  const path: GrowingNode[] = [];
  for (let at: GrowingNode | undefined = node; at?.parent !== undefined; at = at.parent) path.push(at);
  return path.reverse();
};

/** The better score first, then the one that was made first. */
export const byScore = (a: GrowingNode, b: GrowingNode): number => scoreOf(b) - scoreOf(a) || a.id - b.id;

/** The tree as plain data; built from the leaves, so that a deep one needs no deep stack. */
export const plainTree = (nodes: readonly GrowingNode[]): ReadonlyMap<GrowingNode, ThoughtNode> => {
  const plain = new Map<GrowingNode, ThoughtNode>();
  // Children are made after their parents, so from the end every child is there before its parent.
  for (const node of [...nodes].reverse()) {
    const { id, text, depth, score, answer, status } = node;
    const children = node.children.flatMap((child) => plain.get(child) ?? []);
    const known = { ...(score === undefined ? {} : { score }), ...(answer === undefined ? {} : { answer }) };
    plain.set(node, { id, text, depth, ...known, status, children });
  }
  return plain;
};
