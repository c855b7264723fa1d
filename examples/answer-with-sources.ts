// A pipeline that answers from documents and cites them, without a key: npx tsx examples/answer-with-sources.ts
import { parallel, pipe, toMermaid, user } from 'pipewright';
import { extractive } from 'pipewright/extractive';
import { bm25 } from 'pipewright/keyword';

const index = await bm25();
await index.add([
  { id: 'refunds', text: 'Refunds are paid within 14 days. The buyer pays for the parcel.' },
  { id: 'shipping', text: 'Shipping is free above 50 euros. Parcels leave on the day of the order.' },
]);

const ask = pipe(
  parallel({ question: (question: string) => question, sources: index.retriever({ k: 3 }) }),
  ({ question, sources }) => [...sources.map(({ id, text }) => user([{ type: 'source', id, text }])), user(question)],
  extractive(),
);

for (const question of ['When are refunds paid?', 'Is shipping free?']) {
  const { text, citations } = await ask(question);
  console.log(`${question}\n  ${text} [${citations.map(({ sourceId }) => sourceId).join(', ')}]`);
}
console.log(toMermaid(ask));
