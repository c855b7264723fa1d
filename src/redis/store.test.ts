import { afterAll, describe } from 'vitest';
import { startRedis } from '../../test/servers/redis.js';
import { describeStore } from '../testing/suites/index.js';
import { redisStore } from './index.js';

const server = await startRedis('the store on a Redis server');
afterAll(() => server?.[Symbol.asyncDispose]());

describe.runIf(server !== undefined)('Redis', () => {
  let made = 0;
  describeStore('redisStore', {
    open: (clock) => redisStore({ url: server?.url ?? '', prefix: `s${process.pid}-${made++}`, clock }),
  });
});
