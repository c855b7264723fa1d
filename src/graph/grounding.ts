import { cleanName, maxNameLength, nameKey } from './name-key.js';
import type { ExtractedEntity, ExtractedRelation, Extraction, Mention } from './types.js';

/** What a model says that a text names. */
export interface TextEntity {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly aliases: readonly string[];
}

export interface TextRelation {
  readonly from: string;
  readonly to: string;
  readonly type: string;
  readonly description: string;
  /** 1 to 10. */
  readonly strength: number;
}

export interface TextGraph {
  readonly entities: readonly TextEntity[];
  readonly relations: readonly TextRelation[];
}

/** A stretch of a document that a model has read. */
export interface Stretch {
  readonly documentId: string;
  readonly text: string;
  /** Where it starts in the document. */
  readonly start: number;
}

/** An extraction, and how much of what the model said was left out because the text does not hold it. */
export interface Grounded {
  readonly extraction: Extraction;
  readonly ungrounded: number;
}

/** Mentions of one name in one stretch that are kept. */
const maxMentions = 200;

const escaped = (name: string): string => name.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&').replace(/\s+/gu, '\\s+');

/** Where a text holds a name as whole words, first as it is written, then in any case. */
const placesOf = ({ documentId, text, start }: Stretch, name: string): readonly Mention[] => {
  for (const flags of ['gu', 'giu']) {
    const pattern = new RegExp(`(?<![\\p{L}\\p{N}])${escaped(name)}(?![\\p{L}\\p{N}])`, flags);
    const places: Mention[] = [];
    for (const { 0: match, index } of text.matchAll(pattern)) {
      places.push({ documentId, start: start + index, end: start + index + match.length });
      if (places.length >= maxMentions) break;
    }
    if (places.length > 0) return places;
  }
  return [];
};

const isUsable = (name: string): boolean => name !== '' && name.length <= maxNameLength && nameKey(name) !== '';

const groundedEntity = (entity: TextEntity, stretch: Stretch): ExtractedEntity | undefined => {
  const names = [...new Set([entity.name, ...entity.aliases].map(cleanName))].filter(isUsable);
  const found = names
    .map((name) => ({ name, places: placesOf(stretch, name) }))
    .filter(({ places }) => places.length > 0);
  const [first, ...others] = found;
  if (first === undefined) return undefined;
  // A short name inside a long one is one mention.
  const mentions: Mention[] = [];
  for (const place of found.flatMap(({ places }) => places).sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (place.start >= (mentions.at(-1)?.end ?? 0)) mentions.push(place);
  }
  return {
    name: first.name,
    type: entity.type === '' ? 'name' : entity.type.toLowerCase().slice(0, maxNameLength),
    ...(entity.description === '' ? {} : { description: entity.description }),
    ...(others.length === 0 ? {} : { aliases: others.map(({ name }) => name) }),
    mentions,
  };
};

/**
 * What a model said of a text, as far as the text bears it out: an entity must stand in it under its name or an alias, and a
 * relation must join two such entities.
 */
export const ground = (graph: TextGraph, stretch: Stretch): Grounded => {
  const byKey = new Map<string, ExtractedEntity>();
  const entities: ExtractedEntity[] = [];
  for (const entity of graph.entities) {
    const grounded = groundedEntity(entity, stretch);
    if (grounded === undefined) continue;
    entities.push(grounded);
    for (const name of [entity.name, ...entity.aliases]) {
      const key = nameKey(cleanName(name));
      if (!byKey.has(key)) byKey.set(key, grounded);
    }
  }
  const relations = graph.relations.flatMap((relation): ExtractedRelation[] => {
    const from = byKey.get(nameKey(cleanName(relation.from)));
    const to = byKey.get(nameKey(cleanName(relation.to)));
    if (from === undefined || to === undefined || from === to) return [];
    const { documentId, start, text } = stretch;
    return [
      {
        from: from.name,
        to: to.name,
        type: relation.type === '' ? 'related to' : relation.type.toLowerCase().slice(0, maxNameLength),
        ...(relation.description === '' ? {} : { description: relation.description }),
        weight: relation.strength / 5,
        documentId,
        ...sayingSpan(from, to, text, start),
      },
    ];
  });
  const ungrounded = graph.entities.length - entities.length + (graph.relations.length - relations.length);
  return { extraction: { entities, relations }, ungrounded };
};

/** The stretch around the two mentions that stand nearest to each other. */
const sayingSpan = (
  from: ExtractedEntity,
  to: ExtractedEntity,
  text: string,
  offset: number,
): Pick<ExtractedRelation, 'start' | 'end'> => {
  let best: { readonly start: number; readonly end: number } | undefined;
  let other = 0;
  // Both lists are in order, so the nearest pair is met by going along both.
  for (const a of from.mentions) {
    while (
      other + 1 < to.mentions.length &&
      Math.abs((to.mentions[other + 1]?.start ?? 0) - a.start) <= Math.abs((to.mentions[other]?.start ?? 0) - a.start)
    )
      other++;
    const b = to.mentions[other];
    if (b === undefined) continue;
    const span = { start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
    if (best === undefined || span.end - span.start < best.end - best.start) best = span;
  }
  if (best === undefined) return {};
  const before = text.slice(0, best.start - offset);
  const after = text.slice(best.end - offset);
  const begin = Math.max(before.lastIndexOf('. ') + 2, before.lastIndexOf('\n') + 1, before.lastIndexOf('? ') + 2, 0);
  const stop = /[.!?](?=\s|$)|\n|$/u.exec(after);
  const start = begin === 1 ? 0 : begin;
  return {
    start: offset + Math.min(start, best.start - offset),
    end: best.end + (stop?.index ?? 0) + (stop?.[0].trim().length ?? 0),
  };
};
