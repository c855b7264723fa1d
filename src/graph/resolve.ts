import type { Edge, GraphState, NameNode, NodePart } from './graph-state.js';
import type { Entity, Mention, Relation } from './types.js';

/** A short name may be short for one that is short itself; a chain longer than this is nonsense. */
const maxChain = 8;
/** Descriptions shown of an entity: those of the documents that mention it most. */
const maxDescriptions = 3;

/** The most frequent; of equals the longest, then the first by alphabet: never the one that came first. */
const mostFrequent = (counts: ReadonlyMap<string, number>): string | undefined => {
  let best: string | undefined;
  for (const [what, times] of counts) {
    const than = best === undefined ? 0 : (counts.get(best) ?? 0);
    const isMore = times > than || (times === than && best !== undefined && isBefore(what, best));
    if (isMore) best = what;
  }
  return best;
};

const isBefore = (a: string, b: string): boolean => a.length > b.length || (a.length === b.length && a < b);

/** `name` says that nothing is known of the type. */
const typeOf = ({ types }: NameNode): string | undefined => {
  const known = new Map([...types].filter(([type]) => type !== 'name'));
  return mostFrequent(known);
};

const areCompatible = (a: NameNode, b: NameNode): boolean => {
  const [typeA, typeB] = [typeOf(a), typeOf(b)];
  return typeA === undefined || typeB === undefined || typeA === typeB;
};

/** The one name that this one is short for: as declared, or where the documents agree on it and on what it is. */
const longName = (state: GraphState, node: NameNode): string | undefined => {
  const declared = state.declared.get(node.key);
  if (declared !== undefined) return declared;
  const [only] = node.longNames.keys();
  const long = only === undefined || node.longNames.size > 1 ? undefined : state.nodes.get(only);
  return long !== undefined && areCompatible(node, long) ? long.key : undefined;
};

/**
 * The name under which all that goes by this one is shown. It follows from what the documents say alone, not from the order in
 * which they came.
 */
export const canonicalKey = (state: GraphState, key: string): string => {
  const chain = [key];
  for (let at = 0; at < maxChain; at++) {
    const node = state.nodes.get(chain.at(-1) ?? key);
    const next = node === undefined ? undefined : longName(state, node);
    if (next === undefined) break;
    const met = chain.indexOf(next);
    // Two names that are each short for the other.
    if (met >= 0) return chain.slice(met).sort()[0] ?? next;
    chain.push(next);
  }
  return chain.at(-1) ?? key;
};

/** All names that are shown under this one, itself first. */
export const membersOf = (state: GraphState, canonical: string): readonly NameNode[] => {
  const members = new Map<string, NameNode>();
  const queue = [canonical];
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    const node = state.nodes.get(key);
    if (node === undefined || members.has(key)) continue;
    members.set(key, node);
    for (const short of node.shortNames.keys()) if (canonicalKey(state, short) === canonical) queue.push(short);
  }
  return [...members.values()];
};

/** Edges of an entity by the canonical key of the other end. */
export const edgesFrom = (state: GraphState, canonical: string): ReadonlyMap<string, readonly Edge[]> => {
  const found = new Map<string, Edge[]>();
  for (const member of membersOf(state, canonical)) {
    for (const [key, edge] of member.edges) {
      const other = canonicalKey(state, key);
      if (other === canonical) continue;
      const known = found.get(other);
      if (known === undefined) found.set(other, [edge]);
      else known.push(edge);
    }
  }
  return found;
};

/** In whole millionths, so that the order of the edges does not matter. */
export const edgesWeight = (edges: readonly Edge[]): number =>
  edges.reduce((sum, { microWeight }) => sum + microWeight, 0) / 1e6;

/** In how many documents an entity is named. */
export const documentCount = (state: GraphState, canonical: string): number => {
  const members = membersOf(state, canonical);
  if (members.length === 1) return members[0]?.parts.size ?? 0;
  return new Set(members.flatMap(({ parts }) => [...parts.keys()])).size;
};

const byPlace = (a: Mention, b: Mention): number =>
  a.documentId < b.documentId ? -1 : a.documentId > b.documentId ? 1 : a.start - b.start || a.end - b.end;

/** The entity as users see it. */
export const entityOf = (state: GraphState, canonical: string): Entity => {
  const members = membersOf(state, canonical);
  const forms = new Map<string, number>();
  const types = new Map<string, number>();
  for (const member of members) {
    for (const [form, times] of member.forms) forms.set(form, (forms.get(form) ?? 0) + times);
    for (const [type, times] of member.types) if (type !== 'name') types.set(type, (types.get(type) ?? 0) + times);
  }
  const [self] = members;
  // The long name is shown, however often the short one is used.
  const name = mostFrequent(self?.forms ?? forms) ?? mostFrequent(forms) ?? canonical;
  const parts = members.flatMap((member) => [...member.parts]);
  const others = new Set([...forms.keys(), ...parts.flatMap(([, { aliases }]) => aliases)]);
  others.delete(name);
  return {
    id: canonical,
    name,
    type: mostFrequent(types) ?? 'name',
    aliases: [...others].sort(),
    descriptions: descriptionsOf(parts),
    mentions: parts.flatMap(([, { mentions }]) => mentions).sort(byPlace),
    degree: edgesFrom(state, canonical).size,
  };
};

const descriptionsOf = (parts: readonly (readonly [documentId: string, part: NodePart])[]): readonly string[] => {
  const told = parts.filter(([, { description }]) => description !== undefined);
  told.sort(([idA, a], [idB, b]) => b.mentions.length - a.mentions.length || (idA < idB ? -1 : 1));
  return [...new Set(told.map(([, { description = '' }]) => description))].slice(0, maxDescriptions);
};

export const relationOf = (state: GraphState, from: string, to: string, edges: readonly Edge[]): Relation => ({
  from: entityOf(state, from),
  to: entityOf(state, to),
  weight: edgesWeight(edges),
  statements: edges
    .toSorted((a, b) => (a.ends.join('\n') < b.ends.join('\n') ? -1 : 1))
    .flatMap(({ byDocument }) => [...byDocument])
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .flatMap(([, relations]) => relations),
});
