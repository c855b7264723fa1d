import { afterAll, describe, expect, it } from 'vitest';
import { createRun, type Run } from '../src/core/index.js';
import { answerIn, checkpointed, durable, once, pause, stateGraph, stateType } from '../src/flow/index.js';
import { type Postgres, postgres, postgresStore } from '../src/postgres/index.js';
import { z } from 'zod';
import { startPostgres } from './servers/postgres.js';

const server = await startPostgres('flows on a Postgres server: they are tested on the embedded one');
const db: Postgres = await postgres(
  server === undefined
    ? { pglite: 'memory://' }
    : { connectionString: server.connectionString, schema: `flows_${process.pid}` },
);
afterAll(async () => {
  await db.close();
  await server?.[Symbol.asyncDispose]();
});

describe('flows on Postgres', () => {
  it('Q25 a durable run goes on, alone, and pays for nothing again', async () => {
    const store = await postgresStore(db, { name: 'runs' });
    const calls: string[] = [];
    let isBroken = true;
    let release = (): void => undefined;
    const waits = new Promise<void>((resolve) => {
      release = resolve;
    });
    const step = async (input: string, run: Run): Promise<string> => {
      const charge = once('charge', async (text: string) => {
        calls.push(text);
        return `paid for ${text}`;
      });
      const paid = await charge(input, run);
      if (isBroken) throw new Error('no');
      await waits;
      return paid;
    };
    const pay = durable(step, { name: 'pay', store });
    await expect(pay({ id: 'a', input: 'tea' })).rejects.toThrow('no');
    isBroken = false;
    const first = pay({ id: 'a' });
    await expect.poll(() => pay({ id: 'a' }).catch(({ code }) => code)).toBe('store-locked');
    release();
    expect([await first, await pay({ id: 'a' }), calls]).toEqual(['paid for tea', 'paid for tea', ['tea']]);
  });

  it('a thread pauses, and of two answers at once one counts', async () => {
    const store = await postgresStore(db, { name: 'threads' });
    const graph = stateGraph({
      state: stateType<{ readonly answer: number }>(),
      nodes: {
        ask: async (_state, run) => {
          const answer = await answerIn(run, z.number());
          return answer === undefined ? pause('How many?') : { answer };
        },
      },
      start: 'ask',
      edges: { ask: 'end' },
    });
    const threads = checkpointed(graph, { name: 'g', store });
    expect((await threads.start('a', { answer: 0 }, createRun())).status).toBe('paused');
    const both = await Promise.allSettled([1, 2].map((ask) => threads.resume('a', { ask })));
    const won = both.flatMap((each) => (each.status === 'fulfilled' ? [each.value.state.answer] : []));
    expect(both.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []))).toEqual(['store-locked']);
    expect((await threads.get('a'))?.state.answer).toBe(won[0]);
    await threads.delete('a');
    expect(await threads.get('a')).toBeUndefined();
  });
});
