// Memory of conversations and of people, without a key: npx tsx examples/memory.ts
import { assistant, textOf, user } from 'pipewright';
import { extractive } from 'pipewright/extractive';
import { bm25 } from 'pipewright/keyword';
import {
  composeMemory,
  episodicMemory,
  factMemory,
  summaryBufferMemory,
  windowMemory,
  workingMemory,
} from 'pipewright/memory';
import { memoryStore } from 'pipewright/store';

// A conversation that grows: the newest messages as they are, a summary of the older ones.
const talk = summaryBufferMemory({ keepTokens: 60, batchTokens: 80, summaryTokens: 60 });
for (let day = 1; day <= 8; day++) {
  await talk.add([user(`Day ${day}: my ship reached port number ${day}.`), assistant(`Noted, port ${day}.`)]);
}
const { turns, notes, tokens } = await talk.recall({});
console.log(`${turns.length} messages and ${notes.length} summary in ${tokens} tokens:\n${notes[0]?.text}\n`);

// Facts of a user: the newer takes the place of the older, which stays readable.
const store = memoryStore();
const facts = factMemory({ store });
const ann = { userId: 'ann', conversationId: 'first' };
await facts.add([user('My name is Ann. I live in Rome. I love opera.')], ann);
await facts.add([user('I just moved to Oslo.')], ann);
for (const { attribute, value, untilMs } of await facts.list({ hasHistory: true }, ann)) {
  console.log(`${attribute}: ${value}${untilMs === undefined ? '' : ' (no longer)'}`);
}

// All that is known, as one memory with a room for its words; another conversation of the same user.
await using index = await bm25();
const pad = workingMemory({ store });
const memory = composeMemory([windowMemory({ maxTurns: 4 }), facts, episodicMemory(index), pad], {
  maxTokens: 600,
  shares: [3, 1, 3, 1],
});
await memory.add([user('The keys of the boat are in the blue box. The box is under the stairs.')], ann);
await memory.add([user('We sail on Friday at seven.'), assistant('I will remember.')], ann);
const now = { userId: 'ann', conversationId: 'second' };
await pad.set('order', '4711', { ttlMs: 3_600_000 }, now);

const question = 'Where are the keys of the boat?';
const recalled = await memory.recall({ text: question, ...now });
console.log(`\n${recalled.tokens} tokens: ${recalled.notes.map(({ kind }) => kind).join(', ')}`);
const { text } = await extractive()([...recalled.messages, user(question)]);
console.log(`${question} ${text}`);

// What is said by one is told to nobody else, and what is forgotten to nobody.
console.log(JSON.stringify((await memory.recall({ text: question, userId: 'bob' })).messages));
await memory.clear({ userId: 'ann' });
console.log((await memory.recall({ text: question, userId: 'ann' })).messages.map(textOf).length);
