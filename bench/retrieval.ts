/**
 * Retrieval quality and speed on test collections: `npx tsx bench/retrieval.ts`. `PIPEWRIGHT_RETRIEVAL` names a folder of
 * collections, each with `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`.
 */
import { fileURLToPath } from 'node:url';
import { collectionsIn, readCollection } from './lib/collection.js';
import { type RetrievalScores, scoreRetriever } from './lib/retrieval-scores.js';
import { contendersFor } from './lib/retrievers.js';

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

/** What is not in the table, and why. */
const notMeasured = [
  'Model-based rerankers, rewriters, compressors, self-query and multi-hop: a scripted model would measure its script, and there is no',
  'recording of a real model over these collections. Their tests hold the procedures; measure them with your model and this harness.',
  'patternReader, hierarchical, cutoff: the collections have no metadata, no levels, and a cut list is no ranking to 1,000.',
].join('\n');

const measure = async (name: string): Promise<void> => {
  const collection = await readCollection(folder, name);
  await using contenders = await contendersFor(collection);
  const baseline = baselines[name];
  const rows = baseline === undefined ? [] : [rowOf('baseline of the collection', baseline)];
  for (const [label, retriever] of Object.entries(contenders.retrievers)) {
    const scores = await scoreRetriever(retriever, collection, depthOf(label));
    rows.push(rowOf(label, scores, scores.p50Ms));
  }
  console.log(`\n${name}: ${collection.documents.length} documents, ${collection.queries.length} queries`);
  console.table(rows);
};

/** Choosing for difference takes time with the square of the hits wanted. */
const depthOf = (label: string): number => (label.startsWith('diversify') ? 50 : 1000);

const names = await collectionsIn(folder);
if (names.length === 0) console.warn(`No collections in ${folder}. Name a folder with PIPEWRIGHT_RETRIEVAL.`);
else
  console.log(
    'Quality with 1,000 hits a query, time with 10; nDCG with linear gain; grade -1 counts as not relevant, as in trec_eval (treatment 1).',
  );
for (const name of names) await measure(name);
console.log(`\nNot measured\n${notMeasured}`);
