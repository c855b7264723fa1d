import type { Run } from '../core/index.js';
import { type GiveWay, giveWayOf } from './give-way.js';
import type { Edge, GraphState } from './graph-state.js';
import { edgesFrom, edgesWeight, entityOf, relationOf } from './resolve.js';
import type { EntityPath, Neighbour } from './types.js';

/** Entities that one walk looks at, however large the graph. */
const maxVisited = 20_000;
/** Steps that one search for paths takes. */
const maxSteps = 50_000;

/** Edges of an entity, the strongest first. */
const strongest = (state: GraphState, key: string): readonly (readonly [key: string, edges: readonly Edge[]])[] =>
  [...edgesFrom(state, key)].sort(([a, x], [b, y]) => edgesWeight(y) - edgesWeight(x) || (a < b ? -1 : 1));

/** The entities around one, nearest first, and of those as near the most strongly related first. */
export const neighboursOf = async (
  state: GraphState,
  start: string,
  maxHops: number,
  limit: number,
  run: Run,
): Promise<readonly Neighbour[]> => {
  const giveWay = giveWayOf(run);
  const seen = new Set([start]);
  const found: Neighbour[] = [];
  let ring = [start];
  for (let hops = 1; hops <= maxHops && ring.length > 0 && found.length < limit; hops++) {
    const reached = new Map<
      string,
      { readonly from: string; readonly edges: readonly Edge[]; readonly weight: number }
    >();
    for (const from of ring) {
      for (const [key, edges] of edgesFrom(state, from)) {
        const weight = edgesWeight(edges);
        if (seen.has(key) || weight <= (reached.get(key)?.weight ?? 0)) continue;
        if (seen.size + reached.size < maxVisited || reached.has(key)) reached.set(key, { from, edges, weight });
      }
      await giveWay();
    }
    const ranked = [...reached].sort(([a, x], [b, y]) => y.weight - x.weight || (a < b ? -1 : 1));
    for (const [key, { from, edges }] of ranked) {
      seen.add(key);
      if (found.length < limit) {
        found.push({ entity: entityOf(state, key), hops, relation: relationOf(state, from, key, edges) });
        await giveWay();
      }
    }
    ring = ranked.map(([key]) => key);
  }
  return found;
};

/** How many relations lie between each entity near `start` and it. */
const distancesTo = async (
  state: GraphState,
  start: string,
  maxHops: number,
  giveWay: GiveWay,
): Promise<ReadonlyMap<string, number>> => {
  const distances = new Map([[start, 0]]);
  let ring = [start];
  for (let hops = 1; hops <= maxHops && ring.length > 0; hops++) {
    const next: string[] = [];
    for (const from of ring) {
      for (const key of edgesFrom(state, from).keys()) {
        if (distances.has(key) || distances.size >= maxVisited) continue;
        distances.set(key, hops);
        next.push(key);
      }
      await giveWay();
    }
    ring = next;
  }
  return distances;
};

/** Ways from one entity to another without a circle: the shortest first, and of those as long the strongest first. */
export const pathsBetween = async (
  state: GraphState,
  from: string,
  to: string,
  maxHops: number,
  limit: number,
  run: Run,
): Promise<readonly EntityPath[]> => {
  const giveWay = giveWayOf(run);
  const distances = await distancesTo(state, to, maxHops, giveWay);
  const shortest = distances.get(from);
  if (shortest === undefined || from === to) return [];
  const paths: EntityPath[] = [];
  let steps = 0;
  const walk = async (way: readonly string[], hopsLeft: number): Promise<void> => {
    const here = way.at(-1) ?? from;
    if (here === to) {
      if (hopsLeft === 0) paths.push(pathOf(state, way));
      return;
    }
    for (const [key] of strongest(state, here)) {
      if (paths.length >= limit || steps++ > maxSteps) return;
      if ((distances.get(key) ?? Infinity) > hopsLeft - 1 || way.includes(key)) continue;
      await giveWay();
      await walk([...way, key], hopsLeft - 1);
    }
  };
  for (let hops = shortest; hops <= maxHops && paths.length < limit; hops++) await walk([from], hops);
  return paths;
};

const pathOf = (state: GraphState, way: readonly string[]): EntityPath => ({
  entities: way.map((key) => entityOf(state, key)),
  relations: way.slice(1).map((key, at) => {
    const before = way[at] ?? '';
    return relationOf(state, before, key, edgesFrom(state, before).get(key) ?? []);
  }),
});
