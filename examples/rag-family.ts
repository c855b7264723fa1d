// Ways to answer from documents that stand in for one another, without a key: npx tsx examples/rag-family.ts
import { createRun, explain, seededRandom } from 'pipewright';
import { extractive } from 'pipewright/extractive';
import { bm25 } from 'pipewright/keyword';
import { adaptive, answer, conversational, corrective, modelCritic, multiHopAnswer, reflective } from 'pipewright/rag';
import { planQuery } from 'pipewright/retrieve';
import { scripted } from 'pipewright/testing';

await using handbook = await bm25();
await handbook.add([
  { id: 'refunds', text: 'Refunds are paid within 14 days of the return. The buyer pays for the parcel.' },
  { id: 'warranty', text: 'The pump has a warranty. The warranty of the pump lasts three years.' },
  { id: 'acme', text: 'The pump is made by Acme. Acme was founded by Ada Berg.' },
]);
await using archive = await bm25();
await archive.add([
  { id: 'berg', text: 'Ada Berg was born in Oslo in 1950.' },
  { id: 'lift', text: 'The lift of the old factory was built in 1931.' },
]);
const find = handbook.retriever();

// Without a model: quotes, graders and critics that compare words.
const members = {
  answer: answer(find, extractive()),
  corrective: corrective(find, extractive(), { fallback: archive.retriever() }),
  reflective: reflective(answer(find, extractive())),
  'multi-hop': multiHopAnswer(answer(find, extractive())),
};
for (const question of [
  'When was the lift of the factory built?',
  'Who founded Acme and how long does the warranty last?',
]) {
  console.log(question);
  for (const [name, ask] of Object.entries(members)) {
    const { text, trace } = await ask(question);
    console.log(`  ${name}: ${text.replaceAll('\n', ' / ')} (${trace.map(({ action }) => action).join(', ')})`);
  }
}

// One of them for each kind of question, learnt from scores and feedback, in a conversation.
const adapting = adaptive(members);
const ask = conversational(adapting);
const run = createRun({
  random: seededRandom(7),
  on: (event) => {
    if (event.type === 'choice-made') console.log(`  -> ${event.reason}`);
  },
});
const conversationId = 'visitor-7';
for (const question of ['Does the pump have a warranty?', 'How long does it last?']) {
  const answered = await ask({ question, conversationId }, run);
  console.log(`${question}\n  ${answered.text}`);
  await adapting.feedback(answered, answered.isAnswered ? 1 : 0);
}
for (const { strategy, kind = 'all', answers, meanScore } of await adapting.insight()) {
  if (answers > 0) console.log(`  ${strategy}, ${kind}: ${answers} answers, mean score ${meanScore?.toFixed(2)}`);
}

// With models, here with scripts in their place: a plan whose parts wait for each other, and a critic.
const planner = scripted([
  '{"analysis":"The founder comes first.","parts":[{"id":"founder","question":"Who founded Acme?","needs":[]},{"id":"birth","question":"Where was {founder} born?","needs":["founder"]}]}',
]);
const writer = scripted([
  'Ada Berg [1].',
  'Ada Berg was born in Oslo [1].',
  'The founder, Ada Berg, was born in Oslo [2].',
]);
const judge = scripted(['{"score":0.9,"problems":[],"betterQuery":""}']);
const both = async (query: Parameters<typeof find>[0]) => [
  ...(await find(query)),
  ...(await archive.retriever()(query)),
];
const careful = reflective(multiHopAnswer(answer(both, writer), { plan: planQuery(planner), model: writer }), {
  critic: modelCritic(judge),
});
const { text, trace } = await careful('Where was the founder of Acme born?');
console.log(`${text}\n  ${trace.map(({ action }) => action).join(', ')}`);
console.log(`At most ${explain(careful).maxModelCalls} model calls.`);
