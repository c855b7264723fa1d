import { describe, expect, it } from 'vitest';
import { ahead } from './ahead.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ahead', () => {
  it('gives the results in order, with only so many under way or waiting', async () => {
    let open = 0;
    let most = 0;
    const work = async (n: number): Promise<number> => {
      most = Math.max(most, ++open);
      for (let turns = n % 3; turns >= 0; turns--) await turn();
      return n * 10;
    };
    const results: (readonly [number, number])[] = [];
    for await (const entry of ahead([1, 2, 3, 4, 5, 6, 7], 3, work)) {
      open -= 1;
      results.push(entry);
      await turn();
    }
    expect(results).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => [n, n * 10]));
    expect(most).toBe(4);
  });

  it('starts nothing more when its loop is left or a piece of work fails, and waits for what is under way', async () => {
    let started = 0;
    let ended = 0;
    const work = async (n: number): Promise<number> => {
      started += 1;
      await turn();
      ended += 1;
      if (n === 3) throw new Error('three');
      return n;
    };
    for await (const _ of ahead([1, 2, 5, 6, 7, 8], 2, work)) break;
    expect([started, ended]).toEqual([3, 3]);
    const read = async (): Promise<void> => {
      for await (const _ of ahead([1, 2, 3, 4, 5, 6, 7], 2, work)) await turn();
    };
    await expect(read()).rejects.toThrow('three');
    expect(started).toBe(ended);
    expect(started).toBeLessThan(3 + 7);
  });
});
