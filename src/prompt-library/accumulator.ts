import { createLock, type Store } from '../core/index.js';
import { changeState, type StateForm } from './state.js';

/** Adds to records in a store. */
export interface Accumulator<Item> {
  /** Resolves when the item is in the store. */
  readonly add: (key: string, item: Item) => Promise<void>;
}

interface Batch<Item> {
  readonly items: Item[];
  readonly done: Promise<unknown>;
}

/** What is added to a record while a write is under way goes into the next write together: a thousand at once are a few writes. */
export const accumulator = <State, Item>(
  store: Store,
  form: StateForm<State>,
  plus: (state: State | undefined, item: Item) => State,
): Accumulator<Item> => {
  const lock = createLock();
  const waiting = new Map<string, Batch<Item>>();
  const flush = async (key: string, items: readonly Item[]): Promise<void> => {
    waiting.delete(key);
    const [first, ...others] = items as readonly [Item, ...Item[]];
    await changeState(form, store, key, (before) => others.reduce(plus, plus(before, first)));
  };
  return {
    add: async (key, item) => {
      const open = waiting.get(key);
      if (open !== undefined) {
        open.items.push(item);
        await open.done;
        return;
      }
      const items = [item];
      // The lock lets nobody in before this turn of the event loop is over, so the batch is known when it is flushed.
      const done = lock.run(() => flush(key, items));
      waiting.set(key, { items, done });
      await done;
    },
  };
};
