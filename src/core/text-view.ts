import { PipewrightError } from './errors.js';
import type { Projection } from './event-queue.js';
import { isWithin, type RunEvent, type Span } from './events.js';

interface Piece {
  readonly span: Span;
  text: string;
}

/**
 * Keeps the text that a run has shown, and forgets what is retracted. Text is kept per stretch of one span, so that a
 * retraction costs as much as there were stretches, not deltas.
 */
export interface TextView {
  /** Takes one event; returns true when the text changed. */
  readonly take: (event: RunEvent) => boolean;
  /** The text as it stands. */
  readonly text: () => string;
}

export const textView = (): TextView => {
  let pieces: Piece[] = [];
  let last: Piece | undefined;
  return {
    take: (event) => {
      if (event.type === 'text-delta') {
        if (event.text === '') return false;
        if (last !== undefined && last.span === event.span) last.text += event.text;
        else {
          last = { span: event.span, text: event.text };
          pieces.push(last);
        }
        return true;
      }
      if (event.type !== 'retract') return false;
      const kept = pieces.filter((piece) => !isWithin(piece.span, event.span));
      const hasShrunk = kept.length !== pieces.length;
      pieces = kept;
      last = kept.at(-1);
      return hasShrunk;
    },
    text: () => (pieces.length === 1 ? (pieces[0]?.text ?? '') : pieces.map((piece) => piece.text).join('')),
  };
};

/** The text so far, again and again: each value is the whole text, so what was retracted is simply gone. */
export const snapshots = (): Projection<string> => {
  const view = textView();
  return { take: (event) => (view.take(event) ? view.text() : undefined) };
};

/**
 * Text as it arrives. When text that was already given out is retracted, the new text is held back while it repeats what
 * was given out; where it differs the reading fails, because what a reader has seen cannot be taken back.
 */
export const deltas = (): Projection<string> => {
  const view = textView();
  let given = '';
  // How much of `given` still stands, or has been said again.
  let standing = 0;
  const take = (event: RunEvent): string | undefined => {
    if (!view.take(event)) return undefined;
    if (event.type !== 'text-delta') {
      const text = view.text();
      if (!given.startsWith(text)) throw retracted(given);
      standing = text.length;
      return undefined;
    }
    const repeated = event.text.slice(0, given.length - standing);
    if (!given.startsWith(repeated, standing)) throw retracted(given);
    standing += event.text.length;
    const fresh = event.text.slice(repeated.length);
    given += fresh;
    return fresh === '' ? undefined : fresh;
  };
  const end = (): void => {
    if (standing < given.length) throw retracted(given);
  };
  return { take, end };
};

const retracted = (given: string): PipewrightError =>
  new PipewrightError(
    'text-retracted',
    `Of the ${given.length} characters already given out some were withdrawn by a retry or fallback. ` +
      "Read `.snapshots` or the events, which can take text back, or set `onPartial: 'fail'` on the retry or fallback.",
  );
