import {
  checkStoreChange,
  checkStoreKey,
  checkStoreValue,
  type Clock,
  PipewrightError,
  type Store,
  type StoreChange,
  type StoreRange,
  systemClock,
} from '../core/index.js';
import { openRedis, type Redis, type RedisOptions, type RedisValue } from './connection.js';
import { compareScript, formatScript, getScript, rangeScript, writeScript } from './store-scripts.js';

export interface RedisStoreOptions extends RedisOptions {
  /** Tells when entries with `ttlMs` are over. Machines that share a store must agree on the time. @default the real clock */
  readonly clock?: Clock;
}

const formatVersion = 1;
/** How many entries a range reads at once. */
const pageEntries = 256;

/** A copy, so that the caller may go on using its bytes. */
const copyOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

const expiryOf = (nowMs: number, ttlMs = Infinity): RedisValue => (ttlMs === Infinity ? '' : nowMs + ttlMs);

const argumentsOf = (changes: readonly StoreChange[], nowMs: number): RedisValue[] => {
  for (const change of changes) checkStoreChange(change);
  return changes.flatMap((change) =>
    change.type === 'put'
      ? ['put', change.key, copyOf(change.value), expiryOf(nowMs, change.ttlMs)]
      : ['delete', change.key, '', ''],
  );
};

interface Place {
  readonly redis: Redis;
  readonly clock: Clock;
  readonly checkOpen: () => void;
}

/** Walks from page to page, so that memory stays bounded and what is deleted meanwhile is not seen. */
const rangeOf = async function* (
  { redis, clock, checkOpen }: Place,
  { from = '', to, limit = Infinity, isReversed = false }: StoreRange,
): ReturnType<Store['range']> {
  checkStoreKey(from);
  if (to !== undefined) checkStoreKey(to);
  let low: RedisValue = `[${from}`;
  let high: RedisValue = to === undefined ? '+' : `(${to}`;
  for (let left = limit; left > 0; ) {
    checkOpen();
    const asked = Math.min(left, pageEntries);
    const args = [clock.now(), low, high, asked, isReversed ? 1 : 0];
    const [count, last, ...entries] = (await redis.run(rangeScript, args, true)) as [number, Buffer, ...Buffer[]];
    for (let i = 0; i < entries.length; i += 2) {
      checkOpen();
      left--;
      yield [String(entries[i]), new Uint8Array(entries[i + 1] as Buffer)];
    }
    if (count < asked) return;
    if (isReversed) high = `(${String(last)}`;
    else low = `(${String(last)}`;
  }
};

const openFormat = async (redis: Redis): Promise<void> => {
  await redis.load([getScript, writeScript, compareScript, rangeScript]);
  const found = Number(await redis.run(formatScript, [formatVersion]));
  if (found <= formatVersion) return;
  throw new PipewrightError(
    'store-newer',
    `The store in ${redis.where} has format ${found}, this release reads up to ${formatVersion}. Update pipewright.`,
    { details: { where: redis.where } },
  );
};

/**
 * Opens a key-value store on a Redis server, for what machines share: budgets, limits, circuits, caches. It lasts as long as the
 * server keeps its data.
 * @throws {PipewrightError} `bad-option`, `dependency-missing`, `connection-lost` (retryable), `not-allowed`, `store-newer`.
 * @example await redisStore({ url: 'redis://localhost:6379', prefix: 'limits' })
 */
export const redisStore = async (options: RedisStoreOptions): Promise<Store> => {
  const { clock = systemClock } = options;
  const redis = await openRedis(options);
  try {
    await openFormat(redis);
  } catch (error) {
    redis.close();
    throw error;
  }
  let closing: Promise<void> | undefined;
  const underWay = new Set<Promise<unknown>>();
  const checkOpen = (): void => {
    if (closing !== undefined) throw new PipewrightError('store-closed', `The store in ${redis.where} is closed.`);
  };
  /** Closing waits for what was asked for before. */
  const kept = async <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work);
    try {
      return await work;
    } finally {
      underWay.delete(work);
    }
  };
  const close = async (): Promise<void> => {
    await Promise.allSettled(underWay);
    redis.close();
  };
  const place: Place = { redis, clock, checkOpen };
  const store: Store = {
    get: async (key) => {
      checkOpen();
      checkStoreKey(key);
      const found = (await kept(redis.run(getScript, [clock.now(), key], true))) as Buffer | null;
      return found === null ? undefined : new Uint8Array(found);
    },
    range: (range) => rangeOf(place, range),
    write: async (changes) => {
      checkOpen();
      const nowMs = clock.now();
      const args = argumentsOf(changes, nowMs);
      if (args.length > 0) await kept(redis.run(writeScript, [nowMs, ...args]));
    },
    compareAndSet: async (key, expected, value, { ttlMs, also = [] } = {}) => {
      checkOpen();
      if (expected !== undefined) checkStoreValue(key, expected);
      const nowMs = clock.now();
      const own: StoreChange = { type: 'put', key, value, ...(ttlMs !== undefined && { ttlMs }) };
      const condition = expected === undefined ? [0, ''] : [1, copyOf(expected)];
      const args = [nowMs, ...condition, ...argumentsOf([own, ...also], nowMs)];
      return (await kept(redis.run(compareScript, args))) === 1;
    },
    close: () => {
      closing ??= close();
      return closing;
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
  return store;
};
