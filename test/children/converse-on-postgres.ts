import { conversations } from 'pipewright/conversation';
import { postgres, postgresStore } from 'pipewright/postgres';

/** Appends so many messages to the conversation `shared`, each naming this process. */
const [, , connectionString = '', schema = '', who = '', count = '0'] = process.argv;
const db = await postgres({ connectionString, schema });
const all = conversations({ store: await postgresStore(db, { name: 'talk' }) });
for (let i = 0; i < Number(count); i++) await all.append('shared', [{ role: 'user', content: `${who}-${i}` }]);
await db.close();
