import { describe, expect, it } from 'vitest';
import { createRun, explain, route } from '../core/index.js';
import { scripted, testRun } from '../testing/index.js';
import { chooseBy, classify, fitCalibration, sentiment, tag } from './index.js';

const plain = { features: { logProbs: false } };

describe('tag', () => {
  const labels = ['late', 'damaged', { name: 'wrong item', aliases: ['falscher Artikel'] }] as const;
  const tagged = (answers: readonly string[], options = {}) => tag(scripted(answers, plain), labels, options)('text');

  it('gives every label that fits, the surest first, and keeps the unsure ones apart', async () => {
    const answer =
      '{"labels": [{"label": "Late", "confidence": 0.6}, {"label": "damaged", "confidence": 0.9}, {"label": "falscher Artikel", "confidence": 0.2}]}';
    expect(await tagged([answer])).toEqual({
      labels: [
        { label: 'damaged', score: 0.9 },
        { label: 'late', score: 0.6 },
      ],
      unsure: [{ label: 'wrong item', score: 0.2 }],
      by: 'self-report',
    });
  });

  it('takes none for an answer', async () => {
    expect((await tagged(['{"labels": []}'])).labels).toEqual([]);
  });

  it('reads bare names and lists, leaves out names of nothing, counts a label once', async () => {
    expect((await tagged(['["late", "LATE", "lost"]'])).labels).toEqual([{ label: 'late', score: 0.5 }]);
  });

  it('asks again when no name is a label', async () => {
    expect((await tagged(['["lost"]', '["late"]'])).labels).toHaveLength(1);
    await expect(tagged(['["lost"]', 'none'])).rejects.toMatchObject({ code: 'output-invalid' });
  });

  it('by agreement takes the share of answers that name a label', async () => {
    const answers = ['["late"]', '["late", "damaged"]', '["late"]', '[]'];
    const result = await tagged(answers, { confidence: 'agreement', samples: 4 });
    expect(result.labels).toEqual([{ label: 'late', score: 0.75 }]);
    expect(result.unsure).toEqual([{ label: 'damaged', score: 0.25 }]);
    expect(explain(tag(scripted([]), labels, { confidence: 'agreement', samples: 4 })).maxModelCalls).toBe(8);
  });

  it('is calibrated as classify is', async () => {
    const calibration = fitCalibration(Array.from({ length: 50 }, () => ({ confidence: 0.9, isRight: false })));
    expect((await tagged(['{"labels": [{"label": "late", "confidence": 0.9}]}'], { calibration })).labels).toEqual([]);
  });
});

describe('sentiment', () => {
  it('scores from -1 to 1', async () => {
    const score = async (mood: string) =>
      (await sentiment(scripted([`{"label": "${mood}", "confidence": 0.9}`], plain))('x')).score;
    expect([await score('positive'), await score('negative'), await score('mixed')]).toEqual([0.9, -0.9, 0]);
  });
});

describe('chooseBy', () => {
  const router = (answers: readonly string[], minConfidence = 0.5) =>
    route(chooseBy(classify(scripted(answers, plain), ['billing', 'bug'], { minConfidence }), { otherwise: 'human' }), {
      billing: () => 'the till',
      bug: () => 'the workshop',
      human: () => 'a person',
    });

  it('calls the route that the label names, and says why', async () => {
    const { run, events } = testRun();
    expect(await router(['{"label": "bug", "confidence": 0.9}'])('It crashes', run)).toBe('the workshop');
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'choice-made', chosen: 'bug', reason: 'bug at 0.90' }),
    );
  });

  it('goes elsewhere when unsure', async () => {
    expect(await router(['{"label": "bug", "confidence": 0.6}'], 0.8)('It crashes')).toBe('a person');
  });

  it('reads the text out of any input', async () => {
    const choose = chooseBy(classify(scripted(['bug'], plain), ['billing', 'bug']), {
      text: (mail: { readonly body: string }) => mail.body,
    });
    expect(await choose({ body: 'It crashes' }, createRun())).toBe('bug');
  });
});
