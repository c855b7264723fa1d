import { recursiveSplitter } from '../../src/document/index.js';
import { bm25 } from '../../src/keyword/index.js';
import { fitLatentEmbedder, localEmbedder } from '../../src/model/index.js';
import {
  compress,
  diversify,
  distinct,
  hybrid,
  keyTerms,
  lexicalReranker,
  parents,
  relevanceFeedback,
  rerank,
  rewrite,
  sentenceCompressor,
} from '../../src/retrieve/index.js';
import { hnsw } from '../../src/vector/index.js';
import { defineStep, type Hit, type Retriever } from '../../src/index.js';
import type { Collection } from './collection.js';

/** Retrievers that need no model, by the name that the table gives them. */
export interface Contenders extends AsyncDisposable {
  readonly retrievers: Readonly<Record<string, Retriever>>;
}

/** What was kept of documents counts as the document: judgements know no stretches. */
const asDocuments = (retriever: Retriever): Retriever =>
  defineStep({ kind: 'as-documents', children: [{ step: retriever }] }, async (query, run) => {
    const byId = new Map<string, Hit>();
    for (const hit of await retriever(query, run)) {
      const id = hit.place?.parentId ?? hit.id;
      if (!byId.has(id)) byId.set(id, { ...hit, id });
    }
    return [...byId.values()];
  });

export const contendersFor = async ({ documents }: Collection): Promise<Contenders> => {
  const index = await bm25();
  const small = await bm25();
  const vectors = await hnsw({ embedder: localEmbedder() });
  await index.add(documents);
  await small.add(await recursiveSplitter({ maxChars: 400, overlapChars: 80 })(documents));
  await vectors.add(documents);
  const latent = await hnsw({
    embedder: await fitLatentEmbedder(documents.map(({ title = '', text }) => `${title}\n${text}`)),
  });
  await latent.add(documents);
  const keyword = index.retriever();
  const vector = vectors.retriever();
  const byId = new Map(documents.map((document) => [document.id, document]));
  const recipe = hybrid([keyword, vector], { fusion: 'relative-score', weights: [1, 0.3] });
  const withLatent = hybrid([keyword, latent.retriever()], { fusion: 'relative-score' });
  const reranked = (retriever: Retriever): Retriever =>
    rerank(retriever, lexicalReranker(), { candidates: 100, searchWeight: 0.5 });
  return {
    retrievers: {
      keyword,
      'vector (local embedder)': vector,
      'vector (latent-semantic embedder)': latent.retriever(),
      'hybrid, relative score, weights 1 and 0.3': recipe,
      'hybrid with the latent-semantic embedder, relative score': withLatent,
      'rerank(hybrid with the latent one, lexical), 100 candidates': reranked(withLatent),
      'hybrid, reciprocal rank': hybrid([keyword, vector]),
      'hybrid, reciprocal rank, weights 1 and 0.3': hybrid([keyword, vector], { weights: [1, 0.3] }),
      'relevanceFeedback(keyword)': relevanceFeedback(keyword),
      'rewrite(keyword, keyTerms)': rewrite(keyword, keyTerms(), { originalWeight: 0 }),
      'rerank(keyword, lexical), 100 candidates': reranked(keyword),
      'rerank(keyword, lexical), reranker alone': rerank(keyword, lexicalReranker(), { candidates: 100 }),
      'rerank(hybrid, lexical), 100 candidates': reranked(recipe),
      'parents(keyword over pieces of 400 characters)': parents(small.retriever(), byId),
      'distinct(keyword)': distinct(keyword),
      'diversify(keyword), 50 hits at most': diversify(keyword),
      'compress(keyword, sentences), 100 read': asDocuments(compress(keyword, sentenceCompressor(), { maxHits: 100 })),
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([index.close(), small.close(), vectors.close(), latent.close()]);
    },
  };
};
