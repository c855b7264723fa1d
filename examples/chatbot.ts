// A chatbot with documents and a memory, offline: npx tsx examples/chatbot.ts
import { stream } from 'pipewright';
import { chatbot } from 'pipewright/chat';
import { extractive } from 'pipewright/extractive';
import { bm25 } from 'pipewright/keyword';
import { composeMemory, episodicMemory, factMemory } from 'pipewright/memory';

await using documents = await bm25();
await documents.add([
  { id: 'house', source: 'house.md', text: 'Tea is served at four. Dinner is served at eight.' },
  { id: 'garden', source: 'garden.md', text: 'The roses are watered every evening by the gardener.' },
]);

await using episodes = await bm25();
const facts = factMemory();
const bot = chatbot(extractive(), {
  // openai('gpt-5-mini') writes answers of its own, and cites the same sources
  retriever: documents.retriever({ k: 4 }),
  memory: composeMemory([facts, episodicMemory(episodes)]),
});

const say = async (text: string, conversationId: string): Promise<void> => {
  console.log(`> ${text}`);
  const turn = stream(bot, { text, conversationId, userId: 'ann' });
  for await (const delta of turn.text) process.stdout.write(delta);
  const { citations } = await turn.result;
  for (const { number, verdict, evidence } of citations) console.log(`\n  [${number}] ${evidence?.label} ${verdict}`);
  console.log();
};

await say('My sister Eva lives in Lisbon.', 'monday');
await say('When is tea served?', 'monday');
await say('Where does my sister Eva live?', 'tuesday'); // another conversation: the memory knows
console.log((await facts.list({}, { userId: 'ann' })).map(({ attribute, value }) => `${attribute}: ${value}`));

// Every word is kept; a question worded anew makes a branch.
const { conversationId, text } = await bot({
  text: 'Who waters the roses?',
  conversationId: 'monday',
  userId: 'ann',
  insteadOfSeq: 2,
});
console.log(text, (await bot.conversations.of('ann').tail(conversationId)).length);
