import {
  type AnyStep,
  callStep,
  checkAtLeast,
  compileFilter,
  defineStep,
  type Document,
  type Hit,
  queryOf,
  type QueryWithOptions,
  type Retriever,
  type Run,
  type SearchOptions,
  type TextRange,
} from '../core/index.js';
import { analyzer, type Analyzer, wordRarity, words } from '../text/index.js';
import { type GiveWay, giveWayOf } from './give-way.js';
import type { GraphState } from './graph-state.js';
import { namedIn } from './lookup.js';
import { canonicalKey, documentCount, edgesFrom, edgesWeight, membersOf } from './resolve.js';
import { nameKey } from './name-key.js';

export interface GraphRetrieverOptions extends SearchOptions {
  /** How many relations it goes away from the entities of the question. @default 1 */
  readonly hops?: number;
  /** Entities that it goes on from, the most relevant first. @default 64 */
  readonly maxEntities?: number;
  /**
   * Finds documents for the same query whose entities are started from too, less than those that the question names: with it a
   * question that names nothing finds something. @default none
   */
  readonly seeds?: Retriever;
  /** Whether hits carry `highlights`: where they name the entities that led to them. @default false */
  readonly isHighlighted?: boolean;
}

/** Of what an entity is worth, so much goes on to those around it. */
const spread = 0.5;
/** How much the entities of documents found by `seeds` count beside those that the question names. */
const seedShare = 0.5;
const maxSeedHits = 10;
/** Documents of one entity that are looked at: one that is everywhere tells nothing apart. */
const maxDocuments = 2_000;
/** The words of the question count in a passage as much as its entities; a passage without any keeps this share. */
const leastOverlap = 0.2;
/** Candidates whose words are compared, for each hit asked for. */
const candidatesPerHit = 8;

type Activation = Map<string, number>;

const add = (map: Map<string, number>, key: string, by: number): void => {
  map.set(key, (map.get(key) ?? 0) + by);
};

/** How much an entity tells documents apart: inverse document frequency. */
const specificity = (state: GraphState, key: string): number =>
  Math.log(1 + state.records.size / Math.max(1, documentCount(state, key)));

const strongestOf = (activation: Activation, limit: number): readonly (readonly [string, number])[] =>
  [...activation].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, limit);

/** The entities of a document. */
const entitiesOf = (state: GraphState, id: string): ReadonlySet<string> =>
  new Set(state.records.get(id)?.extraction.entities.map(({ name }) => canonicalKey(state, nameKey(name))));

const seedFrom = (state: GraphState, hits: readonly Hit[], activation: Activation): void => {
  hits.slice(0, maxSeedHits).forEach(({ id }, rank) => {
    const entities = [...entitiesOf(state, id)].map((key) => [key, specificity(state, key)] as const);
    const all = entities.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entities) add(activation, key, (seedShare * weight) / all / (1 + rank));
  });
};

/** Spreading activation: what an entity is worth flows over its relations, more over the stronger ones. */
const spreadFrom = async (
  state: GraphState,
  activation: Activation,
  { hops, maxEntities }: Settings,
  giveWay: GiveWay,
): Promise<void> => {
  let ring = strongestOf(activation, maxEntities);
  for (let hop = 0; hop < hops; hop++) {
    const next: Activation = new Map();
    for (const [key, worth] of ring) {
      const edges = edgesFrom(state, key);
      let all = 0;
      for (const some of edges.values()) all += edgesWeight(some);
      for (const [other, some] of edges) add(next, other, (spread * worth * edgesWeight(some)) / all);
      await giveWay();
    }
    for (const [key, worth] of next) add(activation, key, worth);
    ring = strongestOf(next, maxEntities);
  }
};

/** Documents by the worth of the entities that they name. */
const documentsNaming = async (
  state: GraphState,
  activation: Activation,
  matches: (document: Document) => boolean,
  giveWay: GiveWay,
): Promise<Map<string, number>> => {
  const scores = new Map<string, number>();
  for (const [key, worth] of activation) {
    const weight = worth * specificity(state, key);
    for (const { parts } of membersOf(state, key)) {
      let looked = 0;
      for (const [id, { mentions }] of parts) {
        if (looked++ >= maxDocuments) break;
        const record = state.records.get(id);
        if (record !== undefined && matches(record.document)) add(scores, id, weight * (1 + Math.log(mentions.length)));
      }
    }
    await giveWay();
  }
  return scores;
};

interface Settings {
  readonly k: number;
  readonly hops: number;
  readonly maxEntities: number;
  readonly isHighlighted: boolean;
}

const resolve = ({ k = 10, hops = 1, maxEntities = 64, isHighlighted = false }: GraphRetrieverOptions): Settings => {
  checkAtLeast('k', k, 1);
  checkAtLeast('hops', hops, 0);
  checkAtLeast('maxEntities', maxEntities, 1);
  return { k, hops: Math.min(Math.floor(hops), 8), maxEntities, isHighlighted };
};

/** The share of the question's words, by their rarity, that a text holds. */
const overlapWith = (query: string, analyze: Analyzer): ((text: string) => number) => {
  const terms = new Map<string, number>();
  for (const word of words(query)) {
    const [term] = analyze(word);
    if (term !== undefined) terms.set(term, wordRarity(word));
  }
  const all = [...terms.values()].reduce((sum, weight) => sum + weight, 0);
  return (text) => {
    const held = new Set(analyze(text));
    let sum = 0;
    for (const [term, weight] of terms) if (held.has(term)) sum += weight;
    return all === 0 ? 0 : sum / all;
  };
};

/** Makes the retriever of a graph; `stateOf` throws when that is closed. */
export const localRetriever = (stateOf: () => GraphState, options: GraphRetrieverOptions = {}): Retriever => {
  const settings = resolve(options);
  const { seeds } = options;
  const analyze = analyzer();
  const info = {
    kind: 'retriever',
    name: 'graph',
    details: { hops: settings.hops, maxEntities: settings.maxEntities },
    children: seeds === undefined ? [] : [{ label: 'seeds', step: seeds as AnyStep }],
  };
  return defineStep(info, async (query, run) => {
    const asked = { ...options, ...queryOf(query) };
    const { k } = resolve(asked);
    const { text, filter, minScore } = asked;
    const isMatch = filter === undefined ? undefined : compileFilter(filter);
    const matches = ({ metadata }: Document): boolean => isMatch?.(metadata) ?? true;
    const giveWay = giveWayOf(run);
    const activation = await activationOf(stateOf, asked, settings, run, giveWay);
    const state = stateOf();
    const scores = await documentsNaming(state, activation, matches, giveWay);
    const overlap = overlapWith(text, analyze);
    const hits: Hit[] = [];
    for (const [id, worth] of strongestOf(scores, candidatesPerHit * k)) {
      const record = state.records.get(id);
      if (record === undefined) continue;
      const { document } = record;
      const score = worth * (leastOverlap + overlap(`${document.title ?? ''} ${document.text}`));
      hits.push({ ...document, score, ...highlightsOf(state, id, activation, settings) });
      await giveWay();
    }
    hits.sort((a, b) => b.score - a.score);
    return hits.filter(({ score }) => minScore === undefined || score >= minScore).slice(0, k);
  });
};

const activationOf = async (
  stateOf: () => GraphState,
  { text, filter, seeds }: QueryWithOptions & GraphRetrieverOptions,
  settings: Settings,
  run: Run,
  giveWay: GiveWay,
): Promise<Activation> => {
  const query = { text, k: maxSeedHits, ...(filter === undefined ? {} : { filter }) };
  const hits = seeds === undefined ? [] : await callStep(seeds, query, run, 'seeds');
  const state = stateOf();
  const activation: Activation = new Map();
  for (const { key, weight } of namedIn(state, text)) add(activation, key, weight * specificity(state, key));
  seedFrom(state, hits, activation);
  await spreadFrom(state, activation, settings, giveWay);
  return activation;
};

/** Where a document names entities that led to it. */
const highlightsOf = (
  state: GraphState,
  id: string,
  activation: Activation,
  { isHighlighted }: Settings,
): { readonly highlights?: readonly TextRange[] } => {
  if (!isHighlighted) return {};
  const entities = state.records.get(id)?.extraction.entities ?? [];
  const named = entities.filter(({ name }) => activation.has(canonicalKey(state, nameKey(name))));
  const ranges = named.flatMap(({ mentions }) => mentions.map(({ start, end }) => ({ start, end })));
  ranges.sort((a, b) => a.start - b.start || b.end - a.end);
  let last = 0;
  const apart = ranges.filter(({ start, end }) => {
    if (start < last) return false;
    last = end;
    return true;
  });
  return { highlights: apart };
};
