/**
 * Retrieval quality and speed on test collections: `npx tsx bench/retrieval.ts`. `PIPEWRIGHT_RETRIEVAL` names a folder of
 * collections, each with `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`.
 */
import { fileURLToPath } from 'node:url';
import { bm25 } from '../src/keyword/index.js';
import { localEmbedder } from '../src/model/index.js';
import { hybrid } from '../src/retrieve/index.js';
import { hnsw } from '../src/vector/index.js';
import { collectionsIn, readCollection } from './lib/collection.js';
import { type RetrievalScores, scoreRetriever } from './lib/retrieval-scores.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const data = process.env.PIPEWRIGHT_DATA ?? `${root}../shared/data`;
const folder = process.env.PIPEWRIGHT_RETRIEVAL ?? `${data}/retrieval`;

/** Plain BM25 with Porter stems, as published with the collections. */
const baselines: Readonly<Record<string, Omit<RetrievalScores, 'p50Ms'>>> = {
  cranfield: { ndcg10: 0.3595, map: 0.296, mrr10: 0.5236, recall100: 0.7278 },
  'xquad-en': { ndcg10: 0.968, map: 0.959, mrr10: 0.9589, recall100: 0.9975 },
};

const rowOf = (name: string, scores: Omit<RetrievalScores, 'p50Ms'>, p50Ms?: number): Record<string, string> => ({
  retriever: name,
  'nDCG@10': scores.ndcg10.toFixed(4),
  MAP: scores.map.toFixed(4),
  'MRR@10': scores.mrr10.toFixed(4),
  'Recall@100': scores.recall100.toFixed(4),
  'p50 ms, k 10': p50Ms?.toFixed(2) ?? '',
});

const measure = async (name: string): Promise<void> => {
  const collection = await readCollection(folder, name);
  await using index = await bm25();
  await index.add(collection.documents);
  const keyword = index.retriever();
  await using vectors = await hnsw({ embedder: localEmbedder() });
  await vectors.add(collection.documents);
  const vector = vectors.retriever();
  const retrievers = {
    keyword,
    'vector (local embedder)': vector,
    'hybrid, recipe of docs/retrieval.md': hybrid([keyword, vector], { fusion: 'relative-score', weights: [1, 0.3] }),
    'hybrid, defaults (reciprocal rank)': hybrid([keyword, vector]),
  };
  const baseline = baselines[name];
  const rows = baseline === undefined ? [] : [rowOf('baseline of the collection', baseline)];
  for (const [label, retriever] of Object.entries(retrievers)) {
    const scores = await scoreRetriever(retriever, collection);
    rows.push(rowOf(label, scores, scores.p50Ms));
  }
  console.log(`\n${name}: ${collection.documents.length} documents, ${collection.queries.length} queries`);
  console.table(rows);
};

const names = await collectionsIn(folder);
if (names.length === 0) console.warn(`No collections in ${folder}. Name a folder with PIPEWRIGHT_RETRIEVAL.`);
else
  console.log(
    'Quality with 1,000 hits a query, time with 10; nDCG with linear gain; grade -1 counts as not relevant, as in trec_eval (treatment 1).',
  );
for (const name of names) await measure(name);
