// How each peer was told to do the same job: index texts by their position, and give the positions of the best for a query.
import { createRequire } from 'node:module';
import type { KeywordContender } from '../lib/keyword-contender.js';

const require = createRequire(import.meta.url);
/** Packages without types of their own, or whose types say less than they do. */
const untyped = <T>(name: string): T => require(name) as T;

const minisearch = async (): Promise<KeywordContender> => {
  const { default: MiniSearch } = await import('minisearch');
  const index = new MiniSearch<{ id: number; text: string }>({ fields: ['text'] });
  return {
    add: (texts) => index.addAll(texts.map((text, id) => ({ id, text }))),
    search: (query, k) =>
      index
        .search(query)
        .slice(0, k)
        .map(({ id }) => Number(id)),
  };
};

interface WinkIndex {
  readonly defineConfig: (config: unknown) => void;
  readonly definePrepTasks: (tasks: readonly unknown[]) => void;
  readonly addDoc: (fields: unknown, id: number) => void;
  readonly consolidate: () => void;
  readonly search: (query: string, k: number) => readonly (readonly [string, number])[];
}

const wink = async (): Promise<KeywordContender> => {
  const index = untyped<() => WinkIndex>('wink-bm25-text-search')();
  const { string } = untyped<{ readonly string: Record<'lowerCase' | 'tokenize0', unknown> }>('wink-nlp-utils');
  index.defineConfig({ fldWeights: { text: 1 } });
  index.definePrepTasks([string.lowerCase, string.tokenize0]);
  return {
    add: (texts) => {
      for (const [id, text] of texts.entries()) index.addDoc({ text }, id);
      index.consolidate();
    },
    search: (query, k) => index.search(query, k).map(([id]) => Number(id)),
  };
};

const orama = async (): Promise<KeywordContender> => {
  const { create, insert, search } = await import('@orama/orama');
  const index = create({ schema: { text: 'string' } as const });
  return {
    add: async (texts) => {
      for (const [id, text] of texts.entries()) await insert(index, { id: String(id), text });
    },
    search: async (query, k) =>
      (await search(index, { term: query, limit: k, properties: ['text'], threshold: 1 })).hits.map(({ id }) =>
        Number(id),
      ),
  };
};

const flexsearch = async (): Promise<KeywordContender> => {
  const { Index } = await import('flexsearch');
  const index = new Index({ tokenize: 'strict' });
  return {
    add: (texts) => {
      for (const [id, text] of texts.entries()) index.add(id, text);
    },
    search: (query, k) => (index.search(query, { limit: k, suggest: true }) as number[]).map(Number),
  };
};

interface LunrBuilder {
  readonly ref: (name: string) => void;
  readonly field: (name: string) => void;
  readonly add: (document: unknown) => void;
}
interface LunrIndex {
  readonly search: (query: string) => readonly { readonly ref: string }[];
}

const lunr = async (): Promise<KeywordContender> => {
  const build = untyped<(configure: (this: LunrBuilder) => void) => LunrIndex>('lunr');
  let index: LunrIndex | undefined;
  return {
    add: (texts) => {
      index = build(function () {
        this.ref('id');
        this.field('text');
        for (const [id, text] of texts.entries()) this.add({ id, text });
      });
    },
    search: (query, k) =>
      (index?.search(query.replace(/[:~^*+-]/gu, ' ')) ?? []).slice(0, k).map(({ ref }) => Number(ref)),
  };
};

const langchain = async (): Promise<KeywordContender> => {
  const { BM25Retriever } = await import('@langchain/community/retrievers/bm25');
  let retriever = BM25Retriever.fromDocuments([], { k: 10 });
  return {
    add: (texts) => {
      const documents = texts.map((pageContent, id) => ({ pageContent, metadata: { id } }));
      retriever = BM25Retriever.fromDocuments(documents, { k: 10 });
    },
    search: async (query) => (await retriever.invoke(query)).map(({ metadata }) => Number(metadata.id)),
  };
};

export const peers: Readonly<Record<string, () => Promise<KeywordContender>>> = {
  MiniSearch: minisearch,
  'wink-bm25-text-search': wink,
  'Orama, threshold 1': orama,
  'FlexSearch Index, strict, suggest': flexsearch,
  lunr,
  'LangChain BM25Retriever': langchain,
};
