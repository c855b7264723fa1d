/**
 * What helps a small model: few tools, small steps, several items in one call, a cache. Run: npx tsx examples/small-models.ts
 * Without a key the answers are recorded ones; with PIPEWRIGHT_OLLAMA_MODEL, such as `qwen3:1.7b`, a local model answers.
 */
import { cache, createRun, explain } from 'pipewright';
import { ollama } from 'pipewright/ollama';
import { classify, classifyGrouped, fewTools, pickTools, skillChain, skills } from 'pipewright/task';
import { scripted } from 'pipewright/testing';

const local = process.env.PIPEWRIGHT_OLLAMA_MODEL;
const orRecorded = (answers: readonly string[]) =>
  local === undefined ? scripted(answers, { features: { logProbs: false, reasoning: false } }) : ollama(local);

// Small prompts one after the other, cut to fit a window of 1,000 tokens.
const solver = orRecorded([
  'Given: 48 clips in April, half as many in May.\nAsked: clips in both months.',
  '1. Clips in May.\n2. Sum of both.',
  '1. 48 / 2 = 24\n2. 48 + 24 = 72',
  'She sold 72 clips.',
]);
const solve = skillChain(solver, skills.problemSolving, { windowTokens: 1_000 });
console.log(explain(solve).text.split('\n')[0]);
const { steps } = await solve('Natalia sold 48 clips in April and half as many in May. How many in all?');
for (const { name, text } of steps) console.log(`${name.padEnd(10)} ${text.replaceAll('\n', ' / ')}`);

// Forty tools, of which it sees three.
const subjects = ['invoice', 'customer', 'parcel', 'meeting', 'song', 'photo', 'recipe', 'flight', 'hotel', 'alarm'];
const tools = subjects.flatMap((subject) =>
  ['create', 'find', 'change', 'delete'].map((verb) => ({
    name: `${verb}_${subject}`,
    description: `${verb} a ${subject}`,
    inputSchema: { type: 'object', properties: { id: { type: 'string' } } },
  })),
);
const few = await pickTools(tools, 'Please find the parcel of last week', 3);
console.log(`of ${tools.length} tools: ${few.map(({ name }) => name).join(', ')}`);
console.log(`a chat model all the same: ${fewTools(orRecorded([]), { maxTools: 3 }).id}`);

// Several items in one call; the second answer names no item, so that one is asked for alone.
const entry = (id: string, begins: string, label: string) => ({ id, begins, answer: { label, confidence: 0.9 } });
const sorter = orRecorded([
  JSON.stringify({ items: [entry('item-1', 'Buy now', 'spam'), entry('item-3', 'See you at', 'ham')] }),
  '{"label": "ham", "confidence": 0.8}',
]);
const run = createRun();
const sorted = await classifyGrouped(sorter, ['spam', 'ham'])(
  ['Buy now!', 'Lunch tomorrow?', 'See you at eight.'],
  run,
);
const labels = sorted.map((each) => (each.isDone ? each.value.label : 'failed'));
console.log(`${labels.join(', ')} in ${run.meter.spent.calls} calls`);

// What came before costs nothing.
const remembered = cache(classify(orRecorded(['{"label": "spam", "confidence": 0.9}']), ['spam', 'ham']));
await remembered('Win a prize');
console.log(`again: ${(await remembered('Win a prize')).label}`);
