import type { Document, Embedder, Retriever } from '../../src/index.js';
import { retriever } from '../../src/retrieve/index.js';

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};

/** Text as an embedder reads it: title, then text. */
export const embeddedText = ({ title, text }: Document): string => (title === undefined ? text : `${title}\n${text}`);

/** Compares the query with every vector: what an index approximates, so differences to it are the embedder's alone. */
export const exactSearch = async (embedder: Embedder, documents: readonly Document[]): Promise<Retriever> => {
  const vectors = await embedder(documents.map(embeddedText));
  return retriever(
    async ({ text }, run) => {
      const [query] = await embedder([text], run);
      if (query === undefined) return [];
      return documents.map((document, at) => ({ ...document, score: dot(vectors[at] ?? query, query) }));
    },
    { name: 'exact' },
  );
};
