// How each peer was told to do the same job: store vectors with documents, and give the nearest documents for a vector.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VectorContender } from '../lib/vector-contender.js';
import { documentOf, type VectorData } from '../lib/vector-data.js';
import { lanceDb, sqliteVec } from './vector-databases.js';
import { efforts, only, peer } from './vector-peer.js';

const embeddings = { embedDocuments: async () => [], embedQuery: async () => [] };

interface LangChainDocument {
  readonly pageContent: string;
  readonly metadata: { readonly id: string; readonly share: number };
}
interface LangChainStore {
  readonly addVectors: (vectors: readonly number[][], documents: readonly LangChainDocument[]) => Promise<void>;
  readonly similaritySearchVectorWithScore: (
    vector: readonly number[],
    k: number,
    filter?: (document: LangChainDocument) => boolean,
  ) => Promise<readonly (readonly [LangChainDocument, number])[]>;
  readonly index?: { readonly setEf: (ef: number) => void };
}

const langChainDocuments = ({ shares }: VectorData): readonly LangChainDocument[] =>
  shares.map((share, row) => {
    const { id, text } = documentOf(row, share);
    return { pageContent: text, metadata: { id, share } };
  });

const langChain = (name: string, open: (dimensions: number) => Promise<LangChainStore>): VectorContender => ({
  name,
  fill: async (data) => {
    const store = await open(data.dimensions);
    await store.addVectors(
      data.vectors.map((vector) => [...vector]),
      langChainDocuments(data),
    );
    const search = async (
      query: Float32Array,
      k: number,
      ef: number,
      permille?: number,
    ): Promise<readonly string[]> => {
      store.index?.setEf(Math.max(k, ef));
      const filter =
        permille === undefined ? undefined : ({ metadata }: LangChainDocument) => metadata.share < permille;
      const found = await store.similaritySearchVectorWithScore([...query], k, filter);
      return found.map(([{ metadata }]) => metadata.id);
    };
    return {
      efforts: store.index === undefined ? only : efforts,
      search,
      searchFiltered: search,
      close: async () => undefined,
    };
  },
});

const langChainHnsw = langChain('LangChain HNSWLib', async (numDimensions) => {
  type Module = { readonly HNSWLib: new (embedder: object, options: object) => LangChainStore };
  const { HNSWLib } = await peer<Module>('@langchain/community/vectorstores/hnswlib');
  return new HNSWLib(embeddings, { space: 'cosine', numDimensions });
});

const langChainMemory = langChain('LangChain MemoryVectorStore', async () => {
  type Module = { readonly MemoryVectorStore: new (embedder: object) => LangChainStore };
  const { MemoryVectorStore } = await peer<Module>('@langchain/classic/vectorstores/memory');
  return new MemoryVectorStore(embeddings);
});

const llamaIndex: VectorContender = {
  name: 'LlamaIndex SimpleVectorStore',
  fill: async ({ vectors, shares }) => {
    type Store = {
      readonly add: (nodes: readonly object[]) => Promise<unknown>;
      readonly query: (query: object) => Promise<{ readonly ids: readonly string[] }>;
    };
    type Stores = { readonly SimpleVectorStore: new (options: object) => Store };
    const { SimpleVectorStore } = await peer<Stores>('llamaindex/vector-store');
    const { TextNode } = await peer<{ readonly TextNode: new (node: object) => object }>('@llamaindex/core/schema');
    const store = new SimpleVectorStore({ embedModel: {} });
    await store.add(
      vectors.map((vector, row) => {
        const { id, text, metadata } = documentOf(row, shares[row] ?? 0);
        const relationships = { SOURCE: { nodeId: `d${row}`, metadata: {} } };
        return new TextNode({ id_: id, text, metadata, embedding: [...vector], relationships });
      }),
    );
    const search = async (query: Float32Array, k: number): Promise<readonly string[]> =>
      (await store.query({ queryEmbedding: [...query], similarityTopK: k, mode: 'default' })).ids;
    return { efforts: only, search, close: async () => undefined };
  },
};

const orama: VectorContender = {
  name: 'Orama',
  fill: async ({ vectors, shares, dimensions }) => {
    type Module = {
      readonly create: (options: object) => object;
      readonly insert: (db: object, document: object) => unknown;
      readonly searchVector: (
        db: object,
        options: object,
      ) => Promise<{ readonly hits: readonly { readonly id: string }[] }>;
    };
    const { create, insert, searchVector } = await peer<Module>('@orama/orama');
    const db = create({ schema: { text: 'string', share: 'number', embedding: `vector[${dimensions}]` } });
    for (const [row, vector] of vectors.entries()) {
      const { id, text, metadata } = documentOf(row, shares[row] ?? 0);
      await insert(db, { id, text, ...metadata, embedding: [...vector] });
    }
    const search = async (
      query: Float32Array,
      k: number,
      _effort: number,
      permille?: number,
    ): Promise<readonly string[]> => {
      const vector = { value: [...query], property: 'embedding' };
      const where = permille === undefined ? {} : { where: { share: { lt: permille } } };
      const { hits } = await searchVector(db, { mode: 'vector', vector, similarity: -1, limit: k, ...where });
      return hits.map(({ id }) => id);
    };
    return { efforts: only, search, searchFiltered: search, close: async () => undefined };
  },
};

const vectra: VectorContender = {
  name: 'Vectra',
  fill: async ({ vectors, shares }) => {
    type Index = {
      readonly createIndex: (options: object) => Promise<void>;
      readonly beginUpdate: () => Promise<void>;
      readonly endUpdate: () => Promise<void>;
      readonly insertItem: (item: object) => Promise<unknown>;
      readonly queryItems: (
        vector: readonly number[],
        text: string,
        k: number,
        filter?: object,
      ) => Promise<readonly { readonly item: { readonly id: string } }[]>;
    };
    const { LocalIndex } = await peer<{ readonly LocalIndex: new (path: string) => Index }>('vectra');
    const folder = await mkdtemp(join(tmpdir(), 'vectra-'));
    const index = new LocalIndex(folder);
    await index.createIndex({ version: 1 });
    await index.beginUpdate();
    for (const [row, vector] of vectors.entries()) {
      const { id, text, metadata } = documentOf(row, shares[row] ?? 0);
      await index.insertItem({ id, vector: [...vector], metadata: { ...metadata, text } });
    }
    await index.endUpdate();
    const search = async (
      query: Float32Array,
      k: number,
      _effort: number,
      permille?: number,
    ): Promise<readonly string[]> => {
      const filter = permille === undefined ? undefined : { share: { $lt: permille } };
      return (await index.queryItems([...query], '', k, filter)).map(({ item }) => item.id);
    };
    return { efforts: only, search, searchFiltered: search, close: () => rm(folder, { recursive: true }) };
  },
};

/** Whether a package can be loaded here; the reason where it cannot. */
const reasonAgainst = async (name: string): Promise<string | undefined> => {
  try {
    await import(name);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split('\n')[0] : String(error);
  }
};

const needs: readonly (readonly [string, VectorContender])[] = [
  ['@langchain/community/vectorstores/hnswlib', langChainHnsw],
  ['@langchain/classic/vectorstores/memory', langChainMemory],
  ['llamaindex/vector-store', llamaIndex],
  ['@orama/orama', orama],
  ['vectra', vectra],
  ['@lancedb/lancedb', lanceDb],
  ['node:sqlite', sqliteVec],
];

/** The peers that can run here; of each other one it is said why it was left out. */
export const peers = async (): Promise<readonly VectorContender[]> => {
  const able: VectorContender[] = [];
  for (const [name, contender] of needs) {
    const reason = await reasonAgainst(name);
    if (reason === undefined) able.push(contender);
    else console.log(`left out: ${contender.name}, because ${name} cannot be loaded (${reason})`);
  }
  return able;
};
