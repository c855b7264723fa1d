import type { Document, Hit, Place, TextRange } from './document.js';

const lineBreaks = (text: string): number => text.split('\n').length - 1;

/**
 * Where a stretch of a text stands in what the text itself was cut from, as far as that is known; a whole document is what its
 * stretches are cut from.
 */
export const placeWithin = ({ text, place = {} }: Document, { start, end }: TextRange): Place => {
  const { start: from = place.parentId === undefined ? 0 : undefined, startLine } = place;
  const firstLine = startLine === undefined ? undefined : startLine + lineBreaks(text.slice(0, start));
  return {
    ...place,
    ...(from === undefined ? {} : { start: from + start, end: from + end }),
    ...(firstLine === undefined
      ? {}
      : { startLine: firstLine, endLine: firstLine + lineBreaks(text.slice(start, end).trimEnd()) }),
  };
};

/**
 * A stretch of a hit as a hit of its own, with its exact place in the document: what cites it, cites the document. Its id is that of
 * the hit with `@start-end` behind it. The whole text gives the hit itself.
 */
export const excerpt = (hit: Hit, range: TextRange): Hit => {
  const { start, end } = range;
  if (start === 0 && end === hit.text.length) return hit;
  const { highlights: _, ...rest } = hit;
  const place = { parentId: hit.id, ...placeWithin(hit, range) };
  return { ...rest, id: `${hit.id}@${start}-${end}`, text: hit.text.slice(start, end), place };
};
