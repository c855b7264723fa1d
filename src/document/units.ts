import { trimmed } from './span.js';
import type { PieceSpan } from './splitter.js';

/** A stretch of text that is not cut further, and how much of a piece it takes up. */
export interface Unit extends PieceSpan {
  readonly size: number;
}

export interface UnitSizes {
  readonly max: number;
  /** How much of a piece's end the next one may repeat, in whole units. */
  readonly overlap: number;
}

/** Spans with the white space up to the next one, so that their sizes add up; the last one reaches to `end`. */
export function* withGaps(spans: Iterable<PieceSpan>, end: number): Generator<PieceSpan, void, undefined> {
  let previous: PieceSpan | undefined;
  for (const span of spans) {
    if (previous !== undefined) yield { start: previous.start, end: span.start };
    previous = span;
  }
  if (previous !== undefined) yield { start: previous.start, end };
}

/** Joins neighbouring units into pieces that take up at most `max`. A unit alone must not take up more. */
export function* mergeUnits(
  text: string,
  units: Iterable<Unit>,
  { max, overlap }: UnitSizes,
): Generator<PieceSpan, void, undefined> {
  let held: Unit[] = [];
  let size = 0;
  for (const unit of units) {
    if (size + unit.size > max) {
      yield* spanOf(text, held);
      held = endWithin(held, Math.min(overlap, max - unit.size));
      size = held.reduce((sum, { size }) => sum + size, 0);
    }
    held.push(unit);
    size += unit.size;
  }
  yield* spanOf(text, held);
}

/** The last units that take up at most `limit`; never all of them, or the next piece would hold the last one whole. */
const endWithin = (units: readonly Unit[], limit: number): Unit[] => {
  let from = units.length;
  let size = 0;
  while (from > 1) {
    size += units[from - 1]?.size ?? 0;
    if (size > limit) break;
    from--;
  }
  return units.slice(from);
};

function* spanOf(text: string, units: readonly Unit[]): Generator<PieceSpan, void, undefined> {
  const first = units[0];
  const last = units.at(-1);
  if (first === undefined || last === undefined) return;
  const span = trimmed(text, first.start, last.end);
  if (span.end > span.start) yield span;
}
