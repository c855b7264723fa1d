import { PipewrightError } from './errors.js';
import { isWithin, type RunEvent, type Span } from './events.js';

interface Piece {
  readonly span: Span;
  text: string;
}

/**
 * Keeps the text that a run has shown, and forgets what is retracted. Pieces are kept per stretch of one span, so that a
 * retraction costs as much as there were stretches, not deltas.
 */
export interface TextView {
  /** Takes one event; returns true when the text changed. */
  readonly take: (event: RunEvent) => boolean;
  /** The text as it stands. */
  readonly text: () => string;
}

export const textView = (): TextView => {
  const pieces: Piece[] = [];
  return {
    take: (event) => {
      if (event.type === 'text-delta') {
        const last = pieces.at(-1);
        if (last?.span === event.span) last.text += event.text;
        else pieces.push({ span: event.span, text: event.text });
        return event.text !== '';
      }
      if (event.type !== 'retract') return false;
      const before = pieces.length;
      const kept = pieces.filter((piece) => !isWithin(piece.span, event.span));
      pieces.splice(0, before, ...kept);
      return kept.length !== before;
    },
    text: () => pieces.map((piece) => piece.text).join(''),
  };
};

/** The text so far, again and again: each value is the whole text, so what was retracted is simply gone. */
export async function* snapshotsOf(events: AsyncIterable<RunEvent>): AsyncGenerator<string, void, undefined> {
  const view = textView();
  for await (const event of events) if (view.take(event)) yield view.text();
}

/**
 * Text as it arrives. When text that was already given out is retracted, the new text is held back while it repeats what
 * was given out; where it differs, the iteration fails, because what a reader has seen cannot be taken back.
 */
export async function* deltasOf(events: AsyncIterable<RunEvent>): AsyncGenerator<string, void, undefined> {
  const view = textView();
  let given = '';
  // How much of `given` still stands, or has been said again.
  let standing = 0;
  for await (const event of events) {
    if (!view.take(event)) continue;
    if (event.type !== 'text-delta') {
      const text = view.text();
      if (!given.startsWith(text)) throw retracted(given);
      standing = text.length;
      continue;
    }
    const repeated = event.text.slice(0, given.length - standing);
    if (!given.startsWith(repeated, standing)) throw retracted(given);
    standing += event.text.length;
    const fresh = event.text.slice(repeated.length);
    if (fresh === '') continue;
    given += fresh;
    yield fresh;
  }
  if (standing < given.length) throw retracted(given);
}

const retracted = (given: string): PipewrightError =>
  new PipewrightError(
    'text-retracted',
    `Of the ${given.length} characters already given out some were withdrawn by a retry or fallback. ` +
      "Read `.snapshots` or the events, which can take text back, or set `onPartial: 'fail'` on the retry or fallback.",
  );
