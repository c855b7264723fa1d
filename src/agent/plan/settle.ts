import { PipewrightError, type Run } from '../../core/index.js';
import { bulkhead } from '../../resilience/index.js';
import { type Board, isOver, phasesOf } from './board.js';
import type { TaskRecord } from './types.js';

/** What is thrown in tasks that end because another one ended the work. */
const ended = (): PipewrightError =>
  new PipewrightError('not-allowed', 'The work was ended by the failure of another task.');

/**
 * Runs what can be run, each task once all that it depends on are settled and the phase before is over, so many at once. It resolves
 * when nothing more can be done, whichever came first: what follows is then always the same. A failure of the run itself aborts the
 * others, and rejects when they have ended.
 */
export const settle = async (
  board: Board,
  runTask: (record: TaskRecord, run: Run) => Promise<void>,
  concurrency: number,
  run: Run,
): Promise<void> => {
  using group = run.scope();
  const { run: inner } = group;
  const open = board.work().tasks.filter((record) => !isOver(record));
  const phases = phasesOf(open);
  const byId = new Map(open.map((record) => [record.id, record]));
  const byPhase = phases.map((phase) => open.filter((record) => record.phase === phase));
  const limited = bulkhead(runTask, { maxConcurrent: concurrency, maxQueued: Infinity, name: 'tasks' });
  const isEnded = (): boolean => board.work().end !== undefined;
  const isThrough = (record: TaskRecord): boolean => isOver(board.task(record.id) ?? record);
  let failure: { readonly error: unknown } | undefined;

  const nodes = new Map<string, Promise<void>>();
  const ways = new Map<number, Promise<boolean>>();
  const rank = new Map(phases.map((phase, index) => [phase, index]));

  /** Whether all phases up to this one are over, once nothing more happens in them. */
  const phaseOver = (index: number): Promise<boolean> => {
    const known = ways.get(index);
    if (known !== undefined) return known;
    const members = byPhase[index] ?? [];
    const way = Promise.all(members.map(nodeOf)).then(() => members.every(isThrough));
    ways.set(index, way);
    return way;
  };

  const reach = async (record: TaskRecord): Promise<void> => {
    const needs = record.dependsOn.map((id) => byId.get(id)).filter((need) => need !== undefined);
    const place = rank.get(record.phase) ?? 0;
    await Promise.all(needs.map(nodeOf));
    if (place > 0 && !(await phaseOver(place - 1))) return;
    if (failure !== undefined || isEnded()) return;
    try {
      await limited(record, inner);
    } catch (error) {
      if (!isEnded()) failure ??= { error };
      group.abort(error);
    }
    if (isEnded()) group.abort(ended());
  };

  const nodeOf = (record: TaskRecord): Promise<void> => {
    const known = nodes.get(record.id);
    if (known !== undefined) return known;
    const node = reach(record);
    nodes.set(record.id, node);
    return node;
  };

  const watchPhase = async (phase: string | undefined, index: number): Promise<void> => {
    if ((await phaseOver(index)) && phase !== undefined)
      inner.emit({ type: 'custom', name: 'checkpoint', data: phase });
  };

  await Promise.all(phases.map(watchPhase));
  run.throwIfAborted();
  if (failure !== undefined) throw failure.error;
};
