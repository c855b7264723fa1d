/**
 * Finding answers and voting on recorded ones: `npx tsx bench/reasoning.ts`. `PIPEWRIGHT_REASONING` names the folder of
 * `gsm8k-200.jsonl`: 200 questions of GSM8K with four published answers each. The weights of the weighted vote are those of the
 * other half of the questions.
 */
import { fileURLToPath } from 'node:url';
import { extractAnswer } from '../src/reason/index.js';
import { type RecordedQuestion, type RecordedSample, readRecorded } from './lib/reasoning-data.js';
import { isRight, type VoteSettings, voteOn, weightsFrom } from './lib/reasoning-votes.js';

const data = process.env.PIPEWRIGHT_DATA ?? fileURLToPath(new URL('../../shared/data', import.meta.url));
const questions = await readRecorded(process.env.PIPEWRIGHT_REASONING ?? `${data}/reasoning`);

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
const row = (...cells: readonly string[]): void => console.log(`| ${cells.join(' | ')} |`);

const answerOf = (text: string): string | undefined => extractAnswer(text, 'number')?.answer;
const isSampleRight = (question: RecordedQuestion, { text }: RecordedSample): boolean => {
  const answer = answerOf(text);
  return answer !== undefined && isRight(question, answer);
};

const all = questions.flatMap((question) => question.samples.map((sample) => ({ question, sample })));
const agreeing = all.filter(({ question, sample }) => isSampleRight(question, sample) === sample.isCorrect).length;
console.log(`\nThe answer found agrees with the published verdict in ${agreeing} of ${all.length} samples.`);

/** The same without the last line, where the marker stands: what the fallbacks find in the text alone. */
const unmarked = all.flatMap(({ sample }) => {
  const text = sample.text.replace(/\n[^\n]*$/u, '');
  return sample.answer === null || text === sample.text ? [] : [{ text, answer: sample.answer }];
});
const found = unmarked.filter(({ text, answer }) => {
  const [question] = questions;
  const given = answerOf(text);
  return question !== undefined && given !== undefined && isRight({ ...question, answer }, given);
}).length;
console.log(`With the answer line taken away, the same answer is found in ${percent(found, unmarked.length)}.\n`);

row('', 'right', 'samples used');
row('---', '---', '---');
const models = [...new Set(all.map(({ sample }) => sample.model))];
for (const model of models) {
  const own = all.filter(({ sample }) => sample.model === model);
  row(
    `single: ${model}`,
    percent(own.filter(({ question, sample }) => isSampleRight(question, sample)).length, own.length),
    '1',
  );
}
const rightAlone = all.filter(({ question, sample }) => isSampleRight(question, sample)).length;
row('mean single sample', percent(rightAlone, all.length), '1');

interface Outcome {
  readonly isRight: boolean;
  readonly isTied: boolean;
  readonly confidence: number;
  readonly used: number;
}

const outcomes = async (settingsFor: (at: number) => VoteSettings): Promise<readonly Outcome[]> =>
  Promise.all(
    questions.map(async (question, at) => {
      const { answer, isTied, confidence, samples } = await voteOn(question, settingsFor(at));
      const used = samples.filter(({ status }) => status !== 'not-started').length;
      return { isRight: isRight(question, answer), isTied, confidence, used };
    }),
  );

const rightOf = (list: readonly Outcome[]): number => list.filter((each) => each.isRight).length;
const print = (name: string, list: readonly Outcome[]): void =>
  row(
    name,
    percent(rightOf(list), list.length),
    (list.reduce((sum, { used }) => sum + used, 0) / list.length).toFixed(2),
  );

const majority = await outcomes(() => ({}));
print('majority of four', majority);
print('majority of four, stops once decided', await outcomes(() => ({ shouldStopEarly: true })));
const halves = [0, 1].map((half) => weightsFrom(questions.filter((_, at) => at % 2 !== half)));
print('weighted by how often the model is right', await outcomes((at) => ({ weights: halves[at % 2] ?? {} })));

const decided = majority.filter(({ isTied }) => !isTied);
const tied = majority.filter(({ isTied }) => isTied);
console.log(
  `\nTies: ${tied.length} of ${majority.length}; the first of equals is right in ${percent(rightOf(tied), tied.length)}.`,
);
console.log(`Without ties: ${percent(rightOf(decided), decided.length)} of ${decided.length}.\n`);

row('share of the votes', 'questions', 'right');
row('---', '---', '---');
for (const share of [...new Set(majority.map(({ confidence }) => confidence))].sort((a, b) => b - a)) {
  const some = majority.filter(({ confidence }) => confidence === share);
  row(share.toFixed(2), String(some.length), percent(rightOf(some), some.length));
}
