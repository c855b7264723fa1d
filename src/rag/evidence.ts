import { type Document, type Hit, placeWithin } from '../core/index.js';
import type { TextSpan } from '../text/index.js';
import type { Evidence } from './types.js';

/**
 * Names a document, or a piece of one, for people: by its lines where they are known, else by its page.
 * @example placeLabel({ id: 'a', text: '', source: 'README.md', place: { startLine: 3, endLine: 5 } }) // => 'README.md:3-5'
 */
export const placeLabel = ({ id, title, source, place = {} }: Document): string => {
  const name = source ?? title ?? place.parentId ?? id;
  const { startLine, endLine = startLine, page } = place;
  if (page !== undefined) return `${name} p. ${page}`;
  if (startLine === undefined) return name;
  return startLine === endLine ? `${name}:${startLine}` : `${name}:${startLine}-${endLine}`;
};

export const evidenceOf = (hit: Hit, span: TextSpan): Evidence => {
  const place = placeWithin(hit, span);
  return {
    sourceId: hit.id,
    quote: hit.text.slice(span.start, span.end),
    start: span.start,
    end: span.end,
    place,
    label: placeLabel({ ...hit, place }),
  };
};
