// Filling a window: blocks by worth, layers with rules, a long text made shorter. npx tsx examples/context.ts
import { assistant, type Message, partsOf, user } from 'pipewright';
import { extractiveCompressor, layeredContext, pack, standardLayers } from 'pipewright/context';

const notes = [
  { id: 'refunds', text: 'Refunds are paid within ten days. Damaged goods are refunded at once.', relevance: 0.9 },
  { id: 'tea', text: 'Tea is served at four in the garden behind the shop.', relevance: 0.2 },
  { id: 'returns', text: 'Returns are free for thirty days. Keep the number of the order.', relevance: 0.7 },
];
const packed = await pack(notes, { maxTokens: 32, order: 'rank' });
console.log(`packed ${packed.blocks.map(({ id }) => id).join(', ')}: ${packed.tokens} tokens`);
for (const { block, reason } of packed.leftOut) console.log(`left out ${block.id}: ${reason}`);

const compressor = extractiveCompressor();
const manual = `${notes.map(({ text }) => text).join(' ')} The shop was founded in 1987.`;
const { text, ranges = [] } = await compressor({ text: manual, query: 'When are refunds paid?', maxTokens: 12 });
console.log(`short  "${text}" from ${ranges.map(({ start, end }) => `${start}-${end}`).join(', ')}`);

const history = Array.from({ length: 12 }, (_, at): readonly Message[] => [
  user(`What about order ${at}?`),
  assistant(`Order ${at} was sent on Monday.`),
]).flat();
const context = layeredContext({
  maxTokens: 300,
  reserveTokens: 60,
  layers: { ...standardLayers, knowledge: { ...standardLayers.knowledge, fit: compressor } },
});
const made = await context({
  system: 'You answer customers of a shop. Answer from the sources only.',
  history,
  profile: 'Customer since 2019, writes in short sentences.',
  knowledge: notes,
  query: 'When do I get my money?',
});
console.log(`window ${made.tokens} of 240 tokens in ${made.messages.length} messages`);
for (const { name, tokens, outcome, leftOutMessages = [] } of made.layers) {
  console.log(
    `  ${name.padEnd(9)} ${outcome.padEnd(8)} ${String(tokens).padStart(3)} tokens, ${leftOutMessages.length} messages left out`,
  );
}
const last = made.messages.at(-1);
console.log(`asked  ${(last === undefined ? [] : partsOf(last)).map(({ type }) => type).join(', ')}`);
