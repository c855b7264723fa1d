import { bm25 } from 'pipewright/keyword';
import { hnsw } from 'pipewright/vector';
import { describe, expect, it } from 'vitest';

/** How many turns the event loop has while the work goes on. */
const turnsDuring = async (work: () => Promise<void>): Promise<number> => {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isOver = true;
  return turns;
};

describe('a loop of small writes that waits for nothing else', () => {
  it('gives the event loop its turns while a vector index in memory grows', async () => {
    const index = await hnsw({ dimensions: 64 });
    const vector = Float32Array.from({ length: 64 }, (_, at) => Math.sin(at));
    const turns = await turnsDuring(async () => {
      for (let at = 0; at < 6_000; at++) await index.add([{ id: `${at}`, text: `Text ${at}`, vector }]);
    });
    expect(turns).toBeGreaterThan(1);
    await index.close();
  });

  it('gives the event loop its turns while a keyword index in memory grows', async () => {
    const index = await bm25();
    const turns = await turnsDuring(async () => {
      for (let at = 0; at < 4_000; at++)
        await index.add([{ id: `${at}`, text: `Order ${at} was sent to store ${at % 91}.` }]);
    });
    expect(turns).toBeGreaterThan(1);
    await index.close();
  });
});
