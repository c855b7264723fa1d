import { type BusOptions, type MessageBus, type MessageTypes, messageBus, resolveLimits } from '../bus/index.js';
import { randomId, systemClock, systemRandom } from '../core/index.js';
import { redisBroker } from './broker.js';
import { openRedis, type RedisOptions } from './connection.js';
import { sendScript, settleScript, takeScript, withdrawScript } from './mail-scripts.js';

/** The clock only times waits in this process; leases, times to live and stamps go by the server's. */
export interface RedisBusOptions<Types extends MessageTypes = MessageTypes> extends RedisOptions, BusOptions<Types> {}

/**
 * A message bus on a Redis server, for members in several processes and on several machines. A message is delivered at least once: when its receiver
 * dies, another one of the same name takes it over.
 * @throws {PipewrightError} `bad-option`, `dependency-missing`, `connection-lost` and `timeout` (both retryable), `not-allowed`.
 * @example await redisBus({ url: 'redis://localhost:6379', prefix: 'research' })
 */
export const redisBus = async <Types extends MessageTypes = MessageTypes>(
  options: RedisBusOptions<Types>,
): Promise<MessageBus<Types>> => {
  const { clock = systemClock, random = systemRandom } = options;
  const limits = resolveLimits(options.limits);
  const redis = await openRedis(options);
  try {
    await redis.load([sendScript, takeScript, settleScript, withdrawScript]);
    const broker = await redisBroker({ redis, clock, limits, busId: randomId(random) });
    return messageBus<Types>(broker, options);
  } catch (error) {
    redis.close();
    throw error;
  }
};
