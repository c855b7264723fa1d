import type { ModelCitation } from '../../../model/index.js';
import type { WireAnnotation } from './wire.js';

/**
 * The citations of one stretch of text that begins at `start` of the reply. Servers count characters (code points); our offsets
 * are UTF-16 code units. A citation without a place is of the whole stretch.
 */
export const citationsOf = (
  annotations: readonly WireAnnotation[],
  text: string,
  start: number,
): readonly ModelCitation[] => {
  const unitAt = unitsByPoint(text);
  return annotations.flatMap((annotation): readonly ModelCitation[] => {
    const { url, title, file_id, filename, start_index, end_index, index } = annotation;
    const sourceId = url ?? file_id;
    if (typeof sourceId !== 'string') return [];
    const name = title ?? filename;
    const from = start_index ?? index;
    const to = end_index ?? index;
    return [
      {
        sourceId,
        quote: '',
        ...(typeof name === 'string' ? { title: name } : {}),
        start: start + (typeof from === 'number' ? unitAt(from) : 0),
        end: start + (typeof to === 'number' ? unitAt(to) : text.length),
      },
    ];
  });
};

/** Turns a count of code points into one of code units; they differ only behind characters that have two units. */
const unitsByPoint = (text: string): ((points: number) => number) => {
  const limited = (units: number): number => Math.max(0, Math.min(units, text.length));
  if (!/[\ud800-\udbff]/.test(text)) return limited;
  const starts: number[] = [];
  for (let at = 0; at < text.length; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) starts.push(at);
  return (points) => starts[Math.max(0, points)] ?? text.length;
};
