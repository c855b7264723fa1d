// Builds a knowledge graph of a few documents without a model, and asks it: what is near an entity, how two are connected, and
// questions with answers that cite the documents. Optional packages: graphology, graphology-communities-louvain.
import { extractive } from 'pipewright/extractive';
import { knowledgeGraph, neighbourhoodMermaid } from 'pipewright/graph';
import { bm25 } from 'pipewright/keyword';
import { graphAnswer } from 'pipewright/rag';

const documents = [
  {
    id: 'curie',
    title: 'Marie Curie',
    text: 'In 1891 Marie Curie moved from Warsaw to Paris. In 1903 Marie Curie shared the Nobel Prize with Pierre Curie.',
  },
  {
    id: 'institute',
    title: 'The institute',
    text: 'The Radium Institute in Paris was founded by Marie Curie. It worked with the Pasteur Institute.',
  },
  {
    id: 'pasteur',
    title: 'Pasteur',
    text: 'Louis Pasteur founded the Pasteur Institute in 1887. He was born in Dole.',
  },
  {
    id: 'prize',
    title: 'The prize',
    text: 'The Nobel Prize was established by Alfred Nobel. It is awarded in Stockholm.',
  },
];

await using graph = await knowledgeGraph();
await using keywords = await bm25();
await Promise.all([graph.add(documents), keywords.add(documents)]);

console.log(neighbourhoodMermaid(await graph.neighbours('Marie Curie', { limit: 4 })));

const [path] = await graph.paths('Warsaw', 'Louis Pasteur');
console.log(path?.entities.map(({ name }) => name).join(' – ') ?? 'No path.');

const ask = graphAnswer(graph, keywords.retriever(), extractive());
for (const question of ['Who founded the Radium Institute in Paris?', 'What are the main topics around Paris?']) {
  const { text, trace, citations } = await ask(question);
  console.log(
    `${question}\n  ${text}\n  ${trace[0]?.detail} [${citations.map(({ evidence }) => evidence?.label).join(', ')}]`,
  );
}
