import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bm25 } from 'pipewright/keyword';
import { localEmbedder } from 'pipewright/model';
import { hybrid, lexicalReranker, relevanceFeedback, rerank } from 'pipewright/retrieve';
import { hnsw } from 'pipewright/vector';
import { describe, expect, it } from 'vitest';
import { type Collection, readCollection } from '../bench/lib/collection.js';
import { scoreRetriever } from '../bench/lib/retrieval-scores.js';

const data = process.env.PIPEWRIGHT_DATA ?? fileURLToPath(new URL('../../shared/data', import.meta.url));

/** What the vectors of the local embedder reach alone, less a hundredth for rounding and changes that help elsewhere. */
const vectorNdcg = { cranfield: 0.25, 'xquad-en': 0.9 };

/** Every so many questions are asked: enough to notice harm, few enough to be quick. */
const everyQuestion = { cranfield: 2, 'xquad-en': 10 };
const depth = 100;

const names = ['cranfield', 'xquad-en'] as const;

const readSome = async (name: (typeof names)[number]): Promise<Collection> => {
  const collection = await readCollection(`${data}/retrieval`, name);
  return { ...collection, queries: collection.queries.filter((_, at) => at % everyQuestion[name] === 0) };
};

describe.each(names)('retrieval without a model on %s', (name) => {
  const isThere = existsSync(`${data}/retrieval/${name}`);
  if (!isThere) console.warn(`Left out: retrieval on ${name}, because ${data}/retrieval/${name} is absent.`);

  it.runIf(isThere)('keywords are helped by vectors and by the lexical reranker', { timeout: 240_000 }, async () => {
    const collection = await readSome(name);
    await using keywords = await bm25();
    await using vectors = await hnsw({ embedder: localEmbedder(), engine: 'exact' });
    await keywords.add(collection.documents);
    await vectors.add(collection.documents);
    const keyword = keywords.retriever();
    const vector = vectors.retriever();
    const recipe = hybrid([keyword, vector], { fusion: 'relative-score', weights: [1, 0.3] });
    const reranked = rerank(keyword, lexicalReranker(), { candidates: 100, searchWeight: 0.5 });
    const alone = await scoreRetriever(keyword, collection, depth);
    const ofVector = await scoreRetriever(vector, collection, depth);
    const ofBoth = await scoreRetriever(recipe, collection, depth);
    const ofReranked = await scoreRetriever(reranked, collection, depth);
    expect(ofVector.ndcg10).toBeGreaterThanOrEqual(vectorNdcg[name]);
    expect(ofBoth.ndcg10).toBeGreaterThanOrEqual(alone.ndcg10);
    expect(ofBoth.map).toBeGreaterThanOrEqual(alone.map);
    expect(ofBoth.recall100).toBeGreaterThanOrEqual(alone.recall100);
    expect(ofReranked.ndcg10).toBeGreaterThanOrEqual(alone.ndcg10);
    expect(ofReranked.mrr10).toBeGreaterThanOrEqual(alone.mrr10);
  });
});

describe('feedback from the first hits', () => {
  const isThere = existsSync(`${data}/retrieval/cranfield`);

  it.runIf(isThere)('finds more on cranfield, where a question has many answers', { timeout: 240_000 }, async () => {
    const collection = await readSome('cranfield');
    await using keywords = await bm25();
    await keywords.add(collection.documents);
    const alone = await scoreRetriever(keywords.retriever(), collection, depth);
    const fedBack = await scoreRetriever(relevanceFeedback(keywords.retriever()), collection, depth);
    expect(fedBack.recall100).toBeGreaterThan(alone.recall100 + 0.005);
    expect(fedBack.ndcg10).toBeGreaterThanOrEqual(alone.ndcg10);
  });
});
