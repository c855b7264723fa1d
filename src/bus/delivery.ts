import { messageOf, PipewrightError, scrubText } from '../core/index.js';
import type { Broker, Seat, Settlement, Taken } from './broker.js';
import { type Codec, failedResponse } from './codec.js';
import type { BusMessage, Delivery, MessageTypes } from './types.js';

/** How a member settles what it took. */
export interface Clerk {
  readonly broker: Broker;
  readonly codec: Codec;
  readonly seat: Seat;
  readonly maxAttempts: number;
  /** Requests whose requester gave up, which it may hear of before it has the request itself. */
  readonly withdrawn: Set<string>;
}

const unanswered = (name: string): PipewrightError =>
  new PipewrightError('member-failed', `\`${name}\` took the request and did not answer it`);

/** What a failure makes of a message: its requester hears of it, others try again until they have tried enough. */
const failedSettlement = ({ seat, maxAttempts }: Clerk, { envelope, attempt }: Taken, error: unknown): Settlement => {
  if (envelope.kind === 'request') return { type: 'done', response: failedResponse(envelope, seat.name, error) };
  if (attempt < maxAttempts) return { type: 'again', isCounted: true };
  return { type: 'dead', reason: 'failed', error: scrubText(messageOf(error)).slice(0, 1_000) };
};

const buried = ({ seat }: Clerk, { envelope }: Taken, reason: 'failed' | 'invalid', error: unknown): Settlement => ({
  type: 'dead',
  reason,
  error: scrubText(messageOf(error)).slice(0, 1_000),
  ...(envelope.kind === 'request' && { response: failedResponse(envelope, seat.name, error) }),
});

/** The delivery of what was taken; undefined, and settled, for what nobody should see. */
export const openDelivery = async <Types extends MessageTypes>(
  clerk: Clerk,
  taken: Taken,
): Promise<Delivery<Types> | undefined> => {
  const { broker, codec, seat, maxAttempts, withdrawn } = clerk;
  const { envelope, attempt } = taken;
  let isSettled = false;
  const settle = async (settlement: () => Settlement): Promise<void> => {
    if (isSettled) return;
    const what = settlement();
    isSettled = true;
    withdrawn.delete(envelope.id);
    try {
      await broker.settle(seat, taken, what);
    } catch (error) {
      // The server may not have heard of it: it can be told again.
      isSettled = false;
      throw error;
    }
  };
  if (attempt > maxAttempts) {
    const error = new Error(`its receiver ended ${maxAttempts} times while it worked on it`);
    await settle(() => buried(clerk, taken, 'failed', error));
    return undefined;
  }
  const isRequest = envelope.kind === 'request';
  try {
    const message = await codec.decode(envelope);
    return {
      // The schemas of the bus say that it is one of them.
      message: message as BusMessage<Types>,
      attempt,
      ack: () => settle(() => (isRequest ? failedSettlement(clerk, taken, unanswered(seat.name)) : { type: 'done' })),
      reply: (payload) =>
        settle(() => ({
          type: 'done',
          ...(isRequest && { response: codec.respond(envelope, seat.name, payload) }),
        })),
      fail: (error) => settle(() => failedSettlement(clerk, taken, error)),
      release: () => settle(() => ({ type: 'again', isCounted: false })),
    };
  } catch (error) {
    await settle(() => buried(clerk, taken, 'invalid', error));
    return undefined;
  }
};
