import {
  answerSchema,
  choiceSchema,
  listIn,
  listSchema,
  numberSchema,
  objectSchema,
  type Read,
  textIn,
} from '../ask/index.js';
import { callStep, checkAtLeast, defineStep, type Run, type SchemaWithJson, type Step } from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { askLeniently } from './ask-leniently.js';
import { calibrated } from './calibration.js';
import { checkConfidence, type ClassifyOptions, confidenceIn, samplesOf } from './classify.js';
import { type LabelInput, type LabelSpec, labelLines, labelNamed, labelSpecs } from './labels.js';
import type { LabelScore } from './log-probs.js';
import { taskRules } from './rules.js';

/** The labels of a text: any number of them, the surest first. */
export interface Tagging<L extends string = string> {
  readonly labels: readonly LabelScore<L>[];
  /** Labels that were named with a confidence below the threshold. */
  readonly unsure: readonly LabelScore<L>[];
  readonly by: 'self-report' | 'agreement';
}

export interface TagOptions extends Omit<ClassifyOptions, 'confidence'> {
  /** @default 'self-report' */
  readonly confidence?: Tagging['by'];
}

/** Labels that the model has no word for in its list are left out; each label counts once. */
const readTags = <L extends string>(value: unknown, specs: readonly LabelSpec<L>[]): Read<readonly LabelScore<L>[]> => {
  const list = Array.isArray(value) ? value : listIn(value, 'labels');
  if (list === undefined) return { issues: ['`labels` must be a list; an empty one when none fits.'] };
  const found = new Map<L, number>();
  for (const each of list) {
    const name = typeof each === 'string' ? each : textIn(each, 'label');
    const label = labelNamed(name, specs);
    if (label !== undefined && !found.has(label)) found.set(label, confidenceIn(each, 'confidence') ?? 0.5);
  }
  if (found.size === 0 && list.length > 0) {
    return { issues: [`The labels must be some of: ${specs.map(({ name }) => name).join(', ')}.`] };
  }
  return { value: [...found].map(([label, score]) => ({ label, score })) };
};

const tagsSchema = <L extends string>(specs: readonly LabelSpec<L>[]): SchemaWithJson<readonly LabelScore<L>[]> =>
  answerSchema(
    objectSchema({
      labels: listSchema(
        objectSchema({ label: choiceSchema(specs.map(({ name }) => name)), confidence: numberSchema }),
      ),
    }),
    (value) => readTags(value, specs),
  );

/** In how many of the answers each label stands. */
const sharesOf = <L extends string>(
  answers: readonly (readonly LabelScore<L>[])[],
  samples: number,
): LabelScore<L>[] => {
  const votes = new Map<L, number>();
  for (const { label } of answers.flat()) votes.set(label, (votes.get(label) ?? 0) + 1);
  return [...votes].map(([label, count]) => ({ label, score: count / samples }));
};

/**
 * Makes a step that puts any number of the labels to a text, each with a confidence. One call of the model; one more where its
 * answer cannot be read, `samples` times as many by agreement.
 * The step throws `output-invalid`, `content-refused`, and what the model throws.
 * @throws {PipewrightError} `bad-option`.
 * @example (await tag(scripted(['{"labels": [{"label": "late", "confidence": 0.9}]}']), ['late', 'damaged'])('Where is it?')).labels // => [{ label: 'late', score: 0.9 }]
 */
export const tag = <const L extends string>(
  model: ChatModel,
  labels: readonly LabelInput<L>[],
  options: TagOptions = {},
): Step<string, Tagging<L>> => {
  const specs = labelSpecs(labels);
  const { confidence: by = 'self-report', samples = 5, minConfidence = 0.5, calibration, instructions } = options;
  checkAtLeast('samples', samples, 2);
  checkConfidence('minConfidence', minConfidence);
  const ask = askLeniently<string, readonly LabelScore<L>[]>(model, {
    info: { kind: 'ask', name: 'labels' },
    rules: `${taskRules.tag}${instructions === undefined ? '' : ` ${instructions}`}\n${labelLines(specs)}`,
    content: (text) => [
      { type: 'source', id: 'text', text },
      { type: 'text', text: 'Which labels?' },
    ],
    schema: tagsSchema(specs),
  });
  const maxCalls = by === 'agreement' ? samples : 1;
  const info = { kind: 'tag', details: { labels: specs.length, by }, children: [{ step: ask, maxCalls }] };
  return defineStep(info, async (text: string, run: Run) => {
    const answered =
      by === 'agreement' ? sharesOf(await samplesOf(ask, text, run, samples), samples) : await callStep(ask, text, run);
    const scores = answered
      .map(({ label, score }) => ({ label, score: calibration === undefined ? score : calibrated(score, calibration) }))
      .sort((a, b) => b.score - a.score);
    return {
      labels: scores.filter(({ score }) => score >= minConfidence),
      unsure: scores.filter(({ score }) => score < minConfidence),
      by,
    };
  });
};
