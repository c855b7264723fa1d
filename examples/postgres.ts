// Documents, keywords and state in Postgres, found by vectors and by words together. Runs on the embedded Postgres; with
// PIPEWRIGHT_POSTGRES=postgres://user:password@host/database on a server with pgvector.
import { localEmbedder } from 'pipewright/model';
import { postgres, postgresKeywords, postgresStore, postgresVectors } from 'pipewright/postgres';
import { hybrid } from 'pipewright/retrieve';

const connectionString = process.env.PIPEWRIGHT_POSTGRES;
await using db = await postgres(connectionString === undefined ? { pglite: 'memory://' } : { connectionString });
await using vectors = await postgresVectors(db, { name: 'handbook', embedder: localEmbedder() });
await using keywords = await postgresKeywords(db, { name: 'handbook' });
await using state = await postgresStore(db);

const documents = [
  { id: 'refunds', text: 'Refunds are paid within five days.', metadata: { topic: 'money', year: 2025 } },
  { id: 'shipping', text: 'Parcels arrive within three days.', metadata: { topic: 'delivery', year: 2024 } },
  {
    id: 'returns',
    text: 'Send goods back within thirty days to get your money.',
    metadata: { topic: 'money', year: 2023 },
  },
];
await vectors.upsert(documents);
await keywords.upsert(documents);

const search = hybrid([vectors.retriever({ k: 5 }), keywords.retriever({ k: 5 })]);
for (const { id, text } of await search({ text: 'How do I get my money back?', filter: { year: { $gte: 2023 } } })) {
  console.log(`${id}: ${text}`);
}
const [hit] = await keywords.search('refnds', { maxEdits: 1, isHighlighted: true });
console.log(hit?.highlights?.map(({ start, end }) => hit.text.slice(start, end)));

const seen = await state.get('visits');
const visits = Number(seen === undefined ? 0 : Buffer.from(seen).toString()) + 1;
console.log(await state.compareAndSet('visits', seen, Buffer.from(String(visits))), (await vectors.stats()).count);
