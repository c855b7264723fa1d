import type { Document } from '../core/index.js';
import { nameKey, nameWords } from './name-key.js';
import type { ExtractedRelation, Extraction, Mention } from './types.js';

/** A document with what was found in it: the truth from which the graph is made. */
export interface GraphRecord {
  readonly document: Document;
  readonly extraction: Extraction;
  /** The way of finding that made the extraction. */
  readonly extractorId: string;
}

/** What goes by one name, document by document. */
export interface NameNode {
  readonly key: string;
  /** Each part by the id of its document. */
  readonly parts: Map<string, NodePart>;
  /** How often each form of the name and each type is mentioned. */
  readonly forms: Map<string, number>;
  readonly types: Map<string, number>;
  /** By the key of the other end. */
  readonly edges: Map<string, Edge>;
  /** Keys of short names that documents use for this one, with the ids of those documents. */
  readonly shortNames: Map<string, Set<string>>;
  /** Keys of the names that this one is short for, with the ids of those documents. */
  readonly longNames: Map<string, Set<string>>;
}

export interface NodePart {
  readonly name: string;
  readonly type: string;
  readonly description?: string;
  readonly aliases: readonly string[];
  readonly mentions: readonly Mention[];
}

/** What the documents say of two names; the same object stands at both ends. */
export interface Edge {
  readonly ends: readonly [string, string];
  readonly byDocument: Map<string, readonly ExtractedRelation[]>;
  /** Sum over the documents in millionths: whole numbers add up alike in any order, so that taking out is exact. */
  microWeight: number;
}

/** The graph in memory. Everything is filed by document, so that a document can be taken out again. */
export interface GraphState {
  readonly records: Map<string, GraphRecord>;
  readonly nodes: Map<string, NameNode>;
  /** Keys of the names that hold a word. */
  readonly byWord: Map<string, Set<string>>;
  /** Keys of names that were declared to stand for others, whatever documents say, with the keys of those. */
  readonly declared: ReadonlyMap<string, string>;
  /** Counts changes. */
  revision: number;
}

/** In the place of the id of a document, which is never empty. */
const declaration = '';

/** A graph without documents. `aliases`: other names of entities, each with the name that it stands for. */
export const emptyGraph = (aliases: Readonly<Record<string, string>> = {}): GraphState => {
  const keys = Object.entries(aliases).map((pair) => pair.map(nameKey) as [alias: string, name: string]);
  const declared = new Map(keys.filter(([alias, name]) => alias !== name));
  const state: GraphState = { records: new Map(), nodes: new Map(), byWord: new Map(), declared, revision: 0 };
  for (const [alias, name] of declared) {
    fileUnder(nodeOf(state, name).shortNames, alias, declaration);
    fileUnder(nodeOf(state, alias).longNames, name, declaration);
  }
  return state;
};

const nodeOf = (state: GraphState, key: string): NameNode => {
  const known = state.nodes.get(key);
  if (known !== undefined) return known;
  const node: NameNode = {
    key,
    parts: new Map(),
    forms: new Map(),
    types: new Map(),
    edges: new Map(),
    shortNames: new Map(),
    longNames: new Map(),
  };
  state.nodes.set(key, node);
  for (const word of nameWords(key)) fileUnder(state.byWord, word, key);
  return node;
};

const fileUnder = <Key>(index: Map<Key, Set<string>>, key: Key, value: string): void => {
  const known = index.get(key);
  if (known === undefined) index.set(key, new Set([value]));
  else known.add(value);
};

const takeFrom = <Key>(index: Map<Key, Set<string>>, key: Key, value: string): void => {
  const known = index.get(key);
  if (known?.delete(value) === true && known.size === 0) index.delete(key);
};

/** A name that no document brings any more leaves the graph. */
const dropIfOrphaned = (state: GraphState, node: NameNode): void => {
  if (node.parts.size + node.edges.size + node.shortNames.size + node.longNames.size > 0) return;
  state.nodes.delete(node.key);
  for (const word of nameWords(node.key)) takeFrom(state.byWord, word, node.key);
};

const microWeightOf = (relations: readonly ExtractedRelation[]): number =>
  relations.reduce((sum, { weight }) => sum + Math.max(1, Math.round(weight * 1e6)), 0);

const count = (counts: Map<string, number>, what: string, by: number): void => {
  const sum = (counts.get(what) ?? 0) + by;
  if (sum === 0) counts.delete(what);
  else counts.set(what, sum);
};

const countPart = (node: NameNode, { name, type, mentions }: NodePart, sign: 1 | -1): void => {
  count(node.forms, name, sign * mentions.length);
  count(node.types, type, sign * mentions.length);
};

/** Relations of one document by the two keys they join. */
const edgesOf = ({ relations }: Extraction): readonly (readonly [string, string, readonly ExtractedRelation[]])[] => {
  const byEnds = new Map<string, Map<string, ExtractedRelation[]>>();
  for (const relation of relations) {
    const [low = '', high = ''] = [nameKey(relation.from), nameKey(relation.to)].sort();
    const row = byEnds.get(low) ?? new Map<string, ExtractedRelation[]>();
    byEnds.set(low, row);
    const known = row.get(high);
    if (known === undefined) row.set(high, [relation]);
    else known.push(relation);
  }
  return [...byEnds].flatMap(([low, row]) => Array.from(row, ([high, all]) => [low, high, all] as const));
};

/** Puts a document in. It must not be there already. */
export const addRecord = (state: GraphState, record: GraphRecord): void => {
  const { id } = record.document;
  state.records.set(id, record);
  for (const { name, type, description, aliases = [], mentions } of record.extraction.entities) {
    const node = nodeOf(state, nameKey(name));
    const part = { name, type, ...(description === undefined ? {} : { description }), aliases, mentions };
    node.parts.set(id, part);
    countPart(node, part, 1);
    for (const alias of new Set(aliases.map(nameKey))) {
      if (alias === node.key) continue;
      fileUnder(node.shortNames, alias, id);
      fileUnder(nodeOf(state, alias).longNames, node.key, id);
    }
  }
  for (const [low, high, relations] of edgesOf(record.extraction)) {
    const a = nodeOf(state, low);
    const b = nodeOf(state, high);
    const edge: Edge = a.edges.get(high) ?? { ends: [low, high], byDocument: new Map(), microWeight: 0 };
    edge.byDocument.set(id, relations);
    edge.microWeight += microWeightOf(relations);
    a.edges.set(high, edge);
    b.edges.set(low, edge);
  }
  state.revision++;
};

/** Takes a document out, with its mentions and relations, and with the names that only it brought. */
export const removeRecord = (state: GraphState, id: string): boolean => {
  const record = state.records.get(id);
  if (record === undefined) return false;
  state.records.delete(id);
  const touched = new Set<NameNode>();
  const touch = (key: string): NameNode | undefined => {
    const node = state.nodes.get(key);
    if (node !== undefined) touched.add(node);
    return node;
  };
  for (const [low, high, relations] of edgesOf(record.extraction)) {
    const a = touch(low);
    const b = touch(high);
    const edge = a?.edges.get(high);
    if (edge === undefined) continue;
    edge.byDocument.delete(id);
    edge.microWeight -= microWeightOf(relations);
    if (edge.byDocument.size > 0) continue;
    a?.edges.delete(high);
    b?.edges.delete(low);
  }
  for (const { name, aliases = [] } of record.extraction.entities) {
    const node = touch(nameKey(name));
    const part = node?.parts.get(id);
    if (node !== undefined && part !== undefined) {
      node.parts.delete(id);
      countPart(node, part, -1);
    }
    for (const alias of aliases.map(nameKey)) {
      if (node !== undefined) takeFrom(node.shortNames, alias, id);
      const short = touch(alias);
      if (short !== undefined && node !== undefined) takeFrom(short.longNames, node.key, id);
    }
  }
  for (const node of touched) dropIfOrphaned(state, node);
  state.revision++;
  return true;
};
