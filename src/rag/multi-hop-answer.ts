import {
  type AnyStep,
  assistant,
  callStep,
  checkAtLeast,
  defineStep,
  type Hit,
  messageOf,
  PipewrightError,
  type Run,
  type Step,
  type StepLike,
  user,
  withoutText,
} from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { type PlannedQuestion, type PlanResult, type QueryPlan, runPlan } from '../retrieve/index.js';
import type { AnswerOptions } from './answer.js';
import { answering, answerInfo, type AnswerSettings, answerSettings } from './answering.js';
import { citedSources } from './combine.js';
import { isNotShown, orElse } from './draft.js';
import { renumbered, withoutMarks } from './marks.js';
import { asQuestion } from './question.js';
import { splitQuestion } from './split-question.js';
import type { Answer, AnswerAction, Citation, Claim, Question, QuestionWithOptions } from './types.js';

export interface MultiHopAnswerOptions {
  /** Takes the question apart: `planQuery(model)`. @default splitQuestion, which needs no model */
  readonly plan?: StepLike<string, QueryPlan>;
  /**
   * Writes the answer to the whole question, from the passages that the answers to its parts cite.
   * @default none: those answers stand one below the other
   */
  readonly model?: ChatModel;
  /** Parts at most; for a plan with more the question is asked whole. @default 5 */
  readonly maxParts?: number;
  /** Parts that are asked at once. @default 4 */
  readonly concurrency?: number;
  /** How the model answers the whole question: the options of `answer`. @default those of `answer` */
  readonly answer?: AnswerOptions;
}

interface Settings extends Required<Omit<MultiHopAnswerOptions, 'model' | 'answer'>> {
  readonly model: ChatModel | undefined;
  readonly answers: AnswerSettings;
}

/** What became of a part. */
interface PartAnswer {
  readonly answer?: Answer;
  readonly error?: unknown;
}

type AnsweredPart = PlanResult<PartAnswer>;

/**
 * Answers questions that are several, or whose parts wait for each other: takes the question apart, answers each part with its own
 * citations, those that do not wait for each other at once, and puts the answers together over one list of sources. A question of
 * one part is handed on as it is. A plan that fails leaves the question whole, and a part that fails is left out, both with a
 * warning; when all parts fail the step rejects with what the first one threw. After decomposed prompting (Khot et al., 2022,
 * arXiv:2210.02406).
 * It costs one plan, `maxParts` answers at most, and with a model one more.
 * @throws {PipewrightError} `bad-option`.
 * @example const ask = multiHopAnswer(answer(retriever, model), { plan: planQuery(model), model })
 */
export const multiHopAnswer = (
  answerer: StepLike<Question, Answer>,
  options: MultiHopAnswerOptions = {},
): Step<Question, Answer> => {
  const { plan = splitQuestion, model, maxParts = 5, concurrency = 4, answer: answers = {} } = options;
  checkAtLeast('maxParts', maxParts, 1);
  checkAtLeast('concurrency', concurrency, 1);
  const settings: Settings = { plan, model, maxParts, concurrency, answers: answerSettings(answers) };
  const children = [
    { label: 'plan', step: plan as AnyStep },
    { label: 'part', step: answerer as AnyStep, maxCalls: maxParts },
    ...(model === undefined ? [] : [{ label: 'whole', step: model as AnyStep }]),
  ];
  const info = { kind: 'multi-hop', name: 'multi-hop', details: { maxParts, concurrency }, children };
  return defineStep(info, async (input, run) => {
    const asked = asQuestion(input);
    const planned = await planOf(settings, asked.question, run);
    if (planned.parts.length < 2) {
      const answered = await callStep(answerer, asked, run, 'answer');
      const detail = 'The question stays whole.';
      return { ...answered, trace: [{ action: 'plan', detail }, ...answered.trace] };
    }
    const parts = await answerParts(answerer, settings, asked, planned, run);
    run.throwIfAborted();
    const whole = model === undefined ? standing(asked, parts, run) : await written(model, settings, asked, parts, run);
    const found: AnswerAction = { action: 'plan', detail: `${parts.length} parts. ${planned.analysis}`.trim() };
    return { ...whole, trace: [found, ...parts.flatMap(traceOf), ...whole.trace] };
  });
};

const planOf = async ({ plan, maxParts }: Settings, question: string, run: Run): Promise<QueryPlan> => {
  const own = async (): Promise<QueryPlan> => {
    const planned = await callStep(plan, question, withoutText(run), 'plan');
    if (planned.parts.length <= maxParts) return planned;
    throw new PipewrightError('output-invalid', `The plan has ${planned.parts.length} parts, ${maxParts} are allowed.`);
  };
  return orElse<QueryPlan>('The plan', run, own, () => ({ question, analysis: '', parts: [] }));
};

const answerParts = async (
  answerer: StepLike<Question, Answer>,
  { concurrency }: Settings,
  { query: _, conversationId: __, ...asked }: QuestionWithOptions,
  plan: QueryPlan,
  run: Run,
): Promise<readonly AnsweredPart[]> => {
  let done = 0;
  const ask = async ({ question, needs }: PlannedQuestion<PartAnswer>, inner: Run): Promise<PartAnswer> => {
    const before = needs.flatMap((part) => [user(part.question), assistant(shortOf(part.output))]);
    const history = [...(asked.history ?? []), ...before];
    try {
      return { answer: await callStep(answerer, { ...asked, question, history }, inner, 'answer') };
    } catch (error) {
      inner.throwIfAborted();
      inner.emit({ type: 'warning', message: `A part of the question failed: ${messageOf(error)}` });
      return { error };
    } finally {
      inner.emit({ type: 'progress', label: 'part', done: ++done, total: plan.parts.length });
    }
  };
  const quiet = run.with({ passes: isNotShown });
  const parts = await runPlan(ask, { answerOf: shortOf, concurrency })(plan, quiet);
  if (parts.every(({ output }) => output.answer === undefined)) throw parts[0]?.output.error;
  return parts;
};

/** The answer as other questions may hold it. */
const shortOf = ({ answer }: PartAnswer): string =>
  answer?.isAnswered === true ? withoutMarks(answer.text) : 'unknown';

const traceOf = ({ question, output }: AnsweredPart): readonly AnswerAction[] => {
  const { answer, error } = output;
  if (answer === undefined) return [{ action: 'part', detail: `It failed: ${messageOf(error)}`, query: question }];
  return [...answer.trace, { action: 'part', detail: answer.text, query: question, hits: answer.sources.length }];
};

type Answered = AnsweredPart & { readonly output: { readonly answer: Answer } };

const isAnsweredPart = (part: AnsweredPart): part is Answered => part.output.answer !== undefined;

/** The model's answer to the whole question, from the passages that the parts cite. */
const written = async (
  model: ChatModel,
  { answers }: Settings,
  asked: QuestionWithOptions,
  parts: readonly AnsweredPart[],
  run: Run,
): Promise<Answer> => {
  const cited = parts.filter(isAnsweredPart).flatMap(({ output }) => citedSources(output.answer));
  const hits = [...new Map(cited.map((hit) => [hit.id, hit])).values()];
  const findings = parts.map(({ question, output }) => `- ${question} ${shortOf(output)}`).join('\n');
  const trace = [{ action: 'combine', detail: `${hits.length} passages that the parts cite.`, hits: hits.length }];
  const step = answering(answerInfo('answer', model, answers, []), async () => ({ hits, trace }), model, answers);
  const question = `${asked.question}\n\nWhat was found for its parts:\n${findings}`;
  return step({ ...asked, question, query: asked.query ?? asked.question }, run);
};

/** The answers to the parts one below the other, over one list of sources. */
const standing = (asked: QuestionWithOptions, parts: readonly AnsweredPart[], run: Run): Answer => {
  const answered = parts.filter(isAnsweredPart);
  const sources = [
    ...new Map(answered.flatMap(({ output }) => output.answer.sources.map((hit) => [keyOf(hit), hit]))).values(),
  ];
  const places = new Map(sources.map((hit, at) => [keyOf(hit), at + 1]));
  const texts: string[] = [];
  const citations: Citation[] = [];
  const uncited: Claim[] = [];
  let length = 0;
  for (const { question, output } of answered) {
    const { answer } = output;
    const numberOf = (number: number): number => {
      const hit = answer.sources[number - 1];
      // A number that no source has must not come to mean one.
      return hit === undefined ? sources.length + number : (places.get(keyOf(hit)) ?? 0);
    };
    const part = renumbered(answer, numberOf);
    // An answer that there is none must say to what.
    const head = answer.isAnswered ? '' : `${question} `;
    const from = length + head.length;
    const moved = (claim: Claim): Claim => ({ ...claim, start: claim.start + from, end: claim.end + from });
    citations.push(...part.citations.map((citation) => ({ ...citation, claim: moved(citation.claim) })));
    uncited.push(...part.uncited.map(moved));
    texts.push(head + part.text);
    length = from + part.text.length + 1;
  }
  const text = texts.join('\n');
  run.emit({ type: 'sources-found', hits: sources });
  run.emit({ type: 'text-delta', text });
  return {
    text,
    isAnswered: answered.some(({ output }) => output.answer.isAnswered),
    citations,
    uncited,
    sources,
    leftOut: answered.flatMap(({ output }) => output.answer.leftOut),
    query: asked.query ?? asked.question,
    trace: [{ action: 'combine', detail: `The answers to ${answered.length} parts.`, hits: sources.length }],
  };
};

/** A passage that was cut to fit is another one. */
const keyOf = ({ id, text }: Hit): string => `${id}\n${text.length}`;
