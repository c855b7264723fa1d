import { answerSchema, choiceSchema, member, numberSchema, objectSchema } from '../ask/index.js';
import {
  type AnyStep,
  callStep,
  checkAtLeast,
  defineStep,
  PipewrightError,
  type Run,
  type SchemaWithJson,
  type Step,
  system,
  user,
  withoutText,
} from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { askLeniently } from './ask-leniently.js';
import { type Calibrator, calibrated } from './calibration.js';
import { type LabelInput, type LabelSpec, labelLines, labelSpecs, readLabel, type Unsure, unsure } from './labels.js';
import { type LabelScore, letterScores, maxLetterLabels, textProbability } from './log-probs.js';
import { taskRules } from './rules.js';

/**
 * Where a confidence comes from: `log-probs`, the model's own probabilities of the labels; `self-report`, the number that it
 * writes; `agreement`, the share of several answers that say the same; `counts`, words counted without a model.
 */
export type ConfidenceSource = 'log-probs' | 'self-report' | 'agreement' | 'counts';

export interface Classification<L extends string = string> {
  /** `unsure` where the confidence is below the threshold. */
  readonly label: L | Unsure;
  /** The best label, sure or not. */
  readonly best: L;
  /** Of the best label, from 0 to 1; after calibration, the chance that it is right. */
  readonly confidence: number;
  /** The labels that got a share, the best first; before calibration. */
  readonly scores: readonly LabelScore<L>[];
  readonly by: ConfidenceSource;
}

export interface ClassifyOptions {
  /** @default 'log-probs' where the model tells them and there are at most 20 labels, else 'self-report' */
  readonly confidence?: Exclude<ConfidenceSource, 'counts'>;
  /** How many answers `agreement` compares. @default 5 */
  readonly samples?: number;
  /** Below this confidence the label is `unsure`. @default 0.5 */
  readonly minConfidence?: number;
  /** Turns confidences into chances of being right; from `fitCalibration`. @default they stay as they come */
  readonly calibration?: Calibrator;
  /** What the model is told beside the rules: what the texts are, what decides in doubt. @default '' */
  readonly instructions?: string;
}

export interface Decide {
  readonly minConfidence: number;
  readonly calibration?: Calibrator | undefined;
}

/** A classification from scores, the best first. */
export const decided = <L extends string>(
  scores: readonly LabelScore<L>[],
  by: ConfidenceSource,
  { minConfidence, calibration }: Decide,
): Classification<L> => {
  const [first] = scores;
  if (first === undefined) throw new PipewrightError('output-invalid', 'The answer names none of the labels.');
  const confidence = calibration === undefined ? first.score : calibrated(first.score, calibration);
  const label = confidence < minConfidence ? unsure : first.label;
  return { label, best: first.label, confidence, scores: scores.filter(({ score }) => score > 0), by };
};

/** What stands for a confidence that a model did not tell. */
const untold = 0.5;

/** A confidence as models write it: 0.9, 90, "90 %"; undefined where there is none. */
export const confidenceIn = (value: unknown, key: string): number | undefined => {
  const told = member(value, key);
  const number = typeof told === 'number' ? told : typeof told === 'string' ? Number.parseFloat(told) : Number.NaN;
  if (!(number >= 0 && number <= 100)) return undefined;
  return number > 1 ? number / 100 : number;
};

/** A label and its confidence, in whatever form a model writes them. */
export const reportSchema = <L extends string>(specs: readonly LabelSpec<L>[]): SchemaWithJson<LabelScore<L>> => {
  const names = specs.map(({ name }) => name);
  return answerSchema(objectSchema({ label: choiceSchema(names), confidence: numberSchema }), (value) => {
    const label = readLabel(typeof value === 'string' ? value : JSON.stringify(value ?? ''), specs);
    if (label === undefined) return { issues: [`\`label\` must be one of: ${names.join(', ')}.`] };
    return { value: { label, score: confidenceIn(value, 'confidence') ?? untold } };
  });
};

/** The text as data, and where the model is to look for what to do. */
const contentOf = (text: string) =>
  [
    { type: 'source', id: 'text', text },
    { type: 'text', text: 'Which label?' },
  ] as const;

type Scores<L extends string> = Pick<Classification<L>, 'scores' | 'by'>;
type ScoreStep<L extends string> = Step<string, Scores<L>>;

const bySelfReport = <L extends string>(
  model: ChatModel,
  specs: readonly LabelSpec<L>[],
  instructions: string,
): Step<string, LabelScore<L>> =>
  askLeniently<string, LabelScore<L>>(model, {
    info: { kind: 'ask', name: 'label' },
    rules: `${taskRules.classify}${instructions}\n${labelLines(specs)}`,
    content: contentOf,
    schema: reportSchema(specs),
  });

/** The letter of the label, with the probabilities of all; by a report where the server tells no probabilities after all. */
const byLogProbs = <L extends string>(
  model: ChatModel,
  specs: readonly LabelSpec<L>[],
  instructions: string,
): ScoreStep<L> => {
  const report = bySelfReport(model, specs, instructions);
  const rules = `${taskRules.classifyByLetter}${instructions}\n${labelLines(specs, true)}`;
  const children = [
    { label: 'letter', step: model as AnyStep },
    { label: 'where that tells no probabilities', step: report as AnyStep },
  ];
  return defineStep({ kind: 'ask', name: 'letter', children }, async (text: string, run: Run) => {
    const request = {
      messages: [system(rules), user(contentOf(text))],
      logProbs: maxLetterLabels,
      temperature: 0,
      // A model that thinks first would be cut before it answers.
      ...(model.features.reasoning ? {} : { maxOutputTokens: 16 }),
    };
    const { text: answer, logProbs = [] } = await callStep(model, request, withoutText(run));
    const scores = letterScores(logProbs, specs);
    if (scores !== undefined) return { scores, by: 'log-probs' };
    const label = logProbs.length === 0 ? undefined : readLabel(answer, specs, true);
    if (label !== undefined) return { scores: [{ label, score: textProbability(logProbs) }], by: 'log-probs' };
    return { scores: [await callStep(report, text, run)], by: 'self-report' };
  });
};

/** The values that came of several calls at once. It fails when all do; what some of them lack speaks for nobody. */
export const samplesOf = async <T>(
  step: Step<string, T>,
  text: string,
  run: Run,
  samples: number,
): Promise<readonly T[]> => {
  const settled = await Promise.allSettled(
    Array.from({ length: samples }, async (_, at) => callStep(step, text, run, `sample ${at + 1}`)),
  );
  run.throwIfAborted();
  const values = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const failed = settled.find((each) => each.status === 'rejected');
  if (values.length === 0 && failed !== undefined) throw failed.reason;
  return values;
};

const byAgreement = <L extends string>(report: Step<string, LabelScore<L>>, samples: number): ScoreStep<L> =>
  defineStep(
    { kind: 'agreement', details: { samples }, children: [{ step: report, maxCalls: samples }] },
    async (text: string, run: Run) => {
      const votes = new Map<L, number>();
      const answers = await samplesOf(report, text, run, samples);
      for (const { label } of answers) votes.set(label, (votes.get(label) ?? 0) + 1);
      const scores = [...votes].map(([label, count]) => ({ label, score: count / samples }));
      return { scores: scores.sort((a, b) => b.score - a.score), by: 'agreement' };
    },
  );

/** A checked threshold. */
export const checkConfidence = (option: string, value: number): void => {
  if (!(value >= 0 && value <= 1)) {
    throw new PipewrightError('bad-option', `\`${option}\` must be from 0 to 1, got ${value}.`);
  }
};

/**
 * Makes a step that puts one of the labels to a text, with a confidence, or `unsure` below `minConfidence`. One call of the model;
 * one more where its answer cannot be read, `samples` times as many by agreement.
 * The step throws `output-invalid` when the answers name no label, `content-refused`, and what the model throws.
 * @throws {PipewrightError} `bad-option` for fewer than two labels, labels that are the same, or numbers out of range.
 * @example (await classify(scripted(['{"label": "spam", "confidence": 0.9}']), ['spam', 'ham'], { confidence: 'self-report' })('Win!')).label // => 'spam'
 */
export const classify = <const L extends string>(
  model: ChatModel,
  labels: readonly LabelInput<L>[],
  options: ClassifyOptions = {},
): Step<string, Classification<L>> => {
  const specs = labelSpecs(labels);
  const hasLetters = model.features.logProbs && specs.length <= maxLetterLabels;
  const {
    confidence = hasLetters ? 'log-probs' : 'self-report',
    samples = 5,
    minConfidence = 0.5,
    calibration,
  } = options;
  checkAtLeast('samples', samples, 2);
  checkConfidence('minConfidence', minConfidence);
  if (confidence === 'log-probs' && !hasLetters) {
    const why = model.features.logProbs ? `there are ${specs.length} labels` : `${model.id} does not tell them`;
    throw new PipewrightError('bad-option', `\`confidence\` cannot be 'log-probs': ${why}. Choose another.`);
  }
  const instructions = options.instructions === undefined ? '' : ` ${options.instructions}`;
  const report = bySelfReport(model, specs, instructions);
  const score: ScoreStep<L> =
    confidence === 'log-probs'
      ? byLogProbs(model, specs, instructions)
      : confidence === 'agreement'
        ? byAgreement(report, samples)
        : defineStep({ kind: 'self-report', children: [{ step: report }] }, async (text: string, run: Run) => ({
            scores: [await callStep(report, text, run)],
            by: 'self-report',
          }));
  const info = { kind: 'classify', details: { labels: specs.length, by: confidence }, children: [{ step: score }] };
  return defineStep(info, async (text: string, run: Run) => {
    const { scores, by } = await callStep(score, text, run);
    return decided(scores, by, { minConfidence, calibration });
  });
};
