import type { Hit, Place, TextRange } from '../core/index.js';

const lineBreaks = (text: string): number => text.split('\n').length - 1;

/** Where the stretch stands in what the hit itself was cut from; a whole document is what its stretches are cut from. */
const placeOf = ({ id, text, place = {} }: Hit, { start, end }: TextRange): Place => {
  const { parentId, start: from = parentId === undefined ? 0 : undefined, startLine } = place;
  const firstLine = startLine === undefined ? undefined : startLine + lineBreaks(text.slice(0, start));
  return {
    ...place,
    parentId: parentId ?? id,
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
  return { ...rest, id: `${hit.id}@${start}-${end}`, text: hit.text.slice(start, end), place: placeOf(hit, range) };
};
