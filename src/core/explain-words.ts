import { agentWords } from './explain-agents.js';
import { numberIn } from './explain-bounds.js';
import { reasoningWords } from './explain-reasoning.js';
import { rerankerWords, retrievalWords } from './explain-retrieval.js';
import type { StepTree } from './inspect.js';

const units: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** A time as people say it: `90 s` is `1.5 min`. */
export const durationOf = (ms: number): string => {
  if (ms === Infinity) return 'any time';
  const [unitMs, name] = units.find(([least]) => ms >= least) ?? [1, 'ms'];
  return `${Number((ms / unitMs).toFixed(2))} ${name}`;
};

const count = (value: number, one: string, many = `${one}s`): string =>
  `${value === Infinity ? 'any number of' : value} ${value === 1 ? one : many}`;
export const timesOf = (value: number): string => count(value, 'time');
const percent = (ratio: number): string => `${Number((ratio * 100).toFixed(1))} %`;
const bytes = (value: number): string =>
  value >= 1_048_576 ? `${Number((value / 1_048_576).toFixed(1))} MiB` : `${value} bytes`;

/** Where a step stands, as far as its sentence depends on it. */
export interface Around {
  /** A retry or hedge around it brings the further tries. */
  readonly isInsideTries: boolean;
}

type Say = (tree: StepTree, around: Around) => string;

const text = (tree: StepTree, name: string): string => String(tree.details?.[name] ?? '');
const ms = (tree: StepTree, name: string): string => durationOf(numberIn(tree, name, Infinity));
/** A longest time: one without end is no `up to`. */
const upTo = (tree: StepTree, name: string): string =>
  `${numberIn(tree, name, Infinity) === Infinity ? 'for' : 'up to'} ${ms(tree, name)}`;
const listed = (parts: readonly (string | false)[]): string => parts.filter((part) => part !== false).join('; ');
const has = (tree: StepTree, name: string): boolean => tree.details?.[name] !== undefined;

const sharedTries = 'takes them from the tries of the one around it';

const sayRetry: Say = (tree, { isInsideTries }) =>
  listed([
    `tries up to ${count(numberIn(tree, 'maxAttempts', Infinity), 'time')} when a failure may pass`,
    isInsideTries && sharedTries,
    `waits at random up to ${ms(tree, 'initialDelayMs')} before the second try, twice as long before each further one, and as long as the server asks, at most ${ms(tree, 'maxDelayMs')}`,
  ]);

const sayHedge: Say = (tree, { isInsideTries }) =>
  listed([
    has(tree, 'afterMs')
      ? `starts a further try beside the first after ${ms(tree, 'afterMs')} of silence`
      : `starts a further try beside the first when it is slower than ${percent(numberIn(tree, 'percentile', 0.95))} of the latest calls`,
    `${count(numberIn(tree, 'maxAttempts', 2), 'try', 'tries')} in all, for ${percent(numberIn(tree, 'maxExtraRatio', 1))} of the calls in the long run`,
    isInsideTries && sharedTries,
  ]);

const sayTimeout: Say = (tree) =>
  listed([
    has(tree, 'totalMs') && `gives up after ${ms(tree, 'totalMs')}`,
    has(tree, 'firstTextMs') && `gives up when no text has shown after ${ms(tree, 'firstTextMs')}`,
    has(tree, 'betweenTextMs') && `gives up after ${ms(tree, 'betweenTextMs')} of silence within the text`,
  ]);

const sayCircuit: Say = (tree) =>
  listed([
    `refuses calls at once after ${count(numberIn(tree, 'maxFailures', Infinity), 'failure')} in a row`,
    has(tree, 'maxFailureRatio') &&
      `or when ${percent(numberIn(tree, 'maxFailureRatio', 1))} of at least ${count(numberIn(tree, 'minCalls', 0), 'call')} in ${ms(tree, 'windowMs')} fail`,
    `tries again after ${ms(tree, 'coolDownMs')}`,
  ]);

const sayLimit: Say = (tree) =>
  `keeps to ${text(tree, 'limits')}; a call waits ${upTo(tree, 'maxWaitMs')} for its turn, ${count(numberIn(tree, 'maxQueued', Infinity), 'call')} at most`;

const sayBulkhead: Say = (tree) =>
  `lets ${count(numberIn(tree, 'maxConcurrent', Infinity), 'call')} through at once; ${count(numberIn(tree, 'maxQueued', Infinity), 'call')} may wait, each ${upTo(tree, 'maxWaitMs')}`;

const sayPlace = (tree: StepTree): string =>
  tree.details?.place === 'memory'
    ? `memory (up to ${count(numberIn(tree, 'maxEntries', Infinity), 'answer')}, ${bytes(numberIn(tree, 'maxBytes', Infinity))})`
    : `a ${text(tree, 'place')}`;

const sayCache: Say = (tree) =>
  listed([
    `answers equal inputs from ${sayPlace(tree)} for ${ms(tree, 'ttlMs')}`,
    has(tree, 'staleMs') && `then for ${ms(tree, 'staleMs')} while it fetches anew`,
    'makes equal calls at the same time into one',
  ]);

const saySemantic: Say = (tree) =>
  `answers questions of like meaning (similarity of ${text(tree, 'embedder')} at least ${text(tree, 'threshold')}) from ${sayPlace(tree)} for ${ms(tree, 'ttlMs')}`;

const sayBudget: Say = (tree) => {
  const limits = listed([
    has(tree, 'maxCostUsd') && `${text(tree, 'maxCostUsd')} USD`,
    has(tree, 'maxTokens') && `${text(tree, 'maxTokens')} tokens`,
    has(tree, 'maxCalls') && count(numberIn(tree, 'maxCalls', Infinity), 'model call'),
  ]);
  return listed([
    limits !== '' && `lets one call spend up to ${limits}`,
    has(tree, 'maxMs') && `starts no model call after ${ms(tree, 'maxMs')}`,
    has(tree, 'pool') && `takes it from the pool \`${text(tree, 'pool')}\`, which fills up every ${ms(tree, 'poolMs')}`,
  ]);
};

const sayBatch: Say = (tree) =>
  `collects up to ${count(numberIn(tree, 'maxSize', Infinity), 'item')} for ${ms(tree, 'maxWaitMs')} and sends them together, ${count(numberIn(tree, 'maxInFlight', Infinity), 'batch', 'batches')} at once`;

const words: Readonly<Record<string, Say>> = {
  retry: sayRetry,
  hedge: sayHedge,
  timeout: sayTimeout,
  'circuit-breaker': sayCircuit,
  'rate-limit': sayLimit,
  bulkhead: sayBulkhead,
  cache: sayCache,
  'semantic-cache': saySemantic,
  budget: sayBudget,
  batch: sayBatch,
  fallback: () => 'calls these in turn until one answers',
  balance: (tree) =>
    `calls one of these, by ${text(tree, 'by')}; one that fails ${count(numberIn(tree, 'maxFailures', Infinity), 'time')} in a row gets no calls for ${ms(tree, 'ejectMs')}`,
  pipe: () => 'one after the other, each with the output of the one before',
  parallel: () => 'side by side, all with the same input',
  branch: () => 'asks `when`, then takes one way',
  route: () => 'asks `choose`, then takes one way',
  loop: (tree) =>
    `again and again with its own output, ${count(numberIn(tree, 'maxRounds', Infinity), 'round')} at most`,
  map: (tree) => `for each item of a list, ${count(numberIn(tree, 'concurrency', Infinity), 'item')} at once`,
  tap: () => 'looks at the input and hands it on',
  named: () => 'hands on to what is inside it',
  'state-graph': (tree) =>
    `walks along its edges from node to node, side by side where they fork, ${count(numberIn(tree, 'maxSteps', Infinity), 'step')} at most`,
  once: () => 'in a durable run keeps what came out, and does not run again',
  durable: () => 'keeps what is marked with `once`, and goes on from there after a crash',
  adaptive: () =>
    'asks `classify` for the kind of question, then takes the strategy that does best with that kind, and has its answer scored',
  answer: () => 'searches, then asks the model to answer from what was found',
  reflective: (tree) =>
    `answers, has the answer judged, and answers anew with a better search until the score is ${text(tree, 'minScore')}, ${count(numberIn(tree, 'maxRounds', 1), 'round')} at most; keeps the best`,
  corrective: (tree) =>
    `grades what was found, keeps passages from ${text(tree, 'keepScore')}, shortens those from ${text(tree, 'discardScore')}, and answers from them${tree.details?.hasFallback === true ? '; looks elsewhere when none is kept' : ''}`,
  conversational: () => 'makes the question stand alone, then asks it',
  'multi-hop': () => 'takes the question apart, answers the parts, then answers the whole from what they rest on',
  structured: (tree) =>
    `asks for an answer in the form of a schema; shows what is wrong with it up to ${count(numberIn(tree, 'maxRepairs', 0), 'time')}`,
  model: () => 'calls the model',
  embedder: () => 'calls the embedder',
  reranker: (tree) => rerankerWords[text(tree, 'by')] ?? 'calls the reranker',
  ...retrievalWords,
  ...agentWords,
  ...reasoningWords,
  function: () => 'runs your function',
};

/** What a step does, in a sentence without its subject; a kind that is not known here tells its settings. */
export const wordsFor = (tree: StepTree, around: Around): string => {
  const say = Object.hasOwn(words, tree.kind) ? words[tree.kind] : undefined;
  if (say !== undefined) return say(tree, around);
  const settings = Object.entries(tree.details ?? {}).map(([key, value]) => `${key} ${value}`);
  return settings.length === 0 ? 'runs' : settings.join('; ');
};
