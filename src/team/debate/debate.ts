import {
  type Agent,
  type AgentContext,
  type AgentEnd,
  type AgentSettings,
  type AgentState,
  defineAgent,
} from '../../agent/index.js';
import {
  type AnyStep,
  assistant,
  callStep,
  checkAtLeast,
  type Hit,
  map,
  type Message,
  PipewrightError,
  type QueryWithOptions,
  type Run,
  type StepLike,
} from '../../core/index.js';
import { taintKey } from '../../tool/index.js';
import { checkJudgement, type DebateJudge, type Judgement } from './debate-judge.js';
import { opening, reply } from './debate-prompts.js';
import {
  agreementOf,
  briefOf,
  type DebateReport,
  type DebateVerdict,
  heardBy,
  named,
  orderOf,
  reportOf,
  sentenceOf,
  verdictOf,
} from './debate-report.js';
import { questionIn } from './prompt-data.js';
import {
  checkAnybody,
  maxRepairs,
  type Member,
  membersOf,
  playRound,
  type Round,
  type Seat,
  seatsOf,
  taintIn,
} from './round.js';
import { readStatement, type Statement } from './statement.js';

export interface DebateSide {
  /** Any agent that answers in text. */
  readonly agent: Agent<unknown>;
  /** @default the agent's name */
  readonly name?: string;
  /** What it argues for. @default what it finds best supported */
  readonly position?: string;
}

export interface DebateOptions extends AgentSettings {
  /** Finds the passages that all sides cite: a retriever, or `() => hits` for given ones. @default no passages */
  readonly evidence?: StepLike<QueryWithOptions, readonly Hit[]>;
  /** How many passages there are at most. @default 8 */
  readonly maxPassages?: number;
  /** The opening, rebuttals, and from 3 on a closing. @default 3 */
  readonly rounds?: number;
  /** Words of one statement; what is longer is cut, so that length wins nothing. @default 250 */
  readonly maxWords?: number;
  /** What the judge scores. @default evidence, reasoning, and answers to the other side */
  readonly criteria?: readonly string[];
  /** After this time a side misses its turn. @default no limit */
  readonly turnTimeoutMs?: number;
}

interface Settings {
  readonly sides: readonly (Member & Pick<DebateSide, 'position'>)[];
  readonly judge: DebateJudge;
  readonly evidence: DebateOptions['evidence'];
  readonly maxPassages: number;
  readonly rounds: number;
  readonly maxWords: number;
  readonly criteria: readonly string[];
  readonly turnTimeoutMs: number;
}

/** What it keeps in its state. */
interface DebateWork {
  readonly seats: readonly Seat<Statement>[];
  readonly sources?: readonly Hit[];
  readonly inOrder?: Judgement;
  readonly inReverse?: Judgement;
  readonly verdict?: DebateVerdict;
  /** How many messages there were when it was over. */
  readonly messages?: number;
}

const defaultCriteria: readonly string[] = ['evidence', 'reasoning', 'answers to the other side'];
/** As many as there are letters to call them by. */
const maxSides = 26;

const settingsOf = (list: readonly DebateSide[], judge: DebateJudge, options: DebateOptions): Settings => {
  const members = membersOf('sides', list);
  const { evidence, maxPassages = 8, rounds = 3, maxWords = 250, criteria = defaultCriteria } = options;
  const { turnTimeoutMs = Infinity } = options;
  checkAtLeast('maxPassages', maxPassages, 1);
  checkAtLeast('rounds', rounds, 1);
  checkAtLeast('maxWords', maxWords, 20);
  checkAtLeast('turnTimeoutMs', turnTimeoutMs, 1);
  if (members.length > maxSides) {
    throw new PipewrightError('bad-option', `\`sides\` has ${members.length}; at most ${maxSides} can debate.`);
  }
  if (criteria.length === 0 || new Set(criteria).size < criteria.length) {
    throw new PipewrightError('bad-option', '`criteria` needs at least one, and none twice.');
  }
  const sides = members.map((member, at) => {
    const { position } = list[at] as DebateSide;
    return position === undefined ? member : { ...member, position };
  });
  return { sides, judge, evidence, maxPassages, rounds, maxWords, criteria, turnTimeoutMs };
};

/** The work of a state: that of a debate that is over counts no more once something further was asked. */
const workIn = ({ work, messages }: AgentState, { sides }: Settings): DebateWork => {
  const kept = work as DebateWork | undefined;
  const isOver = kept?.messages !== undefined && messages.length > kept.messages;
  const seats = seatsOf(isOver ? undefined : kept?.seats, sides);
  return isOver || kept === undefined ? { seats } : { ...kept, seats };
};

/** The passages for all sides: what the question finds, and what each given position finds, in turn, so that none is left without. */
const findPassages = async (
  { evidence, sides, maxPassages }: Settings,
  question: string,
  run: Run,
): Promise<readonly Hit[]> => {
  if (evidence === undefined) return [];
  const positions = sides.flatMap(({ position }) => (position === undefined ? [] : [`${question} ${position}`]));
  const search = (text: string, inner: Run): Promise<readonly Hit[]> =>
    Promise.resolve(callStep(evidence, { text, k: maxPassages }, inner, 'evidence'));
  const found = await map(search)([question, ...positions], run);
  const longest = Math.max(...found.map(({ length }) => length));
  const inTurn = Array.from({ length: longest }, (_, at) => found.flatMap((hits) => hits[at] ?? [])).flat();
  return [...new Map(inTurn.map((hit) => [hit.id, hit])).values()].slice(0, maxPassages);
};

const roundOf = (settings: Settings, work: DebateWork, before: readonly Message[], round: number): Round<Statement> => {
  const { sides, rounds, maxWords, turnTimeoutMs } = settings;
  const { seats, sources = [] } = work;
  const othersOf = (at: number): readonly string[] => sides.flatMap(({ name }, each) => (each === at ? [] : [name]));
  const isLast = round === rounds && rounds > 2;
  return {
    members: sides,
    round,
    timeoutMs: turnTimeoutMs,
    // Who comes late opens, and replies in the next round.
    ask: ({ name, state }, at) => {
      const others = othersOf(at);
      if (state !== undefined) return [reply({ heard: heardBy(seats, at), isLast, others, maxWords })];
      return [...before, opening({ name, others, position: sides[at]?.position, sources, maxWords })];
    },
    read: (text, at) => {
      const isOpening = seats[at]?.state === undefined;
      const choosesPosition = isOpening && sides[at]?.position === undefined;
      return readStatement(text, { choosesPosition, others: isOpening ? [] : othersOf(at), maxWords, sources });
    },
  };
};

type Keep = (change: Partial<DebateWork>) => Promise<void>;

/** Has the judge decide with the sides in both orders, as far as that is not done. */
const judged = async (
  settings: Settings,
  work: DebateWork,
  question: string,
  keep: Keep,
  outer: Run,
): Promise<DebateVerdict> => {
  const { judge, sides, criteria } = settings;
  const { seats, sources = [] } = work;
  const run = outer.with({ values: new Map([[taintKey, taintIn(seats)]]) });
  const decide = async (isReversed: boolean, inner: Run): Promise<Judgement> => {
    const kept = isReversed ? work.inReverse : work.inOrder;
    if (kept !== undefined) return kept;
    const order = orderOf(sides, isReversed);
    const brief = briefOf({ question, criteria, sides, seats, sources }, order);
    const judgement = await callStep(judge, brief, inner, 'judge');
    checkJudgement(judgement, brief);
    const known = named(judgement, sides, order);
    await keep(isReversed ? { inReverse: known } : { inOrder: known });
    return known;
  };
  return verdictOf(await map(decide)([false, true], run), sides, seats);
};

const argue = async (settings: Settings, start: AgentState, context: AgentContext, run: Run): Promise<AgentEnd> => {
  const question = questionIn(start.messages);
  const before = [...context.recalled, ...start.messages];
  let work = workIn(start, settings);
  let state: AgentState = { ...start, work };
  const keep = (change: Partial<DebateWork>, messages: readonly Message[] = state.messages): Promise<void> => {
    work = { ...work, ...change };
    const taint = [...new Set([...state.taint, ...taintIn(work.seats), ...(work.sources?.length ? ['sources'] : [])])];
    state = { ...state, messages, work, taint };
    return context.tell(state);
  };
  if (work.sources === undefined) await keep({ sources: await findPassages(settings, question, run) });
  while (work.verdict === undefined) {
    const rounds = Math.min(...work.seats.map(({ turns }) => turns.length));
    const agreement = rounds === 0 ? undefined : agreementOf(settings.sides, work.seats);
    if (agreement !== undefined || rounds >= settings.rounds) {
      const verdict = agreement ?? (await judged(settings, work, question, keep, run));
      const messages = [...state.messages, assistant(sentenceOf(verdict))];
      await keep({ verdict, messages: messages.length }, messages);
      break;
    }
    const round = roundOf(settings, work, before, rounds + 1);
    const { waiting } = await playRound(round, work.seats, (seats) => keep({ seats }), run);
    run.throwIfAborted();
    if (waiting.length > 0) return { state, stopReason: 'paused', waiting };
    checkAnybody(work.seats);
  }
  return { state, stopReason: 'answered', waiting: [] };
};

/**
 * Makes an agent that has several agents argue over a question and a judge decide. All sides get the same passages and cite them by
 * number; every claim is checked against the passage that it cites, and those that do not hold are marked for the other sides and
 * the judge. In each round all speak at once, the first time before they hear anybody. It ends early when all others concede to one side,
 * or all chose the same position. The judge sees no names, statements of a bounded length, and the sides in both orders: a side wins that
 * it prefers in both (Zheng et al. 2023, arXiv:2306.05685). A side that fails or is late misses its turn, which is recorded.
 * It costs at most `rounds` tasks of every side, one more for each that is out of form, and two calls of the judge. It rejects with
 * `member-failed` when no side speaks at all.
 * @throws {PipewrightError} `bad-option`.
 * @example const debating = debate([{ agent: ann, position: 'tea' }, { agent: bob }], debateJudge(model), { evidence: retriever })
 */
export const debate = (
  sides: readonly DebateSide[],
  judge: DebateJudge,
  options: DebateOptions = {},
): Agent<DebateVerdict, DebateReport> => {
  const settings = settingsOf(sides, judge, options);
  const { rounds, maxWords, evidence } = settings;
  const searches = { label: 'evidence', step: evidence as AnyStep, maxCalls: 1 + sides.length };
  const children = [
    ...(evidence === undefined ? [] : [searches]),
    ...settings.sides.map(({ name, agent }) => ({
      label: name,
      step: agent as AnyStep,
      maxCalls: rounds * (1 + maxRepairs),
    })),
    { label: 'judge', step: judge as AnyStep, maxCalls: 2 },
  ];
  return defineAgent<DebateVerdict, DebateReport>(
    {
      kind: 'debate',
      details: { sides: sides.length, rounds, maxWords },
      children,
      work: (start, context, run) => argue(settings, start, context, run),
      read: async ({ state }) => {
        const { seats, sources = [], verdict } = workIn(state, settings);
        return { output: verdict, more: reportOf(seats, sources) };
      },
    },
    options,
  );
};
