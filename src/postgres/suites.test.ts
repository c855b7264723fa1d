import { afterAll } from 'vitest';
import { startPostgres } from '../../test/servers/postgres.js';
import { describeKeywordIndex, describeStore, describeVectorStore } from '../testing/suites/index.js';
import { type Postgres, postgres, postgresKeywords, postgresStore, postgresVectors } from './index.js';

const server = await startPostgres('the suites of stores on a Postgres server');

const describeAll = (name: string, db: Postgres): void => {
  let made = 0;
  describeVectorStore(name, {
    open: (options) => postgresVectors(db, { name: `t${made++}`, index: { minCount: 200 }, ...options }),
    maxEntries: 500,
  });
  describeKeywordIndex(name, { open: () => postgresKeywords(db, { name: `t${made++}` }) });
  describeStore(name, { open: (clock) => postgresStore(db, { name: `t${made++}`, clock }) });
};

const databases: Postgres[] = [];
if (server !== undefined) {
  const db = await postgres({ connectionString: server.connectionString, schema: `suites_${process.pid}` });
  databases.push(db);
  describeAll('a Postgres server', db);
}
const embedded = await postgres({ pglite: 'memory://' });
databases.push(embedded);
describeAll('the embedded Postgres', embedded);

afterAll(async () => {
  for (const db of databases) await db.close();
  await server?.[Symbol.asyncDispose]();
});
