import { systemClock } from '../core/index.js';
import { type BusOptions, messageBus, resolveLimits } from './bus.js';
import { memoryBroker } from './memory-broker.js';
import type { MessageBus, MessageTypes } from './types.js';

/**
 * A message bus in this process: what waits is gone when the process ends. Each message is delivered at most once while its receiver
 * settles it, in the order of sending for each sender and priority.
 * @throws {PipewrightError} `bad-option` when an option is out of range.
 * @example (await (await memoryBus().join('ann')).broadcast({ type: 'hello', payload: 'all' })).receivers // => 0
 */
export const memoryBus = <Types extends MessageTypes = MessageTypes>(
  options: BusOptions<Types> = {},
): MessageBus<Types> =>
  messageBus<Types>(memoryBroker(options.clock ?? systemClock, resolveLimits(options.limits)), options);
