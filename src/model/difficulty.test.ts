import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { difficulty, type DifficultyExample } from './index.js';
import { areaUnderCurve, fitLogistic, logitOf, sigmoid } from './logistic.js';

interface Question {
  readonly question: string;
  readonly samples: readonly { readonly isCorrect: boolean }[];
}

/** Questions with the share of recorded solutions of real models that were wrong. */
const questions = (): readonly DifficultyExample[] =>
  readFileSync(join(process.env.PIPEWRIGHT_DATA ?? '../shared/data', 'reasoning/gsm8k-200.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Question)
    .map(({ question, samples }) => ({
      text: question,
      difficulty: samples.filter(({ isCorrect }) => !isCorrect).length / samples.length,
    }));

const areaOn = (examples: readonly DifficultyExample[], score: (text: string) => number): number | undefined =>
  areaUnderCurve(
    examples
      .filter((example) => example.difficulty !== 0.5)
      .map((example) => ({ score: score(example.text), isHard: example.difficulty > 0.5 })),
  );

/** What a small model finds hard here: questions about numbers. */
const example = (at: number): DifficultyExample =>
  at % 2 === 0
    ? { text: `Who wrote the book with the title ${'word '.repeat(at % 7)}?`, difficulty: 1 }
    : { text: `Prove that ${at} + ${at} = ${2 * at}, and explain each step, then compare.`, difficulty: 0 };

describe('difficulty', () => {
  it('tells hard questions from easy ones on recorded solutions of real models, trained and as it comes', () => {
    const all = questions();
    const asItComes = areaOn(all, (text) => difficulty().score(text).difficulty) ?? 0;
    const trained = difficulty();
    const { areaUnderCurve: heldOut = 0, examples } = trained.train(all);
    const onAll = areaOn(all, (text) => trained.score(text).difficulty) ?? 0;
    console.info(
      `area under the curve on ${examples} questions: built in ${asItComes.toFixed(3)}, trained and held out ${heldOut.toFixed(3)}, on its own examples ${onAll.toFixed(3)}`,
    );
    expect(asItComes).toBeGreaterThan(0.66);
    expect(heldOut).toBeGreaterThan(0.69);
    expect(onAll).toBeGreaterThan(heldOut);
  });

  it('is calibrated on those it was trained on', () => {
    const all = questions();
    const trained = difficulty({ learnEvery: 1_000 });
    trained.train(all);
    for (const one of all) trained.learn(one);
    const { outcomes, meanDifficulty, meanOutcome, expectedError } = trained.calibration();
    expect(outcomes).toBe(200);
    expect(meanDifficulty).toBeCloseTo(meanOutcome, 1);
    expect(expectedError).toBeLessThan(0.06);
  });

  it.each([
    ['Who wrote Faust?', 'Explain why Faust makes a pact, and compare Goethe’s play with Marlowe’s.'],
    ['What is the capital of France?', 'Design a distributed rate limiter and explain its trade-offs.'],
    ['Hello!', 'Write a function that merges two sorted lists in O(n): `function merge(a, b) { … }`'],
    [
      'Wer hat den Faust geschrieben?',
      'Warum schließt Faust den Pakt? Vergleiche Goethe und Marlowe, danach begründe es.',
    ],
    ['Where is Rome?', 'Solve x^2 + 3x = 10 and show that both roots are right.'],
    ['法国的首都是哪里？', '为什么天空是蓝色的？解释一下，然后比较火星。'],
  ])('finds the first easier than the second: %s', (easy, hard) => {
    const { score } = difficulty();
    expect(score(easy).difficulty).toBeLessThan(0.5);
    expect(score(hard).difficulty).toBeGreaterThan(score(easy).difficulty + 0.2);
  });

  it('says by what it was seen, the strongest first', () => {
    const { signals } = difficulty().score('Is 2 + 2 = 2^2?');
    expect(signals[0]).toMatchObject({ name: 'mathematics', effect: expect.any(Number) });
    const effects = signals.map(({ effect }) => Math.abs(effect));
    expect(effects).toEqual([...effects].sort((a, b) => b - a));
  });

  it('gives a chance for any text, and a long one costs no more than its ends', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const { difficulty: chance } = difficulty().score(text);
        expect(chance).toBeGreaterThan(0);
        expect(chance).toBeLessThan(1);
      }),
    );
    const began = performance.now();
    for (const piece of ['\n', '{ ', 'if ', '1', '. ', '- ']) difficulty().score(piece.repeat(1_000_000));
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it('learns from outcomes against what is built in, and says beforehand how well its scores fit', () => {
    const learner = difficulty();
    const before = [0, 1].map((at) => learner.score(example(at).text).difficulty);
    expect(before[0]).toBeLessThan(before[1] ?? 0);
    for (let at = 0; at < 200; at++) learner.learn(example(at));
    const after = [0, 1].map((at) => learner.score(example(at).text).difficulty);
    expect(after[0]).toBeGreaterThan(0.8);
    expect(after[1]).toBeLessThan(0.2);
    const early = difficulty({ windowOutcomes: 20 });
    for (let at = 0; at < 20; at++) early.learn(example(at));
    for (let at = 0; at < 200; at++) learner.learn(example(at));
    expect(learner.calibration().expectedError).toBeLessThan(early.calibration().expectedError / 3);
  });

  it('Q27 keeps the last outcomes alone, as figures without their texts', () => {
    const learner = difficulty({ windowOutcomes: 30 });
    for (let at = 0; at < 200; at++) learner.learn({ text: `secret ${at}`, difficulty: at % 2 });
    const { outcomes } = learner.export();
    expect(outcomes).toHaveLength(30);
    expect(JSON.stringify(outcomes)).not.toContain('secret');
    const last = difficulty({ windowOutcomes: 1 });
    for (let at = 0; at < 3; at++) last.learn(example(at));
    expect(last.calibration().outcomes).toBe(1);
  });

  it('comes back whole from its data and from a store', async () => {
    const first = difficulty();
    first.train(Array.from({ length: 40 }, (_, at) => example(at)));
    for (let at = 0; at < 25; at++) first.learn(example(at));
    const data = JSON.parse(JSON.stringify(first.export()));
    const second = difficulty();
    second.import(data);
    expect(second.export()).toEqual(data);
    expect(second.score('Why?')).toEqual(first.score('Why?'));
    const store = memoryStore();
    expect(await second.load(store)).toBe(false);
    await first.save(store, 'mine');
    const third = difficulty();
    expect(await third.load(store, 'mine')).toBe(true);
    expect(third.export()).toEqual(data);
  });

  it('refuses data that is newer, damaged or of other signals, and stays as it was', () => {
    const data = difficulty().export();
    const model = difficulty();
    const refuses = (wrong: unknown, code: string): void =>
      expect(() => model.import(wrong)).toThrow(expect.objectContaining({ code }));
    refuses({ ...data, version: 9 }, 'store-newer');
    refuses({ ...data, weights: [1] }, 'store-damaged');
    refuses({ ...data, weights: data.weights.map(() => null) }, 'store-damaged');
    refuses({ ...data, signals: ['length'] }, 'store-damaged');
    refuses({ ...data, outcomes: [{ figures: [], label: 2, predicted: 0 }] }, 'store-damaged');
    refuses('text', 'store-damaged');
    expect(model.export()).toEqual(data);
  });

  it('refuses examples that say nothing', () => {
    const model = difficulty();
    expect(() => model.train([])).toThrow(expect.objectContaining({ code: 'bad-input' }));
    expect(() => model.learn({ text: 'x', difficulty: 7 })).toThrow(expect.objectContaining({ code: 'bad-input' }));
    expect(() => difficulty({ windowOutcomes: 0 })).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});

describe('fitLogistic', () => {
  it('finds the weights that examples were drawn with', () => {
    const random = seededRandom(3);
    const truth = [2, -1, 0.5];
    const rows = Array.from({ length: 4_000 }, () => {
      const figures = [random() * 2 - 1, random() * 2 - 1];
      return { figures, label: random() < sigmoid(logitOf(truth, figures)) ? 1 : 0 };
    });
    const found = fitLogistic(rows, [0, 0, 0], 0.1);
    const errors = found.map((weight, at) => Math.abs(weight - (truth[at] ?? 0)));
    expect(Math.max(...errors)).toBeLessThan(0.2);
  });

  it('stays at its prior without examples, and finite with examples that one figure tells apart', () => {
    expect(fitLogistic([], [1, 2], 3)).toEqual([1, 2]);
    const rows = [-1, 1].map((x) => ({ figures: [x], label: x > 0 ? 1 : 0 }));
    expect(fitLogistic(rows, [0, 0], 1).every(Number.isFinite)).toBe(true);
  });
});

describe('areaUnderCurve', () => {
  it('is the share of pairs in the right order, ties by half', () => {
    const of = (...pairs: readonly (readonly [number, boolean])[]): number | undefined =>
      areaUnderCurve(pairs.map(([score, isHard]) => ({ score, isHard })));
    expect(of([1, false], [2, true])).toBe(1);
    expect(of([2, false], [1, true])).toBe(0);
    expect(of([1, false], [1, true])).toBe(0.5);
    expect(of([1, false], [2, true], [2, false], [3, true])).toBe(0.875);
    expect(of([1, true])).toBeUndefined();
  });
});
