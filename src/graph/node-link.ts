import { PipewrightError } from '../core/index.js';
import type { GiveWay } from './give-way.js';
import { entityKeys } from './graph-stats.js';
import type { GraphRecord, GraphState } from './graph-state.js';
import { nameKey } from './name-key.js';
import { recordOf } from './records.js';
import { canonicalKey, entityOf } from './resolve.js';
import type { Mention } from './types.js';

/** An entity as other tools read it. */
export interface NodeData {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly aliases: readonly string[];
  readonly descriptions: readonly string[];
  readonly mentions: readonly Mention[];
}

/** One statement of one document about two entities. */
export interface LinkData {
  /** Ids of entities. */
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly description?: string;
  readonly weight: number;
  readonly documentId: string;
  readonly start?: number;
  readonly end?: number;
}

/**
 * A graph as plain data in node-link form, which NetworkX, D3 and others read. Nodes and links follow from the documents in
 * `graph`, from which `import` makes the graph again.
 */
export interface GraphData {
  readonly directed: true;
  readonly multigraph: true;
  readonly graph: {
    readonly format: 'pipewright/graph';
    readonly version: 1;
    readonly documents: readonly GraphRecord[];
  };
  readonly nodes: readonly NodeData[];
  readonly links: readonly LinkData[];
}

const byDocument = (a: GraphRecord, b: GraphRecord): number => (a.document.id < b.document.id ? -1 : 1);

/** The graph as plain data: the same for the same documents, whatever was done to get there. */
export const graphData = async (state: GraphState, giveWay: GiveWay): Promise<GraphData> => {
  const documents = [...state.records.values()].sort(byDocument);
  const nodes: NodeData[] = [];
  for (const key of entityKeys(state)) {
    const { degree: _, ...node } = entityOf(state, key);
    nodes.push(node);
    await giveWay();
  }
  const links: LinkData[] = [];
  for (const { extraction } of documents) {
    for (const { from, to, ...statement } of extraction.relations) {
      const source = canonicalKey(state, nameKey(from));
      const target = canonicalKey(state, nameKey(to));
      if (source !== target) links.push({ source, target, ...statement });
    }
    await giveWay();
  }
  const graph = { format: 'pipewright/graph', version: 1, documents } as const;
  return { directed: true, multigraph: true, graph, nodes, links };
};

/**
 * The records of an export, each checked.
 * @throws {PipewrightError} `bad-input`; `store-newer` for the export of a later version.
 */
export const recordsOf = (data: GraphData): readonly GraphRecord[] => {
  const graph: Partial<GraphData['graph']> | undefined = data?.graph;
  if (graph?.format !== 'pipewright/graph' || !Array.isArray(graph.documents)) {
    throw new PipewrightError('bad-input', 'This is no export of a knowledge graph. Give what `export` returned.');
  }
  const version: number | undefined = graph.version;
  if (version !== 1) {
    throw new PipewrightError(
      'store-newer',
      `This graph was exported in the form ${String(version)}, this pipewright reads 1. Update the package.`,
    );
  }
  const records = graph.documents.map(recordOf);
  if (new Set(records.map(({ document }) => document.id)).size < records.length) {
    throw new PipewrightError('bad-input', 'The export holds a document twice.');
  }
  return records;
};
