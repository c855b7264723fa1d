import type { Document, Hit, Place } from '../core/index.js';
import type { Edge, GraphState } from './graph-state.js';
import { canonicalKey, edgesWeight, membersOf } from './resolve.js';

/** Passages of one community that are kept: what a report is made of. */
const maxPassages = 12;
/** A statement without a place stands for the beginning of its document, up to so many characters. */
const maxUnplacedLength = 400;

interface Stretch {
  readonly document: Document;
  readonly start: number;
  readonly end: number;
  score: number;
}

/** The place of a stretch of a document in what that was cut from. */
const placeOf = ({ id, place = {} }: Document, start: number, end: number): Place => {
  const { parentId, start: from, page, headings } = place;
  const about = { ...(page === undefined ? {} : { page }), ...(headings === undefined ? {} : { headings }) };
  if (parentId === undefined || from === undefined) return { ...about, parentId: id, start, end };
  return { ...about, parentId, start: from + start, end: from + end };
};

const hitOf = ({ document, start, end, score }: Stretch): Hit => {
  const { id, text, place: _, ...about } = document;
  return {
    ...about,
    id: `${id}@${start}-${end}`,
    text: text.slice(start, end),
    place: placeOf(document, start, end),
    score,
  };
};

/** The relations inside a group, each once. */
function* edgesWithin(state: GraphState, within: ReadonlySet<string>): Generator<readonly [string, string, Edge]> {
  const seen = new Set<Edge>();
  for (const node of Array.from(within, (key) => membersOf(state, key)).flat()) {
    for (const edge of node.edges.values()) {
      const [low, high] = [canonicalKey(state, edge.ends[0]), canonicalKey(state, edge.ends[1])];
      if (!seen.has(edge) && low !== high && within.has(low) && within.has(high)) yield [low, high, edge];
      seen.add(edge);
    }
  }
}

/**
 * The stretches of text that relate the entities of a group, best first: by how central the entities are that they relate, and
 * how strongly. No two overlap.
 */
export const passagesOf = (
  state: GraphState,
  within: ReadonlySet<string>,
  central: ReadonlyMap<string, number>,
): readonly Hit[] => {
  const found = new Map<string, Stretch>();
  for (const [low, high, edge] of edgesWithin(state, within)) {
    const worth = Math.log1p(central.get(low) ?? 0) * Math.log1p(central.get(high) ?? 0);
    for (const { documentId, start = 0, end, weight } of [...edge.byDocument.values()].flat()) {
      const document = state.records.get(documentId)?.document;
      if (document === undefined) continue;
      const place = { start, end: end ?? Math.min(document.text.length, maxUnplacedLength) };
      const id = `${start} ${place.end} ${documentId}`;
      const known = found.get(id) ?? { document, ...place, score: 0 };
      // Whole millionths add up alike in any order.
      known.score += Math.round((1e6 * worth * weight) / edgesWeight([edge]));
      found.set(id, known);
    }
  }
  const ranked = [...found].sort(([a, x], [b, y]) => y.score - x.score || (a < b ? -1 : 1));
  const kept: Stretch[] = [];
  for (const [, stretch] of ranked) {
    if (kept.length >= maxPassages) break;
    const isRead = kept.some(
      ({ document, start, end }) => document === stretch.document && start < stretch.end && stretch.start < end,
    );
    if (!isRead) kept.push({ ...stretch, score: stretch.score / 1e6 });
  }
  return kept.map(hitOf);
};
