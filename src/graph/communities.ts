import { createHash } from 'node:crypto';
import type { Run } from '../core/index.js';
import { type GiveWay, giveWayOf } from './give-way.js';
import type { Edge, GraphState } from './graph-state.js';
import { louvainGroups, type WeightedGraph } from './louvain.js';
import { passagesOf } from './passages.js';
import { canonicalKey, edgesFrom, edgesWeight, entityOf } from './resolve.js';
import type { Community, Entity } from './types.js';

/** Entities and passages of a community that are shown; how many there are is not bounded by anything else. */
const maxShownEntities = 20;

export interface CommunitySettings {
  readonly resolution: number;
  readonly minEntities: number;
}

/** The relations of the graph between canonical entities, in an order that follows from the names alone. */
interface Links {
  readonly edges: ReadonlyMap<string, ReadonlyMap<string, readonly Edge[]>>;
  readonly keys: readonly string[];
  readonly links: readonly (readonly [from: string, to: string, weight: number])[];
}

const linksOf = async (state: GraphState, giveWay: GiveWay): Promise<Links> => {
  const canonical = new Set(Array.from(state.nodes.keys(), (key) => canonicalKey(state, key)));
  const keys: string[] = [];
  const all = new Map<string, ReadonlyMap<string, readonly Edge[]>>();
  const links: (readonly [string, string, number])[] = [];
  for (const key of [...canonical].sort()) {
    const edges = new Map([...edgesFrom(state, key)].sort(([a], [b]) => (a < b ? -1 : 1)));
    if (edges.size === 0) continue;
    keys.push(key);
    all.set(key, edges);
    for (const [other, some] of edges) if (key < other) links.push([key, other, edgesWeight(some)]);
    await giveWay();
  }
  return { edges: all, keys, links };
};

/** The same by number. */
const weightedGraph = ({ keys, links }: Links): WeightedGraph => {
  const places = new Map(keys.map((key, at) => [key, at]));
  return {
    nodeCount: keys.length,
    ends: Uint32Array.from(links.flatMap(([from, to]) => [places.get(from) ?? 0, places.get(to) ?? 0])),
    weights: Float64Array.from(links, ([, , weight]) => weight),
  };
};

interface Group {
  readonly level: number;
  readonly keys: readonly string[];
  parent: Group | undefined;
}

const nestedGroups = (keys: readonly string[], levels: readonly ArrayLike<number>[]): readonly (readonly Group[])[] => {
  const nested = levels.map((groups, level) => {
    const byGroup = new Map<number, string[]>();
    keys.forEach((key, at) => {
      const number = groups[at] ?? at;
      const known = byGroup.get(number);
      if (known === undefined) byGroup.set(number, [key]);
      else known.push(key);
    });
    return Array.from(byGroup.values(), (members): Group => ({ level, keys: members, parent: undefined }));
  });
  nested.forEach((groups, level) => {
    const above = new Map((nested[level + 1] ?? []).flatMap((group) => group.keys.map((key) => [key, group] as const)));
    for (const group of groups) group.parent = above.get(group.keys[0] ?? '');
  });
  return nested;
};

/**
 * Communities by the Louvain method (Blondel, Guillaume, Lambiotte and Lefebvre 2008), finest level first, the largest first in
 * each. An entity without relations is in none.
 */
export const findCommunities = async (
  state: GraphState,
  { resolution, minEntities }: CommunitySettings,
  run: Run,
): Promise<readonly Community[]> => {
  const giveWay = giveWayOf(run);
  const links = await linksOf(state, giveWay);
  const nested = nestedGroups(links.keys, await louvainGroups(weightedGraph(links), resolution, run));
  const entities = new Map<string, Entity>();
  const entityAt = (key: string): Entity => {
    const entity = entities.get(key) ?? entityOf(state, key);
    entities.set(key, entity);
    return entity;
  };
  const ids = new Map<Group, string>();
  const communities: Community[] = [];
  // From the top, so that the id of a parent is known.
  for (const groups of nested.toReversed()) {
    for (const group of groups) {
      if (group.keys.length < minEntities) continue;
      const { parent } = group;
      const id = contentId(group, links);
      ids.set(group, id);
      const { weight, central } = weigh(group, links);
      const shown = [...central].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, maxShownEntities);
      await giveWay();
      communities.push({
        id,
        level: group.level,
        ...(parent === undefined ? {} : { parentId: ids.get(parent) ?? '' }),
        size: group.keys.length,
        entities: shown.map(([key]) => entityAt(key)),
        weight,
        passages: passagesOf(state, new Set(group.keys), central),
      });
      await giveWay();
    }
  }
  return communities.sort((a, b) => a.level - b.level || b.weight - a.weight || (a.id < b.id ? -1 : 1));
};

/** Names a group by what is in it, passages included: a report is good for as long as its community keeps its id. */
const contentId = ({ level, keys }: Group, { edges }: Links): string => {
  const hash = createHash('sha256').update(`${level}`);
  const within = new Set(keys);
  for (const key of keys) {
    hash.update(`\n${key}`);
    for (const [other, some] of edges.get(key) ?? []) {
      if (!within.has(other) || other < key) continue;
      const statements = some.flatMap(({ byDocument }) => [...byDocument.values()].flat());
      const lines = statements.map(({ documentId, start, end, type, description, weight }) =>
        JSON.stringify([documentId, start, end, type, description, weight]),
      );
      hash.update(`\t${other} ${lines.sort().join()}`);
    }
  }
  return hash.digest('hex').slice(0, 24);
};

/** The weight of a group, and what each entity has of it. */
const weigh = (
  { keys }: Group,
  { edges }: Links,
): { readonly weight: number; readonly central: Map<string, number> } => {
  const within = new Set(keys);
  const central = new Map<string, number>();
  // Whole millionths add up alike in any order.
  let microWeight = 0;
  for (const key of keys) {
    let own = 0;
    for (const [other, some] of edges.get(key) ?? []) if (within.has(other)) own += Math.round(1e6 * edgesWeight(some));
    central.set(key, own / 1e6);
    microWeight += own / 2;
  }
  return { weight: microWeight / 1e6, central };
};
