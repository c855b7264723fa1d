import { afterAll, describe } from 'vitest';
import { startRedis } from '../../test/servers/redis.js';
import { describeMessageBus } from '../testing/suites/index.js';
import { redisBus } from './index.js';

const server = await startRedis('the message bus on a Redis server');
afterAll(() => server?.[Symbol.asyncDispose]());

describe.runIf(server !== undefined)('Redis', () => {
  let made = 0;
  describeMessageBus('redisBus', {
    open: (options) => redisBus({ ...options, url: server?.url ?? '', prefix: `b${process.pid}-${made++}` }),
    elapse: (ms) => new Promise((resolve) => setTimeout(resolve, ms + 20)),
  });
});
