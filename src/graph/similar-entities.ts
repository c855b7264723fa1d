import { checkAtLeast, createRun, type Document, PipewrightError, type Run, type VectorStore } from '../core/index.js';
import { giveWayOf } from './give-way.js';
import type { KnowledgeGraph } from './knowledge-graph.js';
import type { NodeData } from './node-link.js';

/** Two entities that may be one. */
export interface SimilarEntities {
  /** The one that is mentioned more; of equals the first by alphabet. */
  readonly entity: NodeData;
  readonly other: NodeData;
  /** Score of the store, 1 for the same text under the cosine. */
  readonly similarity: number;
}

export interface SimilarEntitiesOptions {
  /** Pairs below this are left out. What is alike depends on the embedder: look at the pairs. @default 0.8 */
  readonly minSimilarity?: number;
  /** How many pairs at most. @default 100 */
  readonly limit?: number;
}

/** Others looked at for each entity. */
const neighbours = 5;
const batch = 1_000;

/** What is compared: the names, and what the documents say that it is. */
const documentOf = ({ id, name, aliases, descriptions }: NodeData): Document => ({
  id,
  text: [[name, ...aliases].join(', '), ...descriptions].join('. '),
});

const areCompatible = (a: NodeData, b: NodeData): boolean =>
  a.type === 'name' || b.type === 'name' || a.type === b.type; // `name` says that nothing is known

const byRank = (a: NodeData, b: NodeData): number => b.mentions.length - a.mentions.length || (a.id < b.id ? -1 : 1);

/**
 * Pairs of entities of the same type whose names and descriptions are alike, the most alike first: candidates for the option `aliases`
 * of `knowledgeGraph`, for a person or a model to judge. Nothing is merged. It takes one embedding for each entity.
 * @param store An empty vector store with an embedder; it holds the entities afterwards.
 * @throws {PipewrightError} `bad-input` for a store that is not empty, `bad-option`, and what the store throws.
 * @example
 * await using store = await hnsw({ embedder: openaiEmbedder('text-embedding-3-small') });
 * for (const { entity, other } of await similarEntities(graph, store)) console.log(other.name, '=', entity.name, '?');
 */
export const similarEntities = async (
  graph: KnowledgeGraph,
  store: VectorStore,
  { minSimilarity = 0.8, limit = 100 }: SimilarEntitiesOptions = {},
  run: Run = createRun(),
): Promise<readonly SimilarEntities[]> => {
  checkAtLeast('limit', limit, 1);
  const { count } = await store.stats();
  if (count > 0) throw new PipewrightError('bad-input', `The store must be empty, but holds ${count} entries.`);
  const nodes = (await graph.export(run)).nodes.toSorted(byRank);
  const rankOf = new Map(nodes.map(({ id }, rank) => [id, rank]));
  for (let start = 0; start < nodes.length; start += batch) {
    await store.add(nodes.slice(start, start + batch).map(documentOf), run);
    run.emit({ type: 'progress', label: 'entities', done: Math.min(start + batch, nodes.length), total: nodes.length });
  }
  const giveWay = giveWayOf(run);
  const pairs = new Map<string, SimilarEntities>();
  for (let start = 0; start < nodes.length; start += batch) {
    const part = nodes.slice(start, start + batch);
    const vectors = (await store.getVectors(part.map(({ id }) => id))) as readonly Float32Array[];
    const found = await store.searchMany(vectors, { k: neighbours + 1, minScore: minSimilarity }, run);
    for (const [i, hits] of found.entries()) {
      for (const { id, score } of hits) {
        // One may be among the nearest of the other, and not the other way round.
        const [first, second] = [start + i, rankOf.get(id) ?? start + i].sort((a, b) => a - b) as [number, number];
        const [entity, other] = [nodes[first] as NodeData, nodes[second] as NodeData];
        if (first === second || !areCompatible(entity, other)) continue;
        pairs.set(`${first} ${second}`, { entity, other, similarity: score });
      }
      await giveWay();
    }
  }
  return [...pairs.values()].sort((a, b) => b.similarity - a.similarity).slice(0, limit);
};
