// Better searches, one step at a time: fuse, rerank, compress, and take questions apart. Runs offline, with a scripted model.
import { explain } from 'pipewright';
import { bm25 } from 'pipewright/keyword';
import { localEmbedder } from 'pipewright/model';
import {
  compress,
  hybrid,
  lexicalReranker,
  multiHop,
  patternReader,
  rerank,
  selfQuery,
  sentenceCompressor,
} from 'pipewright/retrieve';
import { scripted } from 'pipewright/testing';
import { hnsw } from 'pipewright/vector';

const documents = [
  {
    id: 'acme',
    text: 'Acme makes pipes. It was founded by Ada Stone in a barn. It has 40 people.',
    metadata: { year: 2019 },
  },
  { id: 'stone', text: 'Ada Stone was born in 1950 in Ghent. She plays the organ.', metadata: { year: 2021 } },
  { id: 'report', text: 'The report of the year: more pipes were sold than ever.', metadata: { year: 2023 } },
];
await using keywords = await bm25();
await using vectors = await hnsw({ embedder: localEmbedder() });
await keywords.add(documents);
await vectors.add(documents);

// 1. Keywords and vectors together, put in order by nearness of words, narrowed by a year in the question.
const both = hybrid([keywords.retriever(), vectors.retriever()], { fusion: 'relative-score', weights: [1, 0.3] });
const ranked = rerank(both, lexicalReranker(), { searchWeight: 0.5 });
const search = selfQuery(ranked, patternReader({ year: { type: 'number' } }));
console.log(
  'since 2020:',
  (await search('pipes sold since 2020')).map(({ id }) => id),
);

// 2. Only the sentences that matter, each with its exact place in the document.
const short = compress(ranked, sentenceCompressor({ context: 0 }));
for (const { id, text } of await short({ text: 'Who founded Acme?', k: 1 })) console.log(id, '→', text);

// 3. A question that no single passage answers. A real model would write the plan and read the passages.
const model = scripted([
  JSON.stringify({
    analysis: 'Two hops: the founder, then the birth.',
    parts: [
      { id: 'a', question: 'Who founded Acme?', needs: [] },
      { id: 'b', question: 'When was {a} born?', needs: ['a'] },
    ],
  }),
  JSON.stringify({ answer: 'Ada Stone' }),
]);
const hops = multiHop(ranked, model);
console.log(
  'two hops:',
  (await hops({ text: 'When was the founder of Acme born?', k: 2 })).map(({ id }) => id),
);

// 4. What it costs, told before it is run.
console.log(explain(hops).text.split('\n').slice(-3).join('\n'));
