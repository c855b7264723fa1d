import type { Hit } from '../core/index.js';
import type { TextSpan } from '../text/index.js';
import { evidenceOf } from './evidence.js';

/** A stretch of a passage as a passage of its own, with its exact place in the document. */
export const pieceOf = (hit: Hit, span: TextSpan): Hit => {
  const { quote, place } = evidenceOf(hit, span);
  const { highlights: _, ...rest } = hit;
  return { ...rest, id: `${hit.id}@${span.start}-${span.end}`, text: quote, place: { parentId: hit.id, ...place } };
};
