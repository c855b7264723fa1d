// Search as you type, with misspelt words and marked matches: npx tsx examples/keyword-search.ts
import type { Hit } from 'pipewright';
import { bm25 } from 'pipewright/keyword';

await using index = await bm25(); // bm25({ path: './data/keywords' }) keeps it on disk
await index.add([
  {
    id: 'refunds',
    title: 'Refunds',
    text: 'Refunds are paid within 14 days of the return.',
    metadata: { topic: 'money' },
  },
  { id: 'shipping', title: 'Shipping', text: 'Shipping is free above 50 euros.', metadata: { topic: 'parcels' } },
  { id: 'returns', title: 'Returns', text: 'Returned parcels are checked by hand.', metadata: { topic: 'parcels' } },
]);

const marked = ({ text, highlights = [] }: Hit): string =>
  highlights.reduceRight(
    (done, { start, end }) => `${done.slice(0, start)}[${done.slice(start, end)}]${done.slice(end)}`,
    text,
  );

for (const typed of ['ret', 'refnds', 'free shiping']) {
  const hits = await index.search(typed, { isPrefix: true, maxEdits: 1, isHighlighted: true });
  console.log(`${typed}:`);
  for (const hit of hits) console.log(`  ${hit.id.padEnd(8)} ${hit.score.toFixed(2)}  ${marked(hit)}`);
}

const inParcels = await index.search('returned', { filter: { topic: 'parcels' } });
console.log(inParcels.map(({ id }) => id));
