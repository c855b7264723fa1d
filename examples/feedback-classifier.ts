/**
 * Reads feedback: mood with a score, topics, and how far the confidences can be trusted. Run: npx tsx examples/feedback-classifier.ts
 * Without a key the answers are recorded ones; with OPENAI_API_KEY a model reads the feedback.
 */
import { createRun, parallel } from 'pipewright';
import { openai } from 'pipewright/openai';
import { classify, fitCalibration, mapSettled, type ScoredOutcome, sentiment, tag } from 'pipewright/task';
import { scripted } from 'pipewright/testing';

const feedback = [
  { text: 'Great support, my question was answered in minutes!', mood: 'positive' },
  { text: 'The new version is slow and it lost my data.', mood: 'negative' },
  { text: 'I like the design, but the price is far too high.', mood: 'mixed' },
  { text: 'Delivered on Tuesday.', mood: 'neutral' },
] as const;

const answers: readonly (readonly [mood: string, topics: string])[] = [
  ['{"label": "positive", "confidence": 0.97}', '{"labels": [{"label": "support", "confidence": 0.9}]}'],
  [
    'Negative, I would say. {"label": "negative", "confidence": "95%"}',
    '{"labels": [{"label": "speed", "confidence": 0.9}, {"label": "reliability", "confidence": 0.8}]}',
  ],
  [
    "{'label': 'Mixed', 'confidence': 0.8,}",
    '```json\n{"labels": [{"label": "design", "confidence": 0.9}, {"label": "price", "confidence": 0.9}]}\n```',
  ],
  ['{"label": "positive", "confidence": 0.4}', '{"labels": []}'],
];
const recorded = scripted(
  [
    ({ messages }) => {
      const source = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content))[0];
      const at = feedback.findIndex(({ text }) => source?.type === 'source' && source.text === text);
      const [mood, topics] = answers[at] ?? ['', ''];
      return String(messages[0]?.content).includes('Which labels') ? topics : mood;
    },
  ],
  { shouldRepeat: true, features: { logProbs: false, jsonSchema: false, tools: false } },
);

const model = process.env.OPENAI_API_KEY === undefined ? recorded : openai('gpt-5-mini');
const topics = ['support', 'speed', 'reliability', 'design', 'price', 'delivery'] as const;
const read = parallel({ mood: sentiment(model), topics: tag(model, topics) });

const run = createRun({
  budget: { maxCalls: 20 },
  on: (event) => {
    if (event.type === 'progress') console.log(`${event.label} ${event.done}/${event.total}`);
  },
});
const results = await mapSettled(read, { concurrency: 2, label: 'feedback' })(
  feedback.map(({ text }) => text),
  run,
);

const outcomes: ScoredOutcome[] = [];
for (const each of results) {
  const item = feedback[each.index];
  if (!each.isDone || item === undefined) continue;
  const { mood, topics: found } = each.value;
  const labels = found.labels.map(({ label }) => label).join(', ');
  console.log(`${mood.label.padEnd(8)} ${mood.score.toFixed(2).padStart(5)} [${labels}] ${item.text}`);
  outcomes.push({ confidence: mood.confidence, isRight: mood.best === item.mood });
}

// In earnest from some hundred texts whose mood is known; then the threshold is a chance of being right.
const calibration = fitCalibration(outcomes);
const { accuracy, errorBefore } = calibration.report;
console.log(
  `${run.meter.spent.calls} calls; right ${accuracy.toFixed(2)}, calibration error ${errorBefore.toFixed(2)}`,
);
const careful = classify(model, ['positive', 'negative', 'mixed', 'neutral'], { calibration, minConfidence: 0.8 });
console.log(`with the calibration: ${(await careful(feedback[3].text)).label}`);
