// Four ways to have a model think, which stand in for one another, without a key: npx tsx examples/reasoning.ts
import { createRun, explain, seededRandom, type Step } from 'pipewright';
import {
  chainOfThought,
  type Problem,
  type Reasoned,
  selfConsistency,
  type ThoughtPath,
  treeOfThoughts,
  verifiedChainOfThought,
} from 'pipewright/reason';
import { scripted } from 'pipewright/testing';

const question = 'A box holds 6 eggs. How many eggs are in 7 boxes when 2 eggs are broken in each?';

// A model that is right two times in three, and never says it the same way. Put your own in its place.
const model = scripted(
  [
    'Each box has 6 - 2 = 4 whole eggs.\n7 × 4 = 28.\n\n**Answer:** 28 eggs',
    'There are 7 × 6 = 42 eggs.\nTwo are broken: 42 - 2 = 40.\nAnswer: 40',
    'All eggs: 42. Broken: 14.\nThe final answer is $\\boxed{28}$.',
  ],
  { shouldRepeat: true },
);

const ways: Readonly<Record<string, Step<Problem, Reasoned>>> = {
  'chain of thought': chainOfThought(model, { kind: 'number' }),
  'verified chain of thought': verifiedChainOfThought(model, { kind: 'number' }),
  'self-consistency': selfConsistency(chainOfThought(model, { kind: 'number' }), { samples: 3 }),
};
for (const [name, solve] of Object.entries(ways)) {
  const { answer, foundBy, confidence, trace } = await solve(question);
  console.log(`${name}, at most ${explain(solve).maxModelCalls} calls: ${answer} (found by ${foundBy})`);
  if (confidence !== undefined) console.log(`  confidence ${confidence.toFixed(2)}`);
  console.log(`  ${trace.map(({ action }) => action).join(', ')}`);
}

// A tree whose steps are plain functions: the game of 24, with each number used once.
const leftAfter = ({ question: numbers, thoughts }: ThoughtPath): readonly number[] =>
  (thoughts.at(-1)?.split('left ')[1] ?? numbers).split(' ').map(Number);

const propose = (path: ThoughtPath) => {
  const left = leftAfter(path);
  return left.flatMap((a, i) =>
    left.flatMap((b, j) => {
      if (i === j) return [];
      const others = left.filter((_, at) => at !== i && at !== j);
      const results = { '+': a + b, '-': a - b, '*': a * b, '/': a / b };
      return Object.entries(results)
        .filter(([, value]) => Number.isInteger(value) && value >= 0)
        .map(([sign, value]) => {
          const text = `${a} ${sign} ${b} = ${value}, left ${[...others, value].join(' ')}`;
          return others.length === 0 ? { text, answer: String(value) } : { text };
        });
    }),
  );
};
const value = (path: ThoughtPath): number => (path.answer === undefined ? 0.5 : path.answer === '24' ? 1 : 0);

const game = treeOfThoughts(
  { propose, value },
  { strategy: 'depth-first', branches: 60, maxDepth: 3, maxThoughts: 5_000 },
);
const found = await game('4 9 10 13', createRun({ random: seededRandom(1) }));
console.log(`4 9 10 13 make ${found.answer}:`);
for (const { text } of found.path) console.log(`  ${text}`);
