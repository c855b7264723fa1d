import type { Run, RunEvent } from '../core/index.js';
import { answerMarker } from './thought-rules.js';

/** Shows what a model writes as reasoning while it writes, up to where its answer seems to begin. */
export interface ThoughtStream {
  /** The run to call the model with. */
  readonly run: Run;
  /** Shows the rest of the reasoning, and the answer as text. */
  readonly finish: (reasoning: string, answer: string) => void;
}

/** The answer line may have marks of Markdown before it. */
const markerLine = new RegExp(String.raw`^[ \t>*_#]{0,8}(?:the |final ){0,2}${answerMarker.slice(0, -1)}`, 'iu');
/** So many characters of a line are held back until it is plain that it is not the answer line. */
const heldCharacters = 24;

/**
 * What the model says up to its answer is shown as `reasoning-delta`, the answer as one `text-delta` at the end: an answer is
 * known only when all is said. A reply that is withdrawn takes with it what was shown of it here.
 */
export const thoughtStream = (run: Run): ThoughtStream => {
  if (!run.isWatched) return { run, finish: () => undefined };
  let shown = '';
  let line = '';
  let isHolding = false;
  const show = (text: string): void => {
    if (text === '') return;
    shown += text;
    run.emit({ type: 'reasoning-delta', text });
  };
  const take = (delta: string): void => {
    if (isHolding) return;
    line += delta;
    const lastBreak = line.lastIndexOf('\n') + 1;
    for (const whole of line.slice(0, lastBreak).split(/(?<=\n)/u)) {
      if (markerLine.test(whole)) isHolding = true;
      if (isHolding) return;
      show(whole);
    }
    line = line.slice(lastBreak);
    if (line.length < heldCharacters) return;
    isHolding = markerLine.test(line);
    if (isHolding) return;
    show(line);
    line = '';
  };
  const on = (event: RunEvent): void => {
    if (event.type === 'text-delta') take(event.text);
    if (event.type !== 'retract') return;
    if (shown !== '') run.emit({ type: 'retract', reason: event.reason });
    shown = '';
    line = '';
    isHolding = false;
  };
  return {
    run: run.with({ on, passes: ({ type }) => type !== 'text-delta' }),
    finish: (reasoning, answer) => {
      const visible = shown.trimStart();
      if (reasoning.startsWith(visible)) show(reasoning.slice(visible.length));
      run.emit({ type: 'text-delta', text: answer });
    },
  };
};
