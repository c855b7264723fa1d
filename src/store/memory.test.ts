import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { describeStore } from '../testing/suites/index.js';
import { memoryStore } from './index.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describeStore('memoryStore', { open: async (clock) => memoryStore({ clock }) });

describe('memoryStore', () => {
  it('uses the real clock where none is given', async () => {
    await using store = memoryStore();
    await store.write([{ type: 'put', key: 'a', value: new Uint8Array([1]), ttlMs: 60_000 }]);
    expect(await store.get('a')).toEqual(new Uint8Array([1]));
  });

  it('holds the one value that is left of a write, not the others with it', async () => {
    await using store = memoryStore();
    const value = new Uint8Array(10_000);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 300; i++) {
      await store.write(Array.from({ length: 100 }, (_, j) => ({ type: 'put', key: `${i}/${j}`, value })));
      await store.write(Array.from({ length: 99 }, (_, j) => ({ type: 'delete', key: `${i}/${j}` })));
    }
    collectGarbage();
    // 3 MB are alive; the writes that they came with were 300.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000_000);
  });

  it('holds no more than what is alive: writes clear what is over', async () => {
    let nowMs = 0;
    const store = memoryStore({ clock: { now: () => nowMs, after: () => () => undefined } });
    const value = new Uint8Array(1_000);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 200_000; i += 100) {
      nowMs += 100;
      await store.write(Array.from({ length: 100 }, (_, j) => ({ type: 'put', key: `${i + j}`, value, ttlMs: 50 })));
    }
    let count = 0;
    for await (const _ of store.range({})) count++;
    expect(count).toBe(100);
    // 200 MB passed through; what is left is what the garbage collector has not come to yet.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000_000);
    await store.close();
  });
});
