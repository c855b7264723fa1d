import { isWithin, type RunEvent, type Span } from '../core/index.js';

/** `retract`: what the failed try has shown is withdrawn, then the next one starts; `fail`: there is no next one. */
export type OnPartial = 'retract' | 'fail';

/** Keeps account of what a stretch of work has shown to listeners and not withdrawn. */
export interface PartialOutput {
  readonly take: (event: RunEvent) => void;
  readonly isShown: () => boolean;
}

/** Whether the event shows a piece of an answer: text, reasoning or a tool call. */
export const isDelta = ({ type }: RunEvent): boolean =>
  type === 'text-delta' || type === 'reasoning-delta' || type === 'tool-call-delta';

export const partialOutput = (): PartialOutput => {
  const shown = new Set<Span>();
  return {
    take: (event) => {
      if (isDelta(event)) shown.add(event.span);
      else if (event.type === 'retract') {
        for (const span of shown) if (isWithin(span, event.span)) shown.delete(span);
      }
    },
    isShown: () => shown.size > 0,
  };
};
