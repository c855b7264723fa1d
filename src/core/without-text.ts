import type { RunEvent } from './events.js';
import type { Run } from './run.js';

const isText = ({ type }: RunEvent): boolean =>
  type === 'text-delta' || type === 'reasoning-delta' || type === 'retract';

/** The same run, but what models write in it is not shown: for replies that are only notes on the way to an answer. */
export const withoutText = (run: Run): Run => run.with({ passes: (event) => !isText(event) });
