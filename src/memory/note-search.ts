import { callStep, type Document, type DocumentStore, type Filter, type RecallQuery, type Run } from '../core/index.js';
import { factsOf } from './note-documents.js';
import { userOf } from './scope.js';

/** A text that may be told again, and how near its vector is to the query, 0 to 1; 0 where no vectors were asked. */
export interface Candidate {
  readonly document: Document;
  readonly similarity: number;
  /** Ids of the texts that it stands beside. */
  readonly besides: readonly string[];
}

export interface SearchSettings {
  readonly stores: readonly DocumentStore[];
  /** Texts that are looked at. */
  readonly k: number;
  /** How many of the best texts bring what was said before and after them. */
  readonly neighbours: number;
}

const isVectorStore = (store: DocumentStore): boolean => 'dimensions' in store;

const ofUser = (filter: Filter, more: Filter): Filter => ({ $and: [filter, more] });

/** What the indexes find, each text once, the best of each index first. */
const found = async (
  { stores, k }: SearchSettings,
  text: string,
  filter: Filter,
  run: Run,
): Promise<Map<string, Candidate>> => {
  const lists = await Promise.all(
    stores.map((store) => callStep(store.retriever({ k, filter }), { text, k, filter }, run)),
  );
  const candidates = new Map<string, Candidate>();
  for (let rank = 0; rank < k; rank++) {
    lists.forEach((hits, at) => {
      const hit = hits[rank];
      if (hit === undefined) return;
      const { score, ...document } = hit;
      const store = stores[at];
      const similarity = store !== undefined && isVectorStore(store) ? Math.max(0, Math.min(1, score)) : 0;
      const known = candidates.get(hit.id)?.similarity ?? 0;
      candidates.set(hit.id, { document, similarity: Math.max(similarity, known), besides: [] });
    });
  }
  return candidates;
};

/** What was said before and after the best texts. */
const addNeighbours = async (
  candidates: Map<string, Candidate>,
  { stores, neighbours }: SearchSettings,
  filter: Filter,
): Promise<void> => {
  const [store] = stores;
  const best = [...candidates.values()].slice(0, neighbours).map(({ document }) => document);
  if (store === undefined || best.length === 0) return;
  const join = (document: Document, beside: string): void => {
    const known = candidates.get(document.id);
    candidates.set(document.id, {
      document,
      similarity: known?.similarity ?? 0,
      besides: [...(known?.besides ?? []), beside],
    });
  };
  const before = await store.get(best.map((document) => factsOf(document).before ?? ''));
  before.forEach((document, at) => {
    if (document !== undefined) join(document, best[at]?.id ?? '');
  });
  const after = ofUser(filter, { before: { $in: best.map(({ id }) => id) } });
  for await (const document of store.entries({ filter: after })) join(document, factsOf(document).before ?? '');
};

/** Without words to look for: the texts that are worth most by themselves. */
const listed = async (
  { stores: [store], k }: SearchSettings,
  filter: Filter,
  worthOf: (document: Document) => number,
  run: Run,
): Promise<readonly Candidate[]> => {
  let best: { readonly document: Document; readonly worth: number }[] = [];
  const cut = (): void => {
    best = best.sort((a, b) => b.worth - a.worth).slice(0, k);
  };
  for await (const document of store?.entries({ filter }) ?? []) {
    run.throwIfAborted();
    best.push({ document, worth: worthOf(document) });
    if (best.length >= 2 * k + 100) cut();
  }
  cut();
  return best.map(({ document }) => ({ document, similarity: 0, besides: [] }));
};

/** The texts of the user that may belong to the query. */
export const candidatesFor = async (
  { text = '', ...scope }: RecallQuery,
  settings: SearchSettings,
  worthOf: (document: Document) => number,
  run: Run,
): Promise<readonly Candidate[]> => {
  const user = userOf(scope);
  const filter: Filter = { user };
  if (text.trim() === '') return listed(settings, filter, worthOf, run);
  const candidates = await found(settings, text, filter, run);
  await addNeighbours(candidates, settings, filter);
  // An index that is deaf to its filter must not tell one user what another said.
  return [...candidates.values()].filter(({ document }) => factsOf(document).user === user);
};
