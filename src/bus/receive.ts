import type { Run, RunScope } from '../core/index.js';
import type { Taken } from './broker.js';
import { type Clerk, openDelivery } from './delivery.js';
import type { Inbox } from './inbox.js';
import type { Delivery, MessageTypes } from './types.js';

/** What reading mail needs. */
export interface Desk extends Clerk {
  readonly inbox: Inbox;
  /** Handlers at work, by the id of their message. */
  readonly working: Map<string, RunScope>;
}

/** A message with the time that is left for it. */
export interface Opened<Types extends MessageTypes> {
  readonly delivery: Delivery<Types>;
  readonly taken: Taken;
}

/** The next message that may be seen. */
export const nextOf = async <Types extends MessageTypes>(desk: Desk, run: Run): Promise<Opened<Types> | undefined> => {
  for (let taken = await desk.inbox.next(run); taken !== undefined; taken = await desk.inbox.next(run)) {
    const delivery = await openDelivery<Types>(desk, taken);
    if (delivery !== undefined) return { delivery, taken };
  }
  return undefined;
};

/** The mail as an iterator. Written out: a generator that waits could not be left. */
export const receiveFrom = <Types extends MessageTypes>(
  desk: Desk,
  run: Run,
): AsyncIterableIterator<Delivery<Types>> => {
  const over: IteratorResult<Delivery<Types>> = { done: true, value: undefined };
  const scope = run.scope();
  let isLeft = false;
  let current: Delivery<Types> | undefined;
  const finish = (): void => {
    isLeft = true;
    scope.abort(undefined);
    scope[Symbol.dispose]();
  };
  const iterator: AsyncIterableIterator<Delivery<Types>> = {
    next: async () => {
      if (isLeft) return over;
      const before = current;
      current = undefined;
      try {
        await before?.ack();
        const next = await nextOf<Types>(desk, scope.run);
        current = next?.delivery;
        if (isLeft) await current?.release();
        if (current !== undefined && !isLeft) return { done: false, value: current };
      } catch (error) {
        if (!isLeft) {
          finish();
          throw error;
        }
      }
      finish();
      return over;
    },
    return: async () => {
      finish();
      await current?.release();
      return over;
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
};
