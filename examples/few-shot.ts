// A classifier that learns from corrections, without training: npx tsx examples/few-shot.ts
import { type Message, parallel, pipe, system, textOf, user } from 'pipewright';
import { bm25 } from 'pipewright/keyword';
import { chatPrompt, examples, exampleStore, exampleTurns } from 'pipewright/prompt';

await using index = await bm25(); // bm25({ path: './data/examples' }) keeps them on disk
const store = exampleStore(index);
await store.add([
  { input: 'Where is my parcel?', output: 'shipping' },
  { input: 'The parcel came broken', output: 'shipping' },
  { input: 'I was charged twice for one order', output: 'billing' },
  { input: 'I forgot my password', output: 'account' },
]);

// Stands for a model: it answers as the example next to the question does.
const imitator = async (messages: readonly Message[]): Promise<string> => {
  const answer = messages.findLast(({ role }) => role === 'assistant');
  return answer === undefined ? 'unknown' : textOf(answer);
};

const form = { input: 'Message: {input}' };
const classify = pipe(
  parallel({
    shots: store.selector({ maxExamples: 2, maxTokens: 100, render: (shots) => exampleTurns(shots, form) }),
    text: (text: string) => text,
  }),
  chatPrompt([system('Name the team, in one word.'), examples('shots', form), user('Message: {text}')]),
  imitator,
);

console.log(await classify('My parcel is late')); // shipping
console.log(await classify('Cancel my subscription')); // shipping: nothing is like it yet

// Somebody corrects it, and the next one like it is right.
await store.add([{ input: 'Please cancel the subscription that I have', output: 'contracts' }]);
console.log(await classify('Cancel my subscription')); // contracts
