import {
  type AnyStep,
  callStep,
  checkAtLeast,
  defineStep,
  messageOf,
  PipewrightError,
  type Run,
  type Step,
  type StepLike,
  withoutText,
} from '../core/index.js';
import { citationCritic, type Critic, type Critique, critiqueIn } from './critic.js';
import { type Draft, draftOf, type OnRejected, orElse } from './draft.js';
import { queryWithHistory } from './query-with-history.js';
import { asQuestion } from './question.js';
import type { Answer, AnswerAction, Question, QuestionWithOptions } from './types.js';

/** An answer that is not good enough, and what its critic said. */
export interface RefineInput {
  readonly question: string;
  readonly answer: Answer;
  readonly critique: Critique;
}

export interface ReflectiveOptions {
  /** Judges each answer. @default citationCritic(), which needs no model */
  readonly critic?: Critic;
  /** Answers at most. @default 3 */
  readonly maxRounds?: number;
  /** An answer with this score is taken at once. @default 0.6 */
  readonly minScore?: number;
  /** Makes what is searched for in the next round. @default the critic's `betterQuery` */
  readonly refine?: StepLike<RefineInput, string>;
  /**
   * `retract`: each answer is shown while it is written, and withdrawn when it is not taken; `hide`: the one that is taken is
   * shown as a whole at the end. @default 'retract'
   */
  readonly onRejected?: OnRejected;
}

type Settings = Required<Omit<ReflectiveOptions, 'refine'>> & Pick<ReflectiveOptions, 'refine'>;

/** A draft with what its critic said. */
interface Round {
  readonly draft: Draft;
  readonly critique: Critique;
}

/** A longer query is no query. */
const maxQueryLength = 2_000;

const defaultCritic = citationCritic();

/**
 * Answers, has the answer judged, and asks again with a better query until an answer is good enough, the rounds are used up, or
 * the query was there before; then it gives the best answer, of equals the first. When a later round fails, a budget that is used
 * up among the reasons, the best answer so far is given and `trace` says why. A critic that fails is replaced by the one without a
 * model. After Self-Refine (Madaan et al., 2023, arXiv:2303.17651), with the search refined in place of the text.
 * It costs at most `maxRounds` times the answerer and the critic.
 * @throws {PipewrightError} `bad-option`; the step throws what the answerer throws in the first round.
 * @example const ask = reflective(answer(retriever, model), { critic: modelCritic(model) })
 */
export const reflective = (
  answerer: StepLike<Question, Answer>,
  options: ReflectiveOptions = {},
): Step<Question, Answer> => {
  const settings: Settings = { critic: defaultCritic, maxRounds: 3, minScore: 0.6, onRejected: 'retract', ...options };
  const { critic, maxRounds, minScore, refine, onRejected } = settings;
  checkAtLeast('maxRounds', maxRounds, 1);
  checkAtLeast('minScore', minScore, 0);
  const children = [
    { label: 'answer', step: answerer as AnyStep, maxCalls: maxRounds },
    { label: 'critic', step: critic as AnyStep, maxCalls: maxRounds },
    ...(refine === undefined ? [] : [{ label: 'refine', step: refine as AnyStep, maxCalls: maxRounds - 1 }]),
  ];
  const info = { kind: 'reflective', details: { maxRounds, minScore, onRejected }, children };
  return defineStep(info, async (input, run) => {
    const asked = asQuestion(input);
    const trace: AnswerAction[] = [];
    const { draft } = await bestRound(answerer, asked, settings, trace, run);
    draft.keep();
    return { ...draft.answer, trace };
  });
};

const bestRound = async (
  answerer: StepLike<Question, Answer>,
  asked: QuestionWithOptions,
  settings: Settings,
  trace: AnswerAction[],
  run: Run,
): Promise<Round> => {
  const { maxRounds, minScore, onRejected } = settings;
  const seen = new Set<string>();
  let best: Round | undefined;
  let question = asked;
  for (let round = 1; ; round++) {
    run.throwIfAborted();
    run.emit({ type: 'progress', label: 'round', done: round - 1, total: maxRounds });
    let last: Round;
    try {
      const draft = await draftOf(answerer, question, run, { name: `round ${round}`, onRejected });
      trace.push(...draft.answer.trace);
      last = { draft, critique: await judge(settings, asked, draft.answer, run) };
    } catch (error) {
      run.throwIfAborted();
      if (best === undefined) throw error;
      const message = `Round ${round} failed, so the best answer before it is given: ${messageOf(error)}`;
      run.emit({ type: 'warning', message });
      return stop(best, message, trace);
    }
    const { score, problems } = last.critique;
    trace.push({ action: 'critique', detail: problems.join(' ') || 'Nothing is wrong.', score });
    if (best === undefined || score > best.critique.score) {
      best?.draft.reject('A later answer is better.');
      best = last;
    } else last.draft.reject('An earlier answer is better.');
    if (score >= minScore) return best;
    if (round >= maxRounds) return stop(best, `${maxRounds} rounds are used up.`, trace);
    seen.add(keyOf(last.draft.answer.query));
    const query = await nextQuery(settings, asked, last, run);
    if (query === undefined || seen.has(keyOf(query))) {
      return stop(best, 'There is no other query to search for.', trace);
    }
    trace.push({ action: 'rewrite', detail: 'Searching once more.', query });
    best.draft.reject('Looking for a better answer.');
    question = { ...asked, query };
  }
};

const stop = (best: Round, reason: string, trace: AnswerAction[]): Round => {
  trace.push({ action: 'stop', detail: reason, score: best.critique.score });
  return best;
};

const keyOf = (query: string): string => query.trim().replaceAll(/\s+/gu, ' ').toLowerCase();

/** The question as a critic can judge it: one that leans on the conversation, together with what it leans on. */
const wholeQuestion = ({ question, query, history = [] }: QuestionWithOptions): string =>
  history.length === 0 ? question : (query ?? queryWithHistory(question, history));

const judge = (settings: Settings, asked: QuestionWithOptions, answer: Answer, run: Run): Promise<Critique> => {
  const input = { question: wholeQuestion(asked), answer };
  const own = async (): Promise<Critique> => {
    const read = critiqueIn(await callStep(settings.critic, input, withoutText(run), 'critic'));
    if (typeof read === 'string') throw new PipewrightError('output-invalid', `The critique is of no use: ${read}.`);
    return read;
  };
  return orElse('The critic', run, own, () => defaultCritic(input, run));
};

const nextQuery = (
  { refine }: Settings,
  asked: QuestionWithOptions,
  { draft: { answer }, critique }: Round,
  run: Run,
): Promise<string | undefined> =>
  orElse<string | undefined>(
    'The refining of the query',
    run,
    async () => {
      const input = { question: wholeQuestion(asked), answer, critique };
      const next =
        refine === undefined ? critique.betterQuery : await callStep(refine, input, withoutText(run), 'refine');
      return next === undefined || next.trim() === '' || next.length > maxQueryLength ? undefined : next.trim();
    },
    () => undefined,
  );
