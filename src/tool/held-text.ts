import type { Run, RunEvent } from '../core/index.js';

/** How a call may begin, as it streams: held back until it is clear that it is none. */
const beginnings = ['<tool_call>', '```', 'Action:', '**Action'];

/** Where a beginning, or a part of one at the very end, stands in the text from `from` on. */
const firstBeginning = (text: string, from: number): number => {
  for (let at = from; at < text.length; at++) {
    const rest = text.slice(at, at + 12);
    if (beginnings.some((each) => rest.startsWith(each) || each.startsWith(rest))) return at;
  }
  return text.length;
};

/** Passes a model's text on while it streams, but not what may turn out to be a call. */
export interface HeldText {
  readonly run: Run;
  /** Shows what was held back of the text that did belong to the answer. */
  readonly release: (text: string) => void;
}

/** A run in which text is held back from where a call may begin. */
export const holdText = (outer: Run): HeldText => {
  let text = '';
  let shown = 0;
  let isHeld = false;
  const show = (end: number): void => {
    if (end > shown) outer.emit({ type: 'text-delta', text: text.slice(shown, end) });
    shown = Math.max(shown, end);
  };
  const on = (event: RunEvent): void => {
    if (event.type === 'retract') {
      [text, shown, isHeld] = ['', 0, false];
      return;
    }
    if (event.type !== 'text-delta') return;
    text += event.text;
    if (isHeld) return;
    const at = firstBeginning(text, shown);
    show(at);
    isHeld = beginnings.some((each) => text.startsWith(each, at));
  };
  return {
    run: outer.isWatched ? outer.with({ on, passes: ({ type }) => type !== 'text-delta' }) : outer,
    release: (whole) => {
      if (!outer.isWatched) return;
      text = whole;
      show(whole.length);
    },
  };
};
