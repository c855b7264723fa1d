import { isPipewrightError, messageOf, PipewrightError, raceAbort, type Run, scrubText } from '../core/index.js';
import type { Assignment, MemberReply, OnProgress, TeamMember } from './member.js';

/** How long a coordinator waits for a member. */
export interface AttemptLimits {
  /** Longest time for one try. @default 600000 */
  readonly timeoutMs?: number;
  /** Longest silence: a member that tells nothing for so long is taken for dead. @default 120000 */
  readonly silenceMs?: number;
}

const tooSlow = (name: string, what: string): PipewrightError =>
  new PipewrightError('timeout', `${name} ${what}.`, { retryable: true });

/**
 * Lets a member try a task, for as long as it gives signs of life and has time. What it says afterwards no longer counts. It rejects
 * only when the run is aborted or its budget exceeded.
 */
export const attempt = async (
  { profile, work }: TeamMember,
  assignment: Assignment,
  outer: Run,
  { timeoutMs, silenceMs }: Required<AttemptLimits>,
  onProgress: OnProgress,
): Promise<MemberReply> => {
  const { name } = profile;
  using scope = outer.scope({ budget: {} });
  const { run } = scope;
  let isOver = false;
  const giveUp = (what: string): void => scope.abort(tooSlow(name, what));
  const listen = (): (() => void) =>
    run.clock.after(silenceMs, () => giveUp(`gave no sign of life for ${silenceMs} ms`));
  let stopSilence = listen();
  const stopTimer = run.clock.after(timeoutMs, () => giveUp(`was not done in ${timeoutMs} ms`));
  try {
    const working = work(assignment, run, async (state) => {
      if (isOver) return;
      stopSilence();
      stopSilence = listen();
      await onProgress(state);
    });
    return await raceAbort(working, run);
  } catch (error) {
    outer.throwIfAborted();
    if (isPipewrightError(error) && error.code === 'budget-exceeded') throw error;
    const { usage, costUsd } = run.meter.spent;
    return { status: 'failed', reason: scrubText(messageOf(error)), usage, costUsd };
  } finally {
    isOver = true;
    stopTimer();
    stopSilence();
  }
};
