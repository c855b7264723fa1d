import { PipewrightError } from '../core/index.js';
import type { PageRequest } from './broker.js';
import type { Page } from './types.js';

/** The last so many items, read by pages. */
export interface BoundedLog<T> {
  readonly push: (item: T) => void;
  readonly page: (page: PageRequest) => Page<T>;
}

/** Throws `bad-input` for what is not the `next` of a page. */
export const placeAfter = (after: string | undefined): number => {
  if (after === undefined) return 0;
  if (!/^\d{1,15}$/.test(after)) {
    throw new PipewrightError('bad-input', `\`after\` must be the \`next\` of a page, got ${JSON.stringify(after)}.`);
  }
  return Number(after) + 1;
};

/** A ring: the item of place `n` lies at `n % max`. */
export const boundedLog = <T>(max: number): BoundedLog<T> => {
  const ring: T[] = [];
  let end = 0;
  return {
    push: (item) => {
      ring[end % max] = item;
      end++;
    },
    page: ({ after, limit }) => {
      const items: T[] = [];
      let place = Math.max(placeAfter(after), end - max, 0);
      for (; place < end && items.length < limit; place++) items.push(ring[place % max] as T);
      return place < end ? { items, next: String(place - 1) } : { items };
    },
  };
};
