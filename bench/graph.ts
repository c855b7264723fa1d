/**
 * What a knowledge graph without a model adds to search: `npx tsx bench/graph.ts`. `PIPEWRIGHT_RETRIEVAL` names a folder of
 * collections, each with `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { defineStep, type Hit, type Query, type Retriever } from '../src/core/index.js';
import { type KnowledgeGraph, knowledgeGraph } from '../src/graph/index.js';
import { bm25 } from '../src/keyword/index.js';
import { localEmbedder } from '../src/model/index.js';
import { hybrid } from '../src/retrieve/index.js';
import { hnsw } from '../src/vector/index.js';
import { type Collection, collectionsIn, readCollection } from './lib/collection.js';
import { mean, ndcg, recall } from './lib/metrics.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const data = process.env.PIPEWRIGHT_DATA ?? `${root}../shared/data`;
const folder = process.env.PIPEWRIGHT_RETRIEVAL ?? `${data}/retrieval`;

/** How long it took, and the longest turn of the event loop meanwhile, in milliseconds. */
const timed = async <T>(
  work: () => Promise<T>,
): Promise<{ readonly ms: number; readonly stallMs: number; readonly value: T }> => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startedMs = performance.now();
  const value = await work();
  const ms = performance.now() - startedMs;
  delay.disable();
  return { ms, stallMs: delay.max / 1e6, value };
};

const scoresOf = async (retriever: Retriever, { queries, judgements }: Collection): Promise<Record<string, string>> => {
  const rows: {
    readonly ndcg10: number;
    readonly recall10: number;
    readonly recall100: number;
    readonly found: number;
  }[] = [];
  const startedMs = performance.now();
  for (const { id, text } of queries) {
    const judged = judgements.get(id);
    if (judged === undefined) continue;
    const ranking = (await retriever({ text, k: 100 })).map((hit) => hit.id);
    rows.push({
      ndcg10: ndcg(ranking, judged, 10),
      recall10: recall(ranking, judged, 10),
      recall100: recall(ranking, judged, 100),
      found: ranking.length > 0 ? 1 : 0,
    });
  }
  const meanOf = (key: 'ndcg10' | 'recall10' | 'recall100' | 'found'): string =>
    mean(rows.map((row) => row[key])).toFixed(4);
  return {
    'nDCG@10': meanOf('ndcg10'),
    'Recall@10': meanOf('recall10'),
    'Recall@100': meanOf('recall100'),
    'finds anything': meanOf('found'),
    'ms a question': ((performance.now() - startedMs) / rows.length).toFixed(2),
  };
};

const build = async ({ documents }: Collection): Promise<KnowledgeGraph> => {
  const graph = await knowledgeGraph();
  const { ms, stallMs } = await timed(() => graph.add(documents));
  const { entities, relations } = await graph.stats();
  const groups = await timed(() => graph.communities());
  console.log(
    `graph: ${entities} entities, ${relations} relations in ${ms.toFixed(0)} ms, longest stall ${stallMs.toFixed(0)} ms; ` +
      `${groups.value.length} communities in ${groups.ms.toFixed(0)} ms, longest stall ${groups.stallMs.toFixed(0)} ms`,
  );
  return graph;
};

/** The same with what it found remembered: several rows ask the slowest part the same. */
const remembered = (search: Retriever): Retriever => {
  const known = new Map<string, Promise<readonly Hit[]>>();
  return defineStep({ kind: 'retriever', name: 'remembered' }, (query: Query) => {
    const key = JSON.stringify(query);
    const hits = known.get(key) ?? search(query);
    known.set(key, hits);
    return hits;
  });
};

const measure = async (name: string): Promise<void> => {
  const collection = await readCollection(folder, name);
  console.log(`\n${name}: ${collection.documents.length} documents, ${collection.queries.length} questions`);
  await using index = await bm25();
  await index.add(collection.documents);
  await using vectors = await hnsw({ embedder: localEmbedder() });
  await vectors.add(collection.documents);
  const recipe = { fusion: 'relative-score', weights: [1, 0.3] } as const;
  const both = remembered(hybrid([index.retriever(), vectors.retriever()], recipe));
  await using rules = await build(collection);
  const seeds = index.retriever();
  const retrievers: Record<string, Retriever> = {
    keyword: index.retriever(),
    'hybrid (keyword + vector)': both,
    'graph, 0 hops': rules.retriever({ hops: 0 }),
    'graph, 1 hop': rules.retriever(),
    'graph, 2 hops': rules.retriever({ hops: 2 }),
    'graph, 1 hop, keyword seeds': rules.retriever({ seeds }),
    'hybrid + graph, equal ranks': hybrid([both, rules.retriever()]),
    'hybrid + graph, ranks 1 : 0.3': hybrid([both, rules.retriever()], { weights: [1, 0.3] }),
    'hybrid + graph, scores 1 : 0.1': hybrid([both, rules.retriever()], {
      fusion: 'relative-score',
      weights: [1, 0.1],
    }),
    'hybrid + graph, scores 1 : 0.3': hybrid([both, rules.retriever()], {
      fusion: 'relative-score',
      weights: [1, 0.3],
    }),
    'hybrid + graph with seeds, scores 1 : 0.3': hybrid([both, rules.retriever({ seeds })], {
      fusion: 'relative-score',
      weights: [1, 0.3],
    }),
  };
  const rows: Record<string, Record<string, string>> = {};
  for (const [label, retriever] of Object.entries(retrievers)) rows[label] = await scoresOf(retriever, collection);
  console.table(rows);
};

const names = await collectionsIn(folder);
if (names.length === 0) console.warn(`No collections in ${folder}. Name a folder with PIPEWRIGHT_RETRIEVAL.`);
for (const name of names) await measure(name);
