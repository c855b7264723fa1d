import { expect, it, vi } from 'vitest';
import { partitionedMap } from './partitioned-map.js';

it('a partitioned map answers as a Map does, while it grows past a single one, loses entries and grows again', () => {
  const map = partitionedMap<number>();
  const plain = new Map<string, number>();
  for (let i = 0; i < 60_000; i++) {
    const key = `id ${(i * 7) % 40_000}`;
    if (i % 3 === 0) expect(map.delete(key)).toBe(plain.delete(key));
    else {
      map.set(key, i);
      plain.set(key, i);
    }
    if (map.size !== plain.size) expect.fail(`${map.size} entries where there are ${plain.size}`);
  }
  for (let i = 0; i < 40_000; i++) {
    const key = `id ${i}`;
    if (map.get(key) !== plain.get(key) || map.has(key) !== plain.has(key)) expect.fail(`${key} differs`);
  }
});

it('no Map in it grows large, so that none moves many entries when it doubles', () => {
  const maps = new Set<Map<unknown, unknown>>();
  const { set } = Map.prototype;
  const watched = vi.spyOn(Map.prototype, 'set').mockImplementation(function (this: Map<unknown, unknown>, key, value) {
    maps.add(this);
    return set.call(this, key, value);
  });
  const map = partitionedMap<number>();
  for (let i = 0; i < 200_000; i++) map.set(`document-${i}`, i);
  watched.mockRestore();
  expect(map.size).toBe(200_000);
  expect(Math.max(...Array.from(maps, ({ size }) => size))).toBeLessThan(17_000);
});
