import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { countThreads } from '../../test/count-threads.js';
import { createRun } from '../core/index.js';
import { type ThreadPool, threadPool } from './thread-pool.js';

const program = `() => async (question) => {
  if (question === 'loop') for (;;);
  if (question === 'fail') throw new Error('no number');
  await new Promise((resolve) => setTimeout(resolve, 10));
  return question + 10;
}`;
const ask = (pool: ThreadPool, question: unknown, run = createRun()): Promise<unknown> =>
  pool.use((thread) => thread.ask(question, run), run);

it('a pool starts as many threads as are needed at once, up to its limit, and answers all in the order of asking', async () => {
  const threads = countThreads();
  const pool = threadPool({ program, data: undefined }, 2);
  expect([await ask(pool, 1), await ask(pool, 2)]).toEqual([11, 12]);
  expect(threads()).toBe(1);
  const order: unknown[] = [];
  const questions = Array.from({ length: 9 }, (_, i) => ask(pool, i).then((answer) => order.push(answer)));
  await Promise.all(questions);
  expect(order.toSorted()).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18]);
  expect(order.indexOf(18)).toBeGreaterThan(6);
  expect(threads()).toBe(2);
});

it('without a limit nobody waits', async () => {
  const pool = threadPool({ program, data: undefined });
  let inside = 0;
  const work = async (): Promise<number> => {
    inside++;
    await turn();
    return inside;
  };
  expect(await Promise.all([1, 2, 3].map(() => pool.use(work, createRun())))).toEqual([3, 3, 3]);
});

it('work that is lost in its thread is ended by its abort, and what waits behind it is done', async () => {
  const pool = threadPool({ program, data: undefined }, 1);
  const stopping = new AbortController();
  const lost = ask(pool, 'loop', createRun({ signal: stopping.signal }));
  const failing = ask(pool, 'fail');
  const next = ask(pool, 1);
  setTimeout(() => stopping.abort(new Error('enough')), 100);
  const ends = await Promise.allSettled([lost, failing, next]);
  expect(ends.map((end) => (end.status === 'fulfilled' ? end.value : String(end.reason)))).toEqual([
    'Error: enough',
    'Error: no number',
    11,
  ]);
});

it('who gives up while waiting is gone at once, and takes no thread', async () => {
  const pool = threadPool({ program, data: undefined }, 1);
  const first = ask(pool, 1);
  const stopping = new AbortController();
  let isDone = false;
  const work = async (): Promise<void> => {
    isDone = true;
  };
  const waiting = pool.use(work, createRun({ signal: stopping.signal }));
  const last = ask(pool, 2);
  stopping.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  expect(await Promise.all([first, last])).toEqual([11, 12]);
  expect(isDone).toBe(false);
  await expect(pool.use(async () => 1, createRun({ signal: stopping.signal }))).rejects.toThrow('enough');
});

it('who gives up in the moment in which a thread is given to him does not do his work, and the thread goes on to the next', async () => {
  const pool = threadPool({ program, data: undefined }, 1);
  const stopping = new AbortController();
  let isDone = false;
  const first = pool.use(async () => turn(), createRun()).then(() => stopping.abort(new Error('enough')));
  const work = async (): Promise<void> => {
    isDone = true;
  };
  const second = pool.use(work, createRun({ signal: stopping.signal }));
  const last = ask(pool, 1);
  await expect(second).rejects.toThrow('enough');
  await first;
  expect(isDone).toBe(false);
  expect(await last).toBe(11);
});
