import {
  type AnyStep,
  assistant,
  callStep,
  defineStep,
  type Hit,
  type Message,
  PipewrightError,
  type Retriever,
  type Run,
  type Step,
  user,
} from '../core/index.js';
import {
  type CommunityReport,
  type KnowledgeGraph,
  passagesOfReports,
  rankReports,
  type ReportOptions,
} from '../graph/index.js';
import type { ChatModel } from '../model/index.js';
import { hybrid, retriever as retrieverOf } from '../retrieve/index.js';
import { answer, type AnswerOptions } from './answer.js';
import { checkCitations } from './check-citations.js';
import type { Answer, AnswerAction, Question, QuestionWithOptions } from './types.js';

export interface GraphAnswerOptions extends Omit<AnswerOptions, 'combine'> {
  /**
   * `local` searches around the entities of the question, `global` reads what the communities of the graph are about, `auto`
   * takes `global` for questions about the whole that name no entity. @default 'auto'
   */
  readonly mode?: 'local' | 'global' | 'auto';
  /** How reports on the communities are made. @default quotes, the 200 finest and largest communities */
  readonly reports?: ReportOptions;
}

/** What asks for the whole rather than for a place in it. */
const broad =
  /\b(?:overall|in general|main|mainly|themes?|topics?|trends?|overview|summar\w+|outline|across|all (?:the |of )?(?:documents|texts|articles|papers)|what (?:is|are) (?:this|these|the) (?:\w+ )?(?:documents?|texts?|collection|corpus|articles?|papers?|data\w*) about)\b/iu;

/** Passages for a question about the whole: too many for one request, so they are read in parts. */
const globalPassages = 48;
/** Reports that a model reads beside the passages. */
const notedReports = 12;
/** Passages that are quoted where no model puts them together. */
const quotedPassages = 6;
/** How the graph counts beside the other retriever: by equal ranks it would pull good hits down (see `bench/graph.ts`). */
const beside = { fusion: 'relative-score', weights: [1, 0.1] } as const;
const modes: ReadonlySet<string> = new Set(['local', 'global', 'auto']);

/** Which way is taken, and why. */
interface Choice {
  readonly mode: 'local' | 'global';
  readonly reason: string;
}

const chooseMode = (graph: KnowledgeGraph, question: string, mode: 'local' | 'global' | 'auto'): Choice => {
  if (mode !== 'auto') return { mode, reason: 'as asked for' };
  const named = graph.entitiesIn(question).map(({ name }) => name);
  const isBroad = broad.test(question);
  if (named.length > 0 && !isBroad) return { mode: 'local', reason: `it names ${named.slice(0, 5).join(', ')}` };
  if (isBroad) return { mode: 'global', reason: 'it asks about the whole' };
  return { mode: 'local', reason: 'it asks for something particular' };
};

/**
 * Answers from a knowledge graph. A local question is answered from the passages around its entities together with those that
 * `retriever` finds; a global one from the passages of the communities that fit it best, read part by part
 * and then together. Citations are checked and name passages of the documents, never the graph. Reports that a model wrote give it
 * an outline, but are no source.
 * @throws {PipewrightError} `bad-option`; the step throws what graph, retriever and model throw.
 * @example const ask = graphAnswer(graph, keywords.retriever(), extractive(), { mode: 'local' })
 */
export const graphAnswer = (
  graph: KnowledgeGraph,
  retriever: Retriever,
  model: ChatModel,
  options: GraphAnswerOptions = {},
): Step<Question, Answer> => {
  const { mode = 'auto', reports: reportOptions, ...answerOptions } = options;
  if (!modes.has(mode)) {
    throw new PipewrightError('bad-option', `\`mode\` must be one of ${[...modes].join(', ')}, got ${String(mode)}.`);
  }
  const local = answer(hybrid([retriever, graph.retriever()], beside), model, answerOptions);
  const global = globalAnswer(graph, model, answerOptions, reportOptions);
  const ways = { local, global };
  const children = mode === 'auto' ? [local, global] : [ways[mode]];
  const info = {
    kind: 'graph-answer',
    details: { mode },
    children: children.map((step) => ({ step: step as AnyStep })),
  };
  return defineStep(info, async (input, run) => {
    const question = typeof input === 'string' ? input : input.question;
    const choice = chooseMode(graph, question, mode);
    run.emit({ type: 'choice-made', chosen: choice.mode, reason: choice.reason });
    const answered = await callStep(ways[choice.mode], input, run, choice.mode);
    const chosen: AnswerAction = {
      action: 'choose',
      detail: `Answered as a ${choice.mode} question: ${choice.reason}.`,
    };
    return { ...answered, trace: [chosen, ...answered.trace] };
  });
};

const globalAnswer = (
  graph: KnowledgeGraph,
  model: ChatModel,
  answerOptions: AnswerOptions,
  reportOptions: ReportOptions = {},
): Step<Question, Answer> => {
  const reporter = reportOptions.reporter as AnyStep | undefined;
  const children = [
    ...(reporter === undefined
      ? []
      : [{ label: 'reports', step: reporter, maxCalls: reportOptions.maxReports ?? 200 }]),
    {
      label: 'answer',
      step: answer(
        retrieverOf(() => []),
        model,
        { ...answerOptions, combine: 'map-reduce' },
      ) as AnyStep,
    },
  ];
  return defineStep({ kind: 'global-answer', children }, async (input: Question, run) => {
    const asked: QuestionWithOptions = typeof input === 'string' ? { question: input } : input;
    const { question, history = [], filter } = asked;
    const query =
      history.length === 0 || answerOptions.condense === undefined
        ? question
        : await callStep(answerOptions.condense, { question, history }, run, 'condense');
    const ranked = rankReports(await graph.reports(reportOptions, run), query);
    const found = reportAction(ranked);
    // Quotes are all that the embedded model gives, and it looks for one answer: a question about the whole has none.
    if (model.provider === 'extractive' && broad.test(query)) {
      return { ...(await quoted(passagesOfReports(ranked, quotedPassages, filter), query, run)), trace: [found] };
    }
    const passages = retrieverOf(({ k = globalPassages }) => passagesOfReports(ranked, k, filter), {
      name: 'communities',
    });
    const ask = answer(passages, model, {
      k: globalPassages,
      ...answerOptions,
      combine: 'map-reduce',
      // Done already, and without the outline, which is no conversation that the question could lean on.
      condense: () => query,
    });
    const answered = await callStep(ask, { ...asked, history: [...outline(ranked), ...history] }, run, 'answer');
    return { ...answered, trace: [found, ...answered.trace] };
  });
};

/** The best passages themselves, as an answer. */
const quoted = async (sources: readonly Hit[], query: string, run: Run): Promise<Omit<Answer, 'trace'>> => {
  const quotes = sources.map((hit, at) => `${hit.text.replace(/\s+/gu, ' ')} [${at + 1}]`);
  const text = quotes.length === 0 ? 'The documents relate nothing to anything.' : quotes.join('\n');
  run.emit({ type: 'sources-found', hits: sources });
  run.emit({ type: 'text-delta', text });
  const checked = await checkCitations({ text, citations: [] }, sources);
  return { text, isAnswered: sources.length > 0, ...checked, sources, leftOut: [], query };
};

const reportAction = (reports: readonly CommunityReport[]): AnswerAction => ({
  action: 'search',
  detail: `${reports.length} reports on communities, the best on ${reports[0]?.title ?? 'nothing'}.`,
  hits: reports.length,
});

/** What a model wrote about the communities, as something said before the question: known, but not to be cited. */
const outline = (reports: readonly CommunityReport[]): readonly Message[] => {
  const written = reports.filter(({ isWritten }) => isWritten).slice(0, notedReports);
  if (written.length === 0) return [];
  const text = written.map(({ title, summary }) => `${title}: ${summary}`).join('\n\n');
  return [user('What is the collection about, in outline?'), assistant(text)];
};
