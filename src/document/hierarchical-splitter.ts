import { defineStep, type Document, type Run, type Step } from '../core/index.js';
import { documentSplitter } from './split-document.js';
import type { Splitter } from './splitter.js';

export interface ParentChildSplitterOptions {
  /** Cuts the parents: what is shown or read. @default documentSplitter({ maxChars: 2000, overlapChars: 0 }) */
  readonly parents?: Splitter;
  /** Cuts the children: what is searched. @default documentSplitter({ maxChars: 400, overlapChars: 0 }) */
  readonly children?: Splitter;
}

/** Large pieces of documents, and the small pieces of these. */
export interface ParentsAndChildren {
  readonly parents: readonly Document[];
  /** `place.parentId` is the id of a parent, and `start` and `end` are offsets into its text. */
  readonly children: readonly Document[];
}

/**
 * Cuts documents into parents, and each parent into children: index the children, keep the parents, and a search by `parents` of
 * `pipewright/retrieve` finds small pieces and gives the large ones.
 * @throws what the splitters throw.
 * @example (await parentChildSplitter()({ id: 'a', text: 'Tea is at four.' })).children[0]?.place?.parentId // => 'a#0'
 */
export const parentChildSplitter = (
  options: ParentChildSplitterOptions = {},
): Step<Document | readonly Document[], ParentsAndChildren> => {
  const {
    parents: cutParents = documentSplitter({ maxChars: 2_000, overlapChars: 0 }),
    children: cutChildren = documentSplitter({ maxChars: 400, overlapChars: 0 }),
  } = options;
  const children = [
    { label: 'parents', step: cutParents },
    { label: 'children', step: cutChildren },
  ];
  return defineStep({ kind: 'splitter', name: 'parent-child', children }, async (input, run) => {
    const parents = await cutParents(input, run);
    return { parents, children: await cutChildren(parents, run) };
  });
};

export interface SplitLevel {
  /** Its name, in `metadata.level` of every piece: `section`, `passage`. */
  readonly level: string;
  readonly splitter: Splitter;
}

export interface HierarchicalSplitterOptions {
  /** From large to small; each cuts the pieces of the one before. @default sections of 4,000 characters, passages of 600 */
  readonly levels?: readonly SplitLevel[];
}

const defaultLevels = (): readonly SplitLevel[] => [
  { level: 'section', splitter: documentSplitter({ maxChars: 4_000, overlapChars: 0 }) },
  { level: 'passage', splitter: documentSplitter({ maxChars: 600, overlapChars: 0 }) },
];

/**
 * Cuts documents level by level and gives the pieces of all levels, the documents themselves first. Each carries `metadata.level`
 * (`document` for the documents), and below the documents the id of the one above as `place.parentId`, into whose text the
 * offsets point, and as `metadata.parent`, so that a filter can narrow a search to what lies below a hit.
 * @throws what the splitters throw.
 * @example (await hierarchicalSplitter()({ id: 'a', text: 'Tea.' })).map(({ id, metadata }) => [id, metadata?.level]) // => [['a', 'document'], ['a#0', 'section'], ['a#0#0', 'passage']]
 */
export const hierarchicalSplitter = (options: HierarchicalSplitterOptions = {}): Splitter => {
  const { levels = defaultLevels() } = options;
  const children = levels.map(({ level, splitter }) => ({ label: level, step: splitter }));
  return defineStep({ kind: 'splitter', name: 'hierarchical', children }, async (input, run: Run) => {
    const documents: readonly Document[] = Array.isArray(input) ? input : [input as Document];
    let above = documents.map((document) => ({ ...document, metadata: { ...document.metadata, level: 'document' } }));
    const all: Document[] = [...above];
    for (const { level, splitter } of levels) {
      const pieces = await splitter(above, run);
      above = pieces.map((piece) => {
        const parentId = piece.place?.parentId;
        const parent = parentId === undefined ? {} : { parent: parentId };
        return { ...piece, metadata: { ...piece.metadata, level, ...parent } };
      });
      for (const piece of above) all.push(piece);
    }
    return all;
  });
};
