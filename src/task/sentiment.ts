import { callStep, defineStep, type Run, type Step } from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { type Classification, classify, type ClassifyOptions } from './classify.js';

const moods = [
  { name: 'positive', description: 'pleased, praising, thankful' },
  { name: 'negative', description: 'displeased, complaining, sad' },
  { name: 'mixed', description: 'both pleased and displeased' },
  { name: 'neutral', description: 'facts or questions without feeling' },
] as const;

export type Mood = (typeof moods)[number]['name'];

export interface Sentiment extends Classification<Mood> {
  /** From -1, wholly negative, to 1, wholly positive: the labels' values by their shares. */
  readonly score: number;
}

/**
 * Makes a step that tells the mood of a text: a `classify` with four labels, and a score. It costs what `classify` costs.
 * @throws {PipewrightError} `bad-option`.
 * @example (await sentiment(scripted(['{"label": "positive", "confidence": 0.8}']), { confidence: 'self-report' })('Lovely!')).score // => 0.8
 */
export const sentiment = (model: ChatModel, options: ClassifyOptions = {}): Step<string, Sentiment> => {
  const ask = classify(model, moods, options);
  return defineStep({ kind: 'sentiment', children: [{ step: ask }] }, async (text: string, run: Run) => {
    const found = await callStep(ask, text, run);
    const shareOf = (mood: Mood): number => found.scores.find(({ label }) => label === mood)?.score ?? 0;
    return { ...found, score: shareOf('positive') - shareOf('negative') };
  });
};
