// Conversations on disk: append, list, search, branch, statistics, export. npx tsx examples/conversations.ts
import { conversationMarkdown, conversations } from 'pipewright/conversation';
import { diskStore } from 'pipewright/store';

await using store = await diskStore('./data/talk'); // postgresStore(…) keeps them where many machines share them
await using all = conversations({ store, maxIdleMs: 365 * 86_400_000 });

const ann = all.of('ann'); // sees nothing of other users
const trip = await ann.create({ title: 'A trip to Lisbon', tags: ['travel'] });
await ann.append(trip.id, [
  { role: 'user', content: 'Where do I find good custard tarts?' },
  { role: 'assistant', content: 'In Belém, and at the market of Campo de Ourique.', tokens: 12, costUsd: 0.0001 },
  { role: 'user', content: 'How do I get to Belém?' },
  { role: 'assistant', content: 'By tram 15.', tokens: 5, costUsd: 0.0001 },
]);

// The last question, worded anew: a branch shares what was said before, and copies nothing.
const branch = await ann.branch({ id: trip.id, seq: 1 });
await ann.append(branch.id, [{ role: 'user', content: 'How do I get to Belém by boat?' }]);

for (const { title, tags, messageCount, parent } of (await ann.list({ tags: ['travel'] })).conversations) {
  console.log(`${title} (${tags}): ${messageCount} messages${parent === undefined ? '' : ', a branch'}`);
}
for (const { seq, message, score } of await ann.search('custard tart', { k: 1 })) {
  console.log(`found message ${seq} (${score.toFixed(2)}): ${message.content}`);
}
console.log(await all.of('eve').search('custard tart')); // []

const { messages, costUsd, days } = await ann.statistics();
console.log(`${messages} messages on ${days.length} day, ${costUsd.toFixed(4)} USD`);

console.log(
  conversationMarkdown(await ann.export(branch.id))
    .split('\n')
    .slice(0, 6)
    .join('\n'),
);
await ann.delete(trip.id); // what the branch shares stays readable there
console.log((await ann.tail(branch.id)).length);
