import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { extractAnswer } from 'pipewright/reason';
import { describe, expect, it } from 'vitest';
import { type RecordedQuestion, readRecorded } from '../bench/lib/reasoning-data.js';
import { isRight, voteOn, weightsFrom } from '../bench/lib/reasoning-votes.js';

const data = process.env.PIPEWRIGHT_DATA ?? fileURLToPath(new URL('../../shared/data', import.meta.url));
const folder = `${data}/reasoning`;
const isThere = existsSync(`${folder}/gsm8k-200.jsonl`);
if (!isThere) console.warn(`Left out: answers of real models, because ${folder} is absent.`);

const verdictOf = (question: RecordedQuestion, text: string, kind?: 'number'): boolean => {
  const found = extractAnswer(text, kind);
  return found !== undefined && isRight(question, found.answer);
};

describe.runIf(isThere)('answers of real models to 200 questions', () => {
  it.each(['number', undefined] as const)('agree with every published verdict when read as %s', async (kind) => {
    const questions = await readRecorded(folder);
    const samples = questions.flatMap((question) => question.samples.map((sample) => ({ question, ...sample })));
    expect(samples).toHaveLength(800);
    const wrong = samples.filter(({ question, text, isCorrect }) => verdictOf(question, text, kind) !== isCorrect);
    expect(wrong.map(({ question, model }) => `${question.id} ${model}`)).toEqual([]);
  });

  it('are found behind the marker of the solutions too', async () => {
    const questions = await readRecorded(folder);
    for (const question of questions) {
      expect(extractAnswer(question.solution)?.foundBy).toBe('hashes');
      expect(verdictOf(question, question.solution)).toBe(true);
    }
  });

  it('are found in nine of ten texts that lost their answer line', async () => {
    const questions = await readRecorded(folder);
    const texts = questions.flatMap((question) =>
      question.samples.filter(({ isCorrect }) => isCorrect).map(({ text }) => ({ question, text })),
    );
    const found = texts.filter(({ question, text }) => verdictOf(question, text.replace(/\n[^\n]*$/u, ''), 'number'));
    expect(found.length / texts.length).toBeGreaterThan(0.9);
  });

  it('are right more often after a vote than alone, and more so with weights of other questions', async () => {
    const questions = await readRecorded(folder);
    const alone = questions.flatMap(({ samples }) => samples).filter(({ isCorrect }) => isCorrect).length / 800;
    const halves = [0, 1].map((half) => weightsFrom(questions.filter((_, at) => at % 2 !== half)));
    let majority = 0;
    let early = 0;
    let weighted = 0;
    for (const [at, question] of questions.entries()) {
      if (isRight(question, (await voteOn(question)).answer)) majority++;
      if (isRight(question, (await voteOn(question, { shouldStopEarly: true })).answer)) early++;
      if (isRight(question, (await voteOn(question, { weights: halves[at % 2] ?? {} })).answer)) weighted++;
    }
    expect(alone).toBe(0.3775);
    expect(majority / 200).toBe(0.435);
    expect(early).toBe(majority);
    expect(weighted).toBeGreaterThan(majority);
  });
});
