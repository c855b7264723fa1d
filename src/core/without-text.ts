import type { RunEvent } from './events.js';
import type { Run } from './run.js';

/** Structured answers of some models come as a tool call. */
const written: ReadonlySet<RunEvent['type']> = new Set([
  'text-delta',
  'reasoning-delta',
  'tool-call-delta',
  'tool-call',
  'retract',
]);

/** The same run, but what models write in it is not shown: for replies that are only notes on the way to an answer. */
export const withoutText = (run: Run): Run => run.with({ passes: ({ type }) => !written.has(type) });
