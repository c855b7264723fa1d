import {
  type AnyStep,
  callStep,
  checkAtLeast,
  type Hit,
  map,
  PipewrightError,
  type Retriever,
  type Run,
  sliceTimer,
  type Step,
  type StepLike,
  withoutText,
  yieldToEventLoop,
} from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import type { AnswerOptions } from './answer.js';
import { type AnswerSearch, answering, answerInfo, answerSettings, type Found } from './answering.js';
import { topicWords } from './coverage.js';
import { orElse } from './draft.js';
import { type GradeInput, type Grader, lexicalGrader } from './grader.js';
import { relevantStrips } from './strips.js';
import type { Answer, AnswerAction, Question } from './types.js';

export interface CorrectiveOptions {
  /** Grades each passage from 0 to 1. @default lexicalGrader(), which needs no model */
  readonly grader?: Grader;
  /** Where else to look when no passage is good: the web, an archive. @default nowhere */
  readonly fallback?: Retriever;
  /** Makes the query for the fallback out of the question. @default the words of the question that carry its topic */
  readonly rewrite?: StepLike<string, string>;
  /** Passages with this grade are kept as they are. @default 0.6 */
  readonly keepScore?: number;
  /** Passages below this grade are discarded; those between are cut down to the sentences that matter. @default 0.35 */
  readonly discardScore?: number;
  /** Passages that are graded at once. @default 4 */
  readonly concurrency?: number;
  /** How the answer is made from the passages: the options of `answer`. @default those of `answer` */
  readonly answer?: AnswerOptions;
}

type Settings = Required<Omit<CorrectiveOptions, 'fallback' | 'answer'>> & Pick<CorrectiveOptions, 'fallback'>;

const defaultGrader = lexicalGrader();
const topicOf = (question: string): string => topicWords(question).join(' ') || question;

const resolve = ({ answer: _, ...options }: CorrectiveOptions): Settings => {
  const settings: Settings = {
    grader: defaultGrader,
    rewrite: topicOf,
    keepScore: 0.6,
    discardScore: 0.35,
    concurrency: 4,
    ...options,
  };
  const { keepScore, discardScore, concurrency } = settings;
  checkAtLeast('concurrency', concurrency, 1);
  checkAtLeast('discardScore', discardScore, 0);
  if (!(keepScore >= discardScore && keepScore <= 1)) {
    throw new PipewrightError(
      'bad-option',
      `\`keepScore\` must be from \`discardScore\` (${discardScore}) to 1, got ${keepScore}.`,
    );
  }
  return settings;
};

/**
 * Answers like `answer`, but grades the passages first. Good ones are kept; those in between are cut down to the sentences that
 * matter, with exact places; bad ones are discarded. Where none is good, the fallback is asked with a rewritten query: beside what is left, or
 * in its place where nothing is left. After Corrective RAG (Yan et al., 2024, arXiv:2401.15884), with its three ways.
 * A grader that fails, or gives no grade from 0 to 1, is replaced by the one without a model. A fallback that fails is left out
 * where there are other passages, and fails the step where there are none.
 * It costs what the grader costs for each of the `k` passages, the rewriting and the fallback where they are needed, and one `answer`.
 * @throws {PipewrightError} `bad-option`; the step throws what `answer` throws.
 * @example const ask = corrective(handbook.retriever(), extractive(), { fallback: web })
 */
export const corrective = (
  retriever: Retriever,
  model: ChatModel,
  options: CorrectiveOptions = {},
): Step<Question, Answer> => {
  const settings = resolve(options);
  const answers = answerSettings(options.answer ?? {});
  const { grader, fallback, rewrite, keepScore, discardScore } = settings;
  const elsewhere = [
    { label: 'rewrite', step: rewrite as AnyStep },
    { label: 'fallback', step: fallback as AnyStep },
  ];
  const info = answerInfo('corrective', model, answers, [
    { label: 'retrieve', step: retriever },
    { label: 'grade', step: grader as AnyStep, maxCalls: answers.k },
    ...(fallback === undefined ? [] : elsewhere),
  ]);
  const details = { ...info.details, keepScore, discardScore, hasFallback: fallback !== undefined };
  return answering({ ...info, details }, (search, run) => correct(retriever, settings, search, run), model, answers);
};

/** What became of the passages. */
interface Sorted {
  readonly kept: readonly Hit[];
  readonly refined: readonly Hit[];
  readonly discarded: number;
  readonly best: number;
}

const correct = async (retriever: Retriever, settings: Settings, search: AnswerSearch, run: Run): Promise<Found> => {
  const { query, question } = search;
  const quiet = withoutText(run);
  const hits = await callStep(retriever, query, quiet, 'retrieve');
  const found = { action: 'search', detail: `${hits.length} passages found.`, query: query.text, hits: hits.length };
  const { kept, refined, discarded, best } = await sorted(settings, question, hits, quiet);
  const good = [...kept, ...refined];
  const graded: AnswerAction = {
    action: 'grade',
    detail: `${kept.length} kept, ${hits.length - kept.length - discarded} cut down to what matters, ${discarded} discarded.`,
    hits: good.length,
    score: best,
  };
  if (kept.length > 0 || settings.fallback === undefined) return { hits: good, trace: [found, graded] };
  const more = await lookElsewhere(settings, settings.fallback, search, good.length === 0, quiet);
  const ids = new Set(good.map(({ id }) => id));
  return {
    hits: [...good, ...more.hits.filter(({ id }) => !ids.has(id))],
    trace: [found, graded, ...more.trace],
  };
};

const sorted = async (
  { grader, keepScore, discardScore, concurrency }: Settings,
  question: string,
  hits: readonly Hit[],
  run: Run,
): Promise<Sorted> => {
  let done = 0;
  const isDue = sliceTimer();
  const grade = async (hit: Hit, inner: Run): Promise<number> => {
    if (isDue()) await yieldToEventLoop();
    const score = await gradeOf(grader, { question, hit }, inner);
    inner.emit({ type: 'progress', label: 'grade', done: ++done, total: hits.length });
    return score;
  };
  const scores = await map(grade, { concurrency })(hits, run);
  const kept: Hit[] = [];
  const refined: Hit[] = [];
  let discarded = 0;
  for (const [at, hit] of hits.entries()) {
    const score = scores[at] ?? 0;
    if (score >= keepScore) kept.push(hit);
    else if (score >= discardScore) refined.push(...relevantStrips(question, hit));
    else discarded++;
  }
  return { kept, refined, discarded, best: Math.max(0, ...scores) };
};

const gradeOf = (grader: Grader, input: GradeInput, run: Run): Promise<number> => {
  const own = async (): Promise<number> => {
    const score = await callStep(grader, input, run, 'grade');
    if (score >= 0 && score <= 1) return score;
    throw new PipewrightError('output-invalid', `A grade must be from 0 to 1, got ${score} for \`${input.hit.id}\`.`);
  };
  return orElse('The grader', run, own, () => defaultGrader(input, run));
};

const lookElsewhere = async (
  { rewrite }: Settings,
  fallback: Retriever,
  { question, query }: AnswerSearch,
  isNeeded: boolean,
  run: Run,
): Promise<Found> => {
  const instead = (): string => topicOf(question);
  const rewritten = await orElse('The rewriting', run, () => callStep(rewrite, question, run, 'rewrite'), instead);
  const text = rewritten.trim() === '' ? instead() : rewritten.trim();
  const ask = async (): Promise<Found> => {
    const hits = await callStep(fallback, { ...query, text }, run, 'fallback');
    const detail = `${hits.length} passages found elsewhere.`;
    return { hits, trace: [{ action: 'fallback', detail, query: text, hits: hits.length }] };
  };
  if (isNeeded) return ask();
  const none: Found = { hits: [], trace: [{ action: 'fallback', detail: 'It failed and is left out.', query: text }] };
  return orElse('The fallback', run, ask, () => none);
};
