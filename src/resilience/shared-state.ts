import { createRun, messageOf, PipewrightError, type Run, scrubText, sleep, type Store } from '../core/index.js';
import { withPatience } from './store-patience.js';

export interface SharedStateOptions<T> {
  readonly store: Store;
  readonly key: string;
  /** Reads what was stored; throws or gives undefined when it is not what it should be. */
  readonly decode: (value: unknown) => T | undefined;
}

/** A small plain value in a store, which several processes read and change. */
export interface SharedState<T> {
  /**
   * Gives `change` what is there and stores what it returns; undefined leaves things as they are. It is called again when
   * another process was quicker. Resolves to whether the store could be asked: when it fails or is too slow, the process is
   * on its own for a while. Rejects only with the reason of an abort.
   */
  readonly update: (run: Run, change: (current: T | undefined) => T | undefined) => Promise<boolean>;
}

/** How long a store that failed is left alone. */
const pauseMs = 5_000;
/** Others were quicker so many times: from here on wait a little before the next try. */
const eagerTries = 3;
const longestBackoffMs = 32;

const version = 1;

const decodeWith = <T>(bytes: Uint8Array | undefined, { key, decode }: SharedStateOptions<T>): T | undefined => {
  if (bytes === undefined) return undefined;
  const stored: unknown = JSON.parse(new TextDecoder().decode(bytes));
  const { version: found, state } = Object(stored) as { readonly version?: unknown; readonly state?: unknown };
  const value = found === version ? decode(state) : undefined;
  if (value === undefined) throw new PipewrightError('store-damaged', `the entry \`${key}\` is of another form`);
  return value;
};

export const sharedState = <T>(options: SharedStateOptions<T>): SharedState<T> => {
  const { store, key } = options;
  let pausedUntilMs = Number.NEGATIVE_INFINITY;

  const exchange = async (
    run: Run,
    change: (current: T | undefined) => T | undefined,
    isOver: () => boolean,
  ): Promise<void> => {
    for (let tries = 1; !isOver(); tries++) {
      const bytes = await store.get(key);
      if (isOver()) return;
      const state = change(decodeWith(bytes, options));
      if (state === undefined) return;
      const next = new TextEncoder().encode(JSON.stringify({ version, state }));
      if (await store.compareAndSet(key, bytes, next)) return;
      if (tries >= eagerTries) await sleep(run.random() * Math.min(2 ** (tries - eagerTries), longestBackoffMs), run);
    }
  };

  return {
    update: async (run, change) => {
      run.throwIfAborted();
      if (run.clock.now() < pausedUntilMs) return false;
      let isOver = false;
      try {
        await withPatience(
          run,
          exchange(run, change, () => isOver),
        );
        return true;
      } catch (error) {
        run.throwIfAborted();
        pausedUntilMs = run.clock.now() + pauseMs;
        const message = `The store of \`${key}\` failed: ${scrubText(messageOf(error))}. This process goes on with what it knows itself, and asks again in ${pauseMs} ms.`;
        run.emit({ type: 'warning', message });
        return false;
      } finally {
        isOver = true;
      }
    },
  };
};

/** Clock, chance and warnings of a run without its signal: what a call has learnt is stored also when its caller gives up. */
export const detached = (run: Run): Run =>
  createRun({
    clock: run.clock,
    random: run.random,
    on: (event) => {
      if (event.type === 'warning') run.emit({ type: 'warning', message: event.message });
    },
  });
