import type { Clock } from '../core/index.js';
import type { Broker } from './broker.js';
import { MemoryHall } from './memory-hall.js';
import type { BusLimits } from './types.js';

/** Keeps mailboxes in this process. */
export const memoryBroker = (clock: Clock, limits: Required<BusLimits>): Broker => {
  const hall = new MemoryHall(clock, limits);
  return {
    where: 'memory',
    isShared: false,
    listen: (listener) => {
      hall.tell = listener;
    },
    join: async (seat) => hall.join(seat),
    leave: async (seat) => hall.remove(seat, 'left'),
    heartbeat: async (seat) => hall.heartbeat(seat),
    send: async (parcel, route) => hall.send(parcel, route),
    take: async (seat, max) => hall.take(seat, max),
    settle: async (seat, { receipt }, settlement) => hall.settle(seat, receipt, settlement),
    withdraw: async (requestId, to) => hall.withdraw(requestId, to),
    members: async () => hall.members(),
    history: async (threadId, page) => hall.history(threadId, page),
    deadLetters: async (page) => hall.deadLetters(page),
    metrics: async () => hall.metrics(),
    close: async () => undefined,
  };
};
