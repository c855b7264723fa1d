import type { GiveWay } from './give-way.js';
import type { GraphState } from './graph-state.js';
import { canonicalKey, entityOf, membersOf } from './resolve.js';

export interface GraphStats {
  readonly documents: number;
  readonly entities: number;
  /** Pairs of entities that are related. */
  readonly relations: number;
  readonly mentions: number;
  /** Entities by type. */
  readonly types: Readonly<Record<string, number>>;
  /** Milliseconds since 1970; undefined while nothing was ever written. */
  readonly lastChangedMs?: number;
}

/** The names under which the entities of the graph are shown, in order. */
export const entityKeys = (state: GraphState): readonly string[] =>
  [...new Set(Array.from(state.nodes.keys(), (key) => canonicalKey(state, key)))]
    .filter((key) => membersOf(state, key).some(({ parts }) => parts.size > 0))
    .sort();

/** What the graph holds, as its users count it. */
export const graphStats = async (
  state: GraphState,
  lastChangedMs: number | undefined,
  giveWay: GiveWay,
): Promise<GraphStats> => {
  const types = new Map<string, number>();
  let entities = 0;
  let ends = 0;
  let mentions = 0;
  for (const key of entityKeys(state)) {
    const entity = entityOf(state, key);
    entities++;
    ends += entity.degree;
    mentions += entity.mentions.length;
    types.set(entity.type, (types.get(entity.type) ?? 0) + 1);
    await giveWay();
  }
  return {
    documents: state.records.size,
    entities,
    relations: ends / 2,
    mentions,
    types: Object.fromEntries([...types].sort()),
    ...(lastChangedMs === undefined ? {} : { lastChangedMs }),
  };
};
