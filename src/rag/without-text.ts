import type { Run, RunEventBody } from '../core/index.js';

const isText = ({ type }: RunEventBody): boolean =>
  type === 'text-delta' || type === 'reasoning-delta' || type === 'retract';

/** The same run, but what models write in it is not shown: for replies that are only notes on the way to an answer. */
export const withoutText = (run: Run): Run => ({
  id: run.id,
  signal: run.signal,
  clock: run.clock,
  random: run.random,
  meter: run.meter,
  span: run.span,
  isWatched: run.isWatched,
  emit: (event) => {
    if (!isText(event)) run.emit(event);
  },
  throwIfAborted: run.throwIfAborted,
  child: (name, options) => withoutText(run.child(name, options)),
  with: (options) => withoutText(run.with(options)),
  get: run.get,
});
