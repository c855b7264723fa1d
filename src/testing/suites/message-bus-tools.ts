import { vi } from 'vitest';
import type { BusOptions, Delivery, Member, MessageBus } from '../../bus/index.js';
import type { Run } from '../../core/index.js';

export interface MessageBusSuite {
  /** Opens a bus in a place that is new and empty. The suite closes it. */
  readonly open: (options?: Omit<BusOptions, 'clock' | 'random'>) => Promise<MessageBus>;
  /** Lets so many milliseconds pass on the clock of the bus. */
  readonly elapse: (ms: number) => Promise<void>;
}

export const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
export const draft = (payload: unknown): { readonly type: string; readonly payload: unknown } => ({
  type: 'note',
  payload,
});
/** Waits until the expectation holds; the work of a server takes a moment. */
export const eventually = (check: () => Promise<void> | void): Promise<void> =>
  vi.waitFor(check, { timeout: 5_000, interval: 5 });

/** The next messages of a member, acknowledged. */
export const take = async (member: Member, count: number): Promise<unknown[]> => {
  const payloads: unknown[] = [];
  for await (const { message, ack } of member.receive()) {
    payloads.push(message.payload);
    await ack();
    if (payloads.length === count) break;
  }
  return payloads;
};
export const first = async (member: Member): Promise<Delivery> => {
  const { value } = await member.receive().next();
  return value as Delivery;
};
/** A handler that works until its run is aborted; tells of its beginning and of why it ended. */
export const deaf = (run: Run, seen: unknown[]): Promise<never> =>
  new Promise((_, reject) => {
    seen.push('begin');
    run.onAbort(() => {
      seen.push(run.signal.reason);
      reject(run.signal.reason);
    });
  });
