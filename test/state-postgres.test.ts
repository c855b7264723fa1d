import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { conversations, messageLog } from 'pipewright/conversation';
import { type Postgres, postgres, postgresKeywords, postgresStore } from 'pipewright/postgres';
import { promptLibrary } from 'pipewright/prompt-library';
import { afterAll, describe, expect, it } from 'vitest';
import { allOf, describeConversations, said, textsOf } from '../src/testing/suites/conversations.js';
import { startPostgres } from './servers/postgres.js';

const server = await startPostgres('conversations and prompts on a Postgres server');
const child = fileURLToPath(new URL('children/converse-on-postgres.ts', import.meta.url));

const databases: Postgres[] = [];
afterAll(async () => {
  for (const db of databases) await db.close();
  await server?.[Symbol.asyncDispose]();
});

const describeAll = (name: string, db: Postgres): void => {
  let made = 0;
  describeConversations(name, {
    open: () => postgresStore(db, { name: `talk${made++}` }),
    keywords: () => postgresKeywords(db, { name: `words${made++}` }),
  });
};

const describePrompts = (name: string, db: Postgres): void => {
  describe(`a prompt library on ${name}`, () => {
    it('keeps every version that two writers save at the same time, moves labels and rolls back', async () => {
      const [one, two] = await Promise.all(
        [0, 1].map(async () => promptLibrary({ store: await postgresStore(db, { name: 'prompts' }) })),
      );
      if (one === undefined || two === undefined) throw new Error('There are two.');
      const texts = Array.from({ length: 12 }, (_, at) => `Text ${at} for {name}`);
      await Promise.all(texts.map((text, at) => (at % 2 === 0 ? one : two).save('greet', text)));
      const versions = await one.versions('greet');
      expect(versions.map(({ version }) => version)).toEqual(Array.from({ length: 12 }, (_, at) => 12 - at));
      expect(versions.map(({ content }) => content).sort()).toEqual([...texts].sort());
      await two.change('greet', { labels: { live: 3 } });
      expect(await one.get('greet', 'live')).toEqual(versions[9]);
      expect(await one.rollBack('greet', 1)).toMatchObject({ version: 13, content: versions[11]?.content });
      const reopened = promptLibrary({ store: await postgresStore(db, { name: 'prompts' }) });
      expect((await reopened.get('greet')).version).toBe(13);
    });
  });
};

const embedded = await postgres({ pglite: 'memory://' });
databases.push(embedded);
if (server === undefined) {
  describeAll('the embedded Postgres', embedded);
  describePrompts('the embedded Postgres', embedded);
} else {
  const { connectionString } = server;
  const schema = `talk_${process.pid}`;
  const db = await postgres({ connectionString, schema });
  databases.push(db);
  describeAll('a Postgres server', db);
  describePrompts('a Postgres server', db);

  const talk = (who: string, count: number): Promise<number | null> =>
    new Promise((resolve) => {
      const args = ['--import', 'tsx', child, connectionString, schema, who, String(count)];
      spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] }).on('close', resolve);
    });

  describe('conversations on a Postgres server', () => {
    it('keep every message that two processes append at the same time, each in its order', async () => {
      const all = conversations({ store: await postgresStore(db, { name: 'talk' }) });
      await all.create({ id: 'shared' });
      expect(await Promise.all([talk('one', 40), talk('two', 40)])).toEqual([0, 0]);
      const texts = textsOf(await allOf(all.entries('shared'))).map(String);
      for (const who of ['one', 'two']) {
        const own = texts.filter((text) => text.startsWith(who));
        expect(own).toEqual(Array.from({ length: 40 }, (_, i) => `${who}-${i}`));
      }
      expect(await all.get('shared')).toMatchObject({ messageCount: 80 });
      expect(await all.statistics()).toMatchObject({ messages: 80 });
    });
  });
}

describe('a log of messages on Postgres', () => {
  it('reads windows and forgets as in memory', async () => {
    const log = messageLog({ store: await postgresStore(embedded, { name: 'log' }) });
    await log.append(
      'a',
      Array.from({ length: 300 }, (_, i) => said(`${i}`)),
    );
    expect(textsOf(await log.tail('a', { limit: 2, beforeSeq: 299 }))).toEqual(['297', '298']);
    expect(await log.trim('a', 298)).toBe(298);
    expect(textsOf(await allOf(log.entries('a')))).toEqual(['298', '299']);
    await log.clear('a');
    expect(await log.count('a')).toBe(0);
    expect((await log.append('a', [said('x')]))[0]?.seq).toBe(300);
  });
});
