import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lru } from './cache-lru.js';

/** The least recently used cache as plainly as it can be said. */
const plainShelf = (maxEntries: number, maxBytes: number) => {
  let entries: (readonly [string, string])[] = [];
  const bytes = () => entries.reduce((sum, [key, text]) => sum + Buffer.byteLength(key + text), 0);
  return {
    get: (key: string) => {
      const found = entries.find(([known]) => known === key);
      if (found !== undefined) entries = [...entries.filter((entry) => entry !== found), found];
      return found?.[1];
    },
    put: (key: string, text: string) => {
      entries = entries.filter(([known]) => known !== key);
      if (Buffer.byteLength(key + text) > maxBytes) return;
      entries = [...entries, [key, text]];
      while (entries.length > maxEntries || bytes() > maxBytes) entries = entries.slice(1);
    },
    delete: (key: string) => {
      entries = entries.filter(([known]) => known !== key);
    },
    keys: () => entries.map(([key]) => key).sort(),
    bytes,
  };
};

const lruOf = (maxEntries: number, maxBytes: number) =>
  lru<string>({ maxEntries, maxBytes, sizeOf: Buffer.byteLength });

describe('lru', () => {
  it('Q27 does what a plain list of the entries used last would do, within its bounds', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'dé', 'e/1', 'e/2');
    const action = fc.oneof(
      fc.record({ type: fc.constant('get' as const), key }),
      fc.record({ type: fc.constant('put' as const), key, text: fc.string({ unit: 'grapheme', maxLength: 12 }) }),
      fc.record({ type: fc.constant('delete' as const), key }),
    );
    fc.assert(
      fc.property(
        fc.array(action, { minLength: 20, maxLength: 80 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 150 }),
        (actions, maxEntries, maxBytes) => {
          const shelf = lruOf(maxEntries, maxBytes);
          const plain = plainShelf(maxEntries, maxBytes);
          for (const step of actions) {
            if (step.type === 'get') expect(shelf.get(step.key)).toBe(plain.get(step.key));
            else if (step.type === 'put') {
              shelf.set(step.key, step.text);
              plain.put(step.key, step.text);
            } else {
              shelf.delete(step.key);
              plain.delete(step.key);
            }
            const { entries, bytes } = shelf.stats();
            expect(entries).toBe(plain.keys().length);
            expect(bytes).toBe(plain.bytes());
            expect(bytes).toBeLessThanOrEqual(maxBytes);
          }
          for (const left of plain.keys()) expect(shelf.get(left)).toBeDefined();
        },
      ),
      { numRuns: 300 },
    );
  });

  it('Q27 counts what had to go, and never holds more than it may after 100,000 answers', () => {
    const shelf = lruOf(100, 2_000);
    for (let index = 0; index < 100_000; index++) shelf.set(`key ${index}`, 'x'.repeat(index % 40));
    const { entries, bytes, evictions } = shelf.stats();
    expect(entries).toBeLessThanOrEqual(100);
    expect(bytes).toBeLessThanOrEqual(2_000);
    expect(evictions + entries).toBe(100_000);
  });

  it('forgets all keys with one beginning', () => {
    const shelf = lruOf(10, 1_000);
    for (const key of ['a/1', 'a/2', 'b/1']) shelf.set(key, key);
    expect(shelf.deleteAll('a/')).toBe(2);
    expect([shelf.get('a/1'), shelf.get('b/1')]).toEqual([undefined, 'b/1']);
  });
});
