import {
  callStep,
  checkAtLeast,
  isPipewrightError,
  PipewrightError,
  type Run,
  raceAbort,
  type StepLike,
} from '../core/index.js';
import { type Desk, nextOf, type Opened } from './receive.js';
import type { BusMessage, MessageTypes, ServeOptions } from './types.js';

const maxWithdrawn = 1_000;

const tooSlow = (message: { readonly type: string }, limitMs: number): PipewrightError =>
  new PipewrightError('timeout', `Work on a \`${message.type}\` was not done in ${limitMs} ms.`, { retryable: true });

/** What a handler is aborted with when its requester no longer waits. */
const gaveUp = (): PipewrightError => new PipewrightError('timeout', 'The requester gave up waiting for the response.');

/** Aborts the work on a request whose requester gave up. */
export const withdraw = ({ working, withdrawn }: Desk, id: string): void => {
  const scope = working.get(id);
  if (scope !== undefined) scope.abort(gaveUp());
  else withdrawn.add(id);
  // Those that never come here are forgotten some time.
  const [oldest] = withdrawn.size > maxWithdrawn ? withdrawn : [];
  if (oldest !== undefined) withdrawn.delete(oldest);
};

/** Settles; a server that is lost meanwhile hands the message out again, so nothing else has to be done about it. */
const settled = async (work: Promise<void>): Promise<void> => {
  try {
    await work;
  } catch (error) {
    if (!isPipewrightError(error) || !error.retryable) throw error;
  }
};

const isAborted = (run: Run): boolean => {
  try {
    run.throwIfAborted();
    return false;
  } catch {
    return true;
  }
};

const handle = async <Types extends MessageTypes>(
  desk: Desk,
  { delivery, taken }: Opened<Types>,
  handler: StepLike<BusMessage<Types>, unknown>,
  timeoutMs: number,
  run: Run,
): Promise<void> => {
  using scope = run.scope();
  const { message } = delivery;
  desk.working.set(message.id, scope);
  const limitMs = message.kind === 'request' ? Math.min(timeoutMs, taken.remainingMs) : timeoutMs;
  const stopTimer =
    limitMs < Infinity ? run.clock.after(limitMs, () => scope.abort(tooSlow(message, limitMs))) : undefined;
  if (desk.withdrawn.has(message.id)) scope.abort(gaveUp());
  const call = async (): Promise<unknown> => {
    scope.run.throwIfAborted();
    return callStep(handler, message, scope.run);
  };
  try {
    const reply = await raceAbort(call(), scope.run);
    await settled(delivery.reply(reply));
  } catch (error) {
    await settled(isAborted(run) ? delivery.release() : delivery.fail(error));
  } finally {
    stopTimer?.();
    if (desk.working.get(message.id) === scope) desk.working.delete(message.id);
  }
};

export const serveFrom = async <Types extends MessageTypes>(
  desk: Desk,
  handler: StepLike<BusMessage<Types>, unknown>,
  { concurrency = 1, timeoutMs = Infinity }: ServeOptions,
  run: Run,
): Promise<void> => {
  checkAtLeast('concurrency', concurrency, 1);
  checkAtLeast('timeoutMs', timeoutMs, 1);
  using scope = run.scope();
  const work = async (): Promise<void> => {
    try {
      for (let next = await nextOf<Types>(desk, scope.run); next !== undefined; next = await nextOf(desk, scope.run)) {
        await handle(desk, next, handler, timeoutMs, scope.run);
      }
    } catch (error) {
      scope.abort(error);
      throw error;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
};
