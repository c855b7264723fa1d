import { describe, expect, it } from 'vitest';
import { type PostgresClient, postgres } from './index.js';

/** A pool whose server ends the first transactions because each waited for another one. */
const poolThatDeadlocks = (times: number) => {
  let left = times;
  const client: PostgresClient = {
    query: async ({ text }) => {
      if (text === 'UPDATE x' && left-- > 0) throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
      return { rows: [{ text }] };
    },
    release: () => undefined,
    on: () => undefined,
    removeListener: () => undefined,
  };
  return { connect: async () => client };
};

const update = async (times: number) => {
  await using db = await postgres({ pool: poolThatDeadlocks(times) });
  let calls = 0;
  const rows = await db.transaction((session) => {
    calls++;
    return session.query('UPDATE x');
  });
  return { calls, rows };
};

describe('a transaction', () => {
  it('is done again when the server ended it because it and another one waited for each other', async () => {
    expect(await update(0)).toMatchObject({ calls: 1 });
    expect(await update(3)).toMatchObject({ calls: 4, rows: [{ text: 'UPDATE x' }] });
  });

  it('is given up after a few tries, and says that it may be tried again', async () => {
    await expect(update(4)).rejects.toMatchObject({ code: 'store-locked', retryable: true });
  });
});
