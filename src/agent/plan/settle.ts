import { PipewrightError, type Run } from '../../core/index.js';
import { bulkhead } from '../../resilience/index.js';
import { type Board, isOver, phasesOf } from './board.js';
import type { TaskRecord } from './types.js';

/** What is thrown in tasks that end because another one ended the work. */
const ended = (): PipewrightError =>
  new PipewrightError('not-allowed', 'The work was ended by the failure of another task.');

/** Makes each value once. */
const remembered = <Key, Value>(make: (key: Key) => Value): ((key: Key) => Value) => {
  const known = new Map<Key, Value>();
  return (key) => {
    const value = known.has(key) ? (known.get(key) as Value) : make(key);
    known.set(key, value);
    return value;
  };
};

/** Calls `reach` for each task once all that it depends on were reached and the phase before is over; resolves when no more can be. */
const inOrder = async (
  open: readonly TaskRecord[],
  board: Board,
  reach: (record: TaskRecord) => Promise<void>,
  run: Run,
): Promise<void> => {
  const byId = new Map(open.map((record) => [record.id, record]));
  const phases = phasesOf(open);
  const ranks = new Map(phases.map((phase, rank) => [phase, rank]));
  const members: readonly TaskRecord[][] = phases.map(() => []);
  const rankOf = ({ phase }: TaskRecord): number => ranks.get(phase) ?? 0;
  for (const record of open) members[rankOf(record)]?.push(record);

  const reached: (record: TaskRecord) => Promise<void> = remembered(async (record) => {
    const needs = record.dependsOn.map((id) => byId.get(id)).filter((need) => need !== undefined);
    await Promise.all(needs.map(reached));
    if (rankOf(record) === 0 || (await phaseOver(rankOf(record) - 1))) await reach(record);
  });
  /** Whether a phase is over, once nothing more happens in it. */
  const phaseOver: (rank: number) => Promise<boolean> = remembered(async (rank) => {
    const all = members[rank] ?? [];
    await Promise.all(all.map(reached));
    const isThrough = all.every((record) => isOver(board.task(record.id) ?? record));
    const name = phases[rank];
    if (isThrough && name !== undefined) run.emit({ type: 'custom', name: 'checkpoint', data: name });
    return isThrough;
  });
  await Promise.all(phases.map((_, rank) => phaseOver(rank)));
};

/**
 * Runs what can be run, so many tasks at once. It resolves when nothing more can be done, whichever came first: what follows is then
 * always the same. A failure of the run itself aborts the others, and rejects when they have ended.
 */
export const settle = async (
  board: Board,
  runTask: (record: TaskRecord, run: Run) => Promise<void>,
  concurrency: number,
  run: Run,
): Promise<void> => {
  using group = run.scope();
  const limited = bulkhead(runTask, { maxConcurrent: concurrency, maxQueued: Infinity, name: 'tasks' });
  const isEnded = (): boolean => board.work().end !== undefined;
  let failure: { readonly error: unknown } | undefined;
  const reach = async (record: TaskRecord): Promise<void> => {
    if (failure !== undefined || isEnded()) return;
    try {
      await limited(record, group.run);
    } catch (error) {
      if (!isEnded()) failure ??= { error };
      group.abort(error);
    }
    if (isEnded()) group.abort(ended());
  };
  const open = board.work().tasks.filter((record) => !isOver(record));
  await inOrder(open, board, reach, group.run);
  run.throwIfAborted();
  if (failure !== undefined) throw failure.error;
};
