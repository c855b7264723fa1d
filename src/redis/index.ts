export { redisBus, type RedisBusOptions } from './bus.js';
export type { RedisClient, RedisOptions } from './connection.js';
export { redisStore, type RedisStoreOptions } from './store.js';
