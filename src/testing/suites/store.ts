import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock, Store, StoreChange, StoreRange } from '../../core/index.js';

export interface StoreSuite {
  /** Opens a store that is new and empty. The suite closes it. */
  readonly open: (clock: Clock) => Promise<Store>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const put = (key: string, value: string, ttlMs?: number): StoreChange =>
  ttlMs === undefined ? { type: 'put', key, value: bytes(value) } : { type: 'put', key, value: bytes(value), ttlMs };
const remove = (key: string): StoreChange => ({ type: 'delete', key });

const textOf = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);
const listOf = async (store: Store, range: StoreRange = {}): Promise<string[]> => {
  const found: string[] = [];
  for await (const [key, value] of store.range(range)) found.push(`${key}=${textOf(value)}`);
  return found;
};
const keysOf = async (store: Store, range: StoreRange = {}): Promise<string[]> => {
  const found: string[] = [];
  for await (const [key] of store.range(range)) found.push(key);
  return found;
};

const byUtf8 = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** What a model in plain JavaScript answers to the same range. */
const modelRange = (model: ReadonlyMap<string, string>, range: StoreRange): string[] => {
  const keys = [...model.keys()]
    .filter((key) => byUtf8(key, range.from ?? '') >= 0 && (range.to === undefined || byUtf8(key, range.to) < 0))
    .sort(byUtf8);
  if (range.isReversed) keys.reverse();
  return keys.slice(0, range.limit).map((key) => `${key}=${model.get(key)}`);
};

const keyArbitrary = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.constantFrom('', 'a', 'b', 'a\0', 'a\u00ff', '\ue000', '\ufffd', '\u{1f600}', '__proto__', 'constructor'),
);
const changeArbitrary: fc.Arbitrary<StoreChange> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(keyArbitrary, fc.string({ maxLength: 8 })).map(([key, value]) => put(key, value)) },
  { weight: 1, arbitrary: keyArbitrary.map(remove) },
);
const rangeArbitrary: fc.Arbitrary<StoreRange> = fc.record(
  { from: keyArbitrary, to: keyArbitrary, limit: fc.integer({ min: 0, max: 20 }), isReversed: fc.boolean() },
  { requiredKeys: [] },
);

/** What every `Store` must do. Run it in a vitest file of the implementation. */
export const describeStore = (name: string, suite: StoreSuite): void => {
  describe(`${name} as a store`, () => {
    let nowMs = 1_000_000;
    let store: Store;
    beforeEach(async () => {
      nowMs = 1_000_000;
      store = await suite.open({ now: () => nowMs, after: () => () => undefined });
    });
    afterEach(() => store.close());

    it('gives back what was put, and undefined for what was not', async () => {
      await store.write([put('a', 'one'), put('empty', '')]);
      expect(textOf(await store.get('a'))).toBe('one');
      expect(await store.get('empty')).toEqual(new Uint8Array(0));
      expect(await store.get('b')).toBeUndefined();
    });

    it('keeps its own copy of a value, going in and coming out', async () => {
      const value = bytes('abc');
      await store.write([{ type: 'put', key: 'a', value }]);
      value.fill(0);
      const first = await store.get('a');
      first?.fill(0);
      for await (const [, inRange] of store.range({})) inRange.fill(0);
      expect(textOf(await store.get('a'))).toBe('abc');
    });

    it('copies a value before write returns its promise', async () => {
      const value = bytes('abc');
      const written = store.write([{ type: 'put', key: 'a', value }]);
      value.fill(0);
      await written;
      expect(textOf(await store.get('a'))).toBe('abc');
    });

    it('applies a batch in order, the last change to a key winning', async () => {
      await store.write([put('a', '1'), put('b', '1'), remove('a'), put('b', '2'), remove('c')]);
      expect(await listOf(store)).toEqual(['b=2']);
    });

    it('applies nothing of a batch that holds a bad change', async () => {
      const bad = { type: 'put', key: 'b', value: 'text' } as unknown as StoreChange;
      await expect(store.write([put('a', '1'), bad])).rejects.toMatchObject({ code: 'bad-input' });
      await expect(store.write([put('a', '1'), put('b', '1', Number.NaN)])).rejects.toMatchObject({
        code: 'bad-input',
      });
      expect(await listOf(store)).toEqual([]);
    });

    it('refuses keys that are too long or hold half a character', async () => {
      for (const key of ['é'.repeat(1_000), '\ud800']) {
        await expect(store.write([put(key, '')])).rejects.toMatchObject({ code: 'bad-input' });
        await expect(store.get(key)).rejects.toMatchObject({ code: 'bad-input' });
        await expect(listOf(store, { from: key })).rejects.toMatchObject({ code: 'bad-input' });
      }
      await store.write([put('x'.repeat(1_800), 'long')]);
      expect(textOf(await store.get('x'.repeat(1_800)))).toBe('long');
    });

    it('orders keys by their UTF-8 bytes', async () => {
      const keys = ['\u{1f600}', '\ufffd', '\ue000', 'é', 'z', 'a/b', 'a', 'a\0', 'B', ''];
      await store.write(keys.map((key) => put(key, 'x')));
      expect(await keysOf(store)).toEqual([...keys].sort(byUtf8));
      expect(await keysOf(store, { isReversed: true })).toEqual([...keys].sort(byUtf8).reverse());
    });

    it('treats the names of object members as any other key (Q24)', async () => {
      await store.write([put('__proto__', '1'), put('constructor', '2')]);
      expect(await listOf(store)).toEqual(['__proto__=1', 'constructor=2']);
      expect(await store.get('toString')).toBeUndefined();
    });

    it('reads ranges by bounds, direction and limit', async () => {
      await store.write(['a', 'b', 'c', 'd'].map((key) => put(key, key)));
      expect(await keysOf(store, { from: 'b', to: 'd' })).toEqual(['b', 'c']);
      expect(await keysOf(store, { from: 'b', to: 'd', isReversed: true })).toEqual(['c', 'b']);
      expect(await keysOf(store, { limit: 3, isReversed: true })).toEqual(['d', 'c', 'b']);
      expect(await keysOf(store, { from: 'c', to: 'a' })).toEqual([]);
      expect(await keysOf(store, { limit: 0 })).toEqual([]);
    });

    it('walks thousands of entries, also while they are deleted under way', async () => {
      const keys = Array.from({ length: 3_000 }, (_, i) => `k${String(i).padStart(5, '0')}`);
      await store.write(keys.map((key) => put(key, key)));
      expect(await keysOf(store)).toEqual(keys);
      expect(await keysOf(store, { isReversed: true })).toEqual([...keys].reverse());
      const seen: string[] = [];
      for await (const [key] of store.range({})) {
        seen.push(key);
        if (key === 'k00010') await store.write(keys.slice(1_500).map(remove));
      }
      expect(seen.slice(0, 1_000)).toEqual(keys.slice(0, 1_000));
      expect(seen.length).toBeLessThan(3_000);
      expect(await keysOf(store)).toEqual(keys.slice(0, 1_500));
    });

    it('keeps the order of concurrent writes', async () => {
      await Promise.all(Array.from({ length: 50 }, (_, i) => store.write([put('a', String(i)), put(`k${i}`, 'x')])));
      expect(textOf(await store.get('a'))).toBe('49');
      expect(await keysOf(store)).toHaveLength(51);
    });

    it('sets a value only in the place of the expected one', async () => {
      expect(await store.compareAndSet('a', bytes('x'), bytes('1'))).toBe(false);
      expect(await store.compareAndSet('a', undefined, bytes('1'))).toBe(true);
      expect(await store.compareAndSet('a', undefined, bytes('2'))).toBe(false);
      expect(await store.compareAndSet('a', bytes('12'), bytes('2'))).toBe(false);
      expect(await listOf(store)).toEqual(['a=1']);
      expect(await store.compareAndSet('a', bytes('1'), bytes(''))).toBe(true);
      expect(await store.compareAndSet('a', undefined, bytes('2'))).toBe(false);
      expect(await store.compareAndSet('a', bytes(''), bytes('2'))).toBe(true);
      expect(await listOf(store)).toEqual(['a=2']);
    });

    it('loses none of 100 increments at once', async () => {
      let tries = 0;
      const increment = async (): Promise<void> => {
        for (;;) {
          tries++;
          const seen = await store.get('count');
          const next = bytes(String(Number(textOf(seen) ?? 0) + 1));
          if (await store.compareAndSet('count', seen, next)) return;
        }
      };
      await Promise.all(Array.from({ length: 100 }, increment));
      expect(textOf(await store.get('count'))).toBe('100');
      expect(tries).toBeGreaterThan(100);
    });

    it('compares with what the writes asked for before it leave', async () => {
      const results = await Promise.all([
        store.write([put('a', '1')]),
        store.compareAndSet('a', bytes('1'), bytes('2')),
        store.compareAndSet('a', bytes('1'), bytes('3')),
        store.write([remove('a')]),
        store.compareAndSet('a', undefined, bytes('4')),
      ]);
      expect(results.filter((result) => result !== undefined)).toEqual([true, false, true]);
      expect(await listOf(store)).toEqual(['a=4']);
    });

    it('takes what is over for nothing when it compares, and sets with a time to live', async () => {
      expect(await store.compareAndSet('a', undefined, bytes('1'), { ttlMs: 100 })).toBe(true);
      nowMs += 99;
      expect(await store.compareAndSet('a', undefined, bytes('2'))).toBe(false);
      nowMs += 1;
      expect(await store.compareAndSet('a', bytes('1'), bytes('2'))).toBe(false);
      expect(await store.compareAndSet('a', undefined, bytes('2'), { ttlMs: Infinity })).toBe(true);
      nowMs += 1_000_000;
      expect(await listOf(store)).toEqual(['a=2']);
    });

    it('makes further changes behind a comparison that holds, and none behind one that fails', async () => {
      await store.write([put('old', '1')]);
      expect(await store.compareAndSet('a', bytes('x'), bytes('1'), { also: [put('b', '1'), remove('old')] })).toBe(
        false,
      );
      expect(await listOf(store)).toEqual(['old=1']);
      expect(await store.compareAndSet('a', undefined, bytes('1'), { also: [put('b', '1'), remove('old')] })).toBe(
        true,
      );
      expect(await listOf(store)).toEqual(['a=1', 'b=1']);
      expect(await store.compareAndSet('a', bytes('1'), bytes('2'), { also: [remove('a')] })).toBe(true);
      expect(await listOf(store)).toEqual(['b=1']);
      const bad = { type: 'put', key: 'c', value: 'text' } as unknown as StoreChange;
      await expect(store.compareAndSet('a', undefined, bytes('1'), { also: [bad] })).rejects.toMatchObject({
        code: 'bad-input',
      });
      expect(await listOf(store)).toEqual(['b=1']);
    });

    it('copies both values before compareAndSet returns its promise, and refuses bad ones', async () => {
      await store.write([put('a', '1')]);
      const [expected, value] = [bytes('1'), bytes('2')];
      const isSet = store.compareAndSet('a', expected, value);
      expected.fill(0);
      value.fill(0);
      expect(await isSet).toBe(true);
      expect(await listOf(store)).toEqual(['a=2']);
      const bad = 'text' as unknown as Uint8Array;
      await expect(store.compareAndSet('a', bad, value)).rejects.toMatchObject({ code: 'bad-input' });
      await expect(store.compareAndSet('a', undefined, bad)).rejects.toMatchObject({ code: 'bad-input' });
      await expect(store.compareAndSet('a', undefined, value, { ttlMs: 0 })).rejects.toMatchObject({
        code: 'bad-input',
      });
    });

    it('forgets an entry when its time is over, and only then', async () => {
      await store.write([put('short', '1', 100), put('long', '2', 1_000), put('ever', '3')]);
      nowMs += 99;
      expect(await keysOf(store)).toEqual(['ever', 'long', 'short']);
      nowMs += 1;
      expect(await store.get('short')).toBeUndefined();
      expect(await keysOf(store)).toEqual(['ever', 'long']);
      expect(await keysOf(store, { limit: 2, isReversed: true })).toEqual(['long', 'ever']);
    });

    it('gives an entry that is written anew its new time', async () => {
      await store.write([put('a', '1', 100), put('b', '1', 100), put('c', '1', 100)]);
      await store.write([put('a', '2'), put('b', '2', 500)]);
      nowMs += 200;
      await store.write([put('other', 'x')]);
      expect(await listOf(store)).toEqual(['a=2', 'b=2', 'other=x']);
    });

    it('does not count what is over towards a limit', async () => {
      await store.write(Array.from({ length: 600 }, (_, i) => put(`a${i}`, 'x', 10)));
      await store.write([put('b', 'x')]);
      nowMs += 10;
      expect(await keysOf(store, { limit: 1 })).toEqual(['b']);
    });

    it('rejects every call after close, which waits for writes under way', async () => {
      const written = store.write([put('a', '1')]);
      await store.close();
      await expect(written).resolves.toBeUndefined();
      await store.close();
      await expect(store.get('a')).rejects.toMatchObject({ code: 'store-closed' });
      await expect(store.write([put('a', '2')])).rejects.toMatchObject({ code: 'store-closed' });
      await expect(store.compareAndSet('a', bytes('1'), bytes('2'))).rejects.toMatchObject({ code: 'store-closed' });
      await expect(listOf(store)).rejects.toMatchObject({ code: 'store-closed' });
    });

    it('ends a range that is under way when it is closed', async () => {
      await store.write(Array.from({ length: 1_000 }, (_, i) => put(`k${i}`, 'x')));
      const walk = async (): Promise<void> => {
        for await (const _ of store.range({})) await store.close();
      };
      await expect(walk()).rejects.toMatchObject({ code: 'store-closed' });
    });

    it('answers as a plain sorted map does, whatever is written', async () => {
      const model = new Map<string, string>();
      await fc.assert(
        fc.asyncProperty(fc.array(changeArbitrary, { maxLength: 30 }), rangeArbitrary, async (changes, range) => {
          await store.write(changes);
          for (const change of changes) {
            if (change.type === 'delete') model.delete(change.key);
            else model.set(change.key, textOf(change.value) ?? '');
          }
          expect(await listOf(store, range)).toEqual(modelRange(model, range));
        }),
        { numRuns: 100 },
      );
    });
  });
};
