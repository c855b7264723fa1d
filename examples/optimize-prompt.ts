// Searching for a better prompt, with models that are played: npx tsx examples/optimize-prompt.ts
import { createRun, seededRandom, textOf } from 'pipewright';
import { describeOptimization, exactMatch, optimizePrompt, promptLibrary } from 'pipewright/prompt-library';
import { memoryStore } from 'pipewright/store';
import { scripted } from 'pipewright/testing';

// A model that writes the unit, unless it is told not to.
const model = scripted(
  [
    ({ messages }) => {
      const text = messages.map(textOf).join('\n');
      const [, a, b] = /(\d+) plus (\d+)/.exec(text.slice(text.lastIndexOf('Question'))) ?? [];
      const sum = Number(a) + Number(b);
      return text.includes('number alone') || sum % 5 === 0 ? String(sum) : `${sum} apples`;
    },
  ],
  { shouldRepeat: true },
);

// A model that rewrites prompts. It is shown what failed, and what earlier prompts scored.
const variants = [
  { critique: 'It does not ask for brevity.', prompt: 'Be brief.\nQuestion: {question}' },
  {
    critique: 'Outputs carry a unit; only the number is expected.',
    prompt: 'Answer with the number alone.\nQuestion: {question}',
  },
  { critique: 'Too formal.', prompt: 'Please answer!' },
];
const proposer = scripted([JSON.stringify({ variants })], { shouldRepeat: true });

const cases = Array.from({ length: 60 }, (_, n) => ({
  input: { question: `How many apples are ${n} plus ${(n * 7) % 13}?` },
  expected: String(n + ((n * 7) % 13)),
}));

const report = await optimizePrompt(
  'Question: {question}',
  {
    model,
    proposer,
    cases,
    scorer: exactMatch(),
    search: { rounds: 2, examples: 2 },
    budget: { maxCalls: 400 },
  },
  createRun({ random: seededRandom(1) }),
);
console.log(describeOptimization(report));

// What was accepted becomes a version, with what is known of it.
const library = promptLibrary({ store: memoryStore() });
await library.save('count', report.original);
const { version } = await library.save('count', report.prompt, { note: report.reason });
console.log(`count is at version ${version}`);
