import { loadOptional, type Run, seededRandom } from '../core/index.js';
import { helperThread, mayStartThreads, packagePath } from '../thread/index.js';

/** An undirected graph: the link `i` goes from the node `ends[2 * i]` to `ends[2 * i + 1]`. */
export interface WeightedGraph {
  readonly nodeCount: number;
  readonly ends: Uint32Array;
  readonly weights: Float64Array;
}

/** Groups of one level after the other, finest first: for each node the number of its group. */
export type GroupLevels = readonly ArrayLike<number>[];

/** The method starts at random nodes, a few times for each level; the same numbers give the same groups. */
const randomNumbers = (): Float64Array => {
  const random = seededRandom(1);
  return Float64Array.from({ length: 1_024 }, random);
};

interface Question extends WeightedGraph {
  readonly resolution: number;
  readonly numbers: Float64Array;
}

/** What we use of graphology-communities-louvain. */
interface Louvain {
  readonly detailed: (
    graph: object,
    options: { readonly getEdgeWeight: string; readonly resolution: number; readonly rng: () => number },
  ) => { readonly dendrogram: GroupLevels };
}

const groupsHere = async ({ nodeCount, ends, weights, resolution, numbers }: Question): Promise<GroupLevels> => {
  const { UndirectedGraph } = await loadOptional('graphology', 'finding communities', () => import('graphology'));
  const { default: module } = await loadOptional(
    'graphology-communities-louvain',
    'finding communities',
    () => import('graphology-communities-louvain'),
  );
  // Its types speak of the module where its CommonJS form gives the function.
  const louvain = module as unknown as Louvain;
  const graph = new UndirectedGraph();
  for (let node = 0; node < nodeCount; node++) graph.addNode(node);
  for (const [i, weight] of weights.entries()) graph.addEdge(ends[2 * i], ends[2 * i + 1], { weight });
  let used = 0;
  const rng = (): number => numbers[used++ % numbers.length] as number;
  return louvain.detailed(graph, { getEdgeWeight: 'weight', resolution, rng }).dendrogram;
};

/** `groupsHere`, for a thread. */
const program = `({ graphology, louvain }) => ({ nodeCount, ends, weights, resolution, numbers }) => {
  const { UndirectedGraph } = require(graphology);
  const graph = new UndirectedGraph();
  for (let node = 0; node < nodeCount; node++) graph.addNode(node);
  for (const [i, weight] of weights.entries()) graph.addEdge(ends[2 * i], ends[2 * i + 1], { weight });
  let used = 0;
  const rng = () => numbers[used++ % numbers.length];
  return require(louvain).detailed(graph, { getEdgeWeight: 'weight', resolution, rng }).dendrogram;
}`;

/** The method goes through the whole graph at once; with fewer links that takes some milliseconds. */
const smallLinkCount = 1_000;

/**
 * Groups of nodes by the Louvain method (Blondel, Guillaume, Lambiotte and Lefebvre 2008): on a thread of its own where there are many
 * links, unless the packages are in a bundle.
 * @throws {PipewrightError} `dependency-missing`, `worker-failed`.
 */
export const louvainGroups = async (graph: WeightedGraph, resolution: number, run: Run): Promise<GroupLevels> => {
  if (graph.weights.length === 0) return [];
  const question: Question = { ...graph, resolution, numbers: randomNumbers() };
  const [graphology, louvain] = ['graphology', 'graphology-communities-louvain'].map(packagePath);
  const isApart =
    graph.weights.length >= smallLinkCount && graphology !== undefined && louvain !== undefined && mayStartThreads();
  const levels = isApart
    ? await helperThread({ program, data: { graphology, louvain } }).ask(question, run)
    : await groupsHere(question);
  // The first row has each node in a group of its own.
  return (levels as GroupLevels).slice(1);
};
