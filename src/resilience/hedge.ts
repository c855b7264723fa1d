import {
  type AnyStep,
  callInSpan,
  checkAtLeast,
  type Decorated,
  decorate,
  PipewrightError,
  type Run,
  type RunEvent,
  type RunScope,
  type StepLike,
  yieldToEventLoop,
} from '../core/index.js';
import { checkCount } from './failure.js';
import { isDelta } from './partial-output.js';
import { type RetryScope, retryScopeOf, scopeValues, type TryBudget } from './retry-scope.js';
import { type LatestFigures, latestFigures } from './window.js';

export interface HedgeOptions {
  /** Silence after which a further try starts. @default the `percentile` of the latest calls, once 20 have succeeded */
  readonly afterMs?: number;
  /** The part of the calls (0 to 1) that answers before a further try starts. @default 0.95 */
  readonly percentile?: number;
  /** Tries in all, the first included. @default 2 */
  readonly maxAttempts?: number;
  /** Further tries there may be for each call in the long run; ten may come at once. @default 0.1 */
  readonly maxExtraRatio?: number;
}

/** What all calls of a hedged step share. */
interface Hedging {
  readonly afterMs: number | undefined;
  readonly percentile: number;
  readonly maxAttempts: number;
  readonly maxExtraRatio: number;
  /** How long calls took to show text, where somebody listened, and to answer. */
  readonly untilText: LatestFigures;
  readonly untilAnswer: LatestFigures;
  /** Further tries that may start now. */
  credit: number;
}

/** With fewer calls seen a percentile says nothing. */
const minCalls = 20;
const rememberedCalls = 200;
const maxCredit = 10;

const resolveOptions = (options: HedgeOptions): Hedging => {
  const { afterMs, percentile = 0.95, maxAttempts = 2, maxExtraRatio = 0.1 } = options;
  if (afterMs !== undefined) checkAtLeast('afterMs', afterMs, 0);
  if (!(percentile > 0 && percentile < 1)) {
    throw new PipewrightError('bad-option', `\`percentile\` must be above 0 and below 1, got ${percentile}.`);
  }
  checkCount('maxAttempts', maxAttempts, 1);
  checkAtLeast('maxExtraRatio', maxExtraRatio, 0);
  const untilText = latestFigures(rememberedCalls);
  const untilAnswer = latestFigures(rememberedCalls);
  return { afterMs, percentile, maxAttempts, maxExtraRatio, untilText, untilAnswer, credit: maxCredit };
};

/**
 * Starts the same call once more beside the first when that is slower than most ("hedged requests", J. Dean and L. A. Barroso, The
 * Tail at Scale, CACM 2013): when it has not answered, or where somebody listens has shown no text, after a delay. The first
 * try to show text or succeed wins; the others are cancelled, and what they took is counted. Only the winner's text is shown.
 * A failure is not tried again: the call fails when no try is left under way. Further tries come out of the budget of retries around
 * it, and none starts after `forbidRetry`; as the outermost it brings the budget for retries inside. Emits `hedge-start`.
 * @throws {PipewrightError} `bad-option` when a number is out of range.
 * @example await hedge((text: string) => text.length, { afterMs: 500 })('four') // => 4
 */
export const hedge = <S extends AnyStep>(step: S, options: HedgeOptions = {}): Decorated<S> => {
  const hedging = resolveOptions(options);
  const { afterMs, percentile, maxAttempts, maxExtraRatio } = hedging;
  const details = { ...(afterMs === undefined ? { percentile } : { afterMs }), maxAttempts, maxExtraRatio };
  return decorate(step, { kind: 'hedge', details }, (input, run, inner) => callHedged(hedging, inner, input, run));
};

const callHedged = async <In, Out>(hedging: Hedging, step: StepLike<In, Out>, input: In, run: Run): Promise<Out> => {
  const figures = run.isWatched ? hedging.untilText : hedging.untilAnswer;
  const known = figures.count < minCalls ? undefined : figures.percentile(hedging.percentile);
  const delayMs = hedging.afterMs ?? known;
  hedging.credit = Math.min(maxCredit, hedging.credit + hedging.maxExtraRatio);
  const above = retryScopeOf(run);
  const race: Race<In, Out> = {
    hedging,
    step,
    input,
    run,
    delayMs,
    figures,
    startedMs: run.clock.now(),
    above,
    budget: above?.budget ?? { extraTries: hedging.maxAttempts - 1 },
    call: {},
    tries: [],
    running: 0,
    leader: undefined,
    isForbidden: false,
    stopTimer: undefined,
    forgetAbort: undefined,
    resolve: nothing,
    reject: nothing,
  };
  const result = new Promise<Out>((resolve, reject) => {
    race.resolve = resolve;
    race.reject = reject;
  });
  startTry(race);
  startTimer(race);
  try {
    return await result;
  } finally {
    race.stopTimer?.();
    race.forgetAbort?.();
    if (race.tries.length > 1) await settleLosers(race);
    for (const { scope } of race.tries) scope[Symbol.dispose]();
  }
};

const nothing = (): void => undefined;

/** One try of the call. */
interface Try {
  readonly number: number;
  readonly scope: RunScope;
  readonly result: Promise<unknown>;
  /** It has settled or was cancelled: what it still says does not count. */
  isOver: boolean;
}

/** One call with its tries. */
interface Race<In, Out> {
  readonly hedging: Hedging;
  readonly step: StepLike<In, Out>;
  readonly input: In;
  readonly run: Run;
  readonly delayMs: number | undefined;
  readonly figures: LatestFigures;
  readonly startedMs: number;
  readonly above: RetryScope | undefined;
  readonly budget: TryBudget;
  readonly call: object;
  readonly tries: Try[];
  /** Tries that have neither settled nor been cancelled. */
  running: number;
  /** The number of the try that has shown text or succeeded. */
  leader: number | undefined;
  isForbidden: boolean;
  stopTimer: (() => void) | undefined;
  forgetAbort: (() => void) | undefined;
  resolve: (output: Out) => void;
  reject: (error: unknown) => void;
}

const startTimer = <In, Out>(race: Race<In, Out>): void => {
  const { delayMs, hedging, run, tries } = race;
  if (delayMs === undefined || tries.length >= hedging.maxAttempts) return;
  race.stopTimer = run.clock.after(delayMs, () => {
    race.stopTimer = undefined;
    if (race.forgetAbort === undefined && !watchAbort(race)) return;
    if (race.isForbidden || race.budget.extraTries < 1 || hedging.credit < 1) return;
    race.budget.extraTries -= 1;
    hedging.credit -= 1;
    run.emit({ type: 'hedge-start', attempt: tries.length + 1 });
    startTry(race);
    startTimer(race);
  });
};

/**
 * Lets the call reject on an abort though its tries be deaf. Only calls that turn out slow do so: to listen costs more than all
 * the rest of a call that is quick. Answers false when the abort has come already.
 */
const watchAbort = <In, Out>(race: Race<In, Out>): boolean => {
  const { run } = race;
  const fail = (): void => race.reject(run.signal.reason);
  if (run.signal.aborted) {
    fail();
    return false;
  }
  race.forgetAbort = run.onAbort(fail);
  return true;
};

const startTry = <In, Out>(race: Race<In, Out>): void => {
  const { run, tries, budget, above, call } = race;
  const number = tries.length + 1;
  const onForbid = (): void => {
    race.isForbidden = true;
    cancelOthers(race, number);
  };
  const values = scopeValues({ budget, above, call, isParallel: true, isForbidden: false, onForbid });
  const scope = run.scope(run.isWatched ? { values, ...gate(race, number) } : { values });
  const result = callTry(race, scope.run, number);
  const own: Try = { number, scope, result, isOver: false };
  tries.push(own);
  race.running += 1;
  result.then(
    (output) => {
      if (!end(race, own)) return;
      win(race, number);
      race.resolve(output);
    },
    (error: unknown) => {
      if (end(race, own) && (race.leader === number || race.running === 0)) race.reject(error);
    },
  );
};

const end = <In, Out>(race: Race<In, Out>, own: Try): boolean => {
  if (own.isOver) return false;
  own.isOver = true;
  race.running -= 1;
  return true;
};

/** Async, so that a synchronous throw becomes a rejection. */
const callTry = async <In, Out>({ step, input }: Race<In, Out>, run: Run, number: number): Promise<Out> =>
  run.isWatched ? callInSpan(step, input, run.child(`attempt ${number}`)) : step(input, run);

/** Lets only one try show what it finds: the first one until another has text. */
const gate = <In, Out>(
  race: Race<In, Out>,
  number: number,
): { readonly on: (event: RunEvent) => void; readonly passes: (event: RunEvent) => boolean } => ({
  on: (event) => {
    if (isDelta(event)) win(race, number);
  },
  passes: (event) => (race.leader ?? 1) === number || !isShown(event),
});

const shownTypes: ReadonlySet<RunEvent['type']> = new Set<RunEvent['type']>([
  'text-delta',
  'reasoning-delta',
  'tool-call-delta',
  'tool-call',
  'retract',
  'sources-found',
  'progress',
]);

const isShown = ({ type }: RunEvent): boolean => shownTypes.has(type);

/** Makes this try the one that counts, if none is yet. */
const win = <In, Out>(race: Race<In, Out>, number: number): void => {
  if (race.leader !== undefined) return;
  race.leader = number;
  // Where a later try won, the first one took at least as long: so its time is not counted too low.
  race.figures.add(race.run.clock.now() - race.startedMs);
  race.stopTimer?.();
  race.stopTimer = undefined;
  cancelOthers(race, number);
};

const cancelOthers = <In, Out>(race: Race<In, Out>, number: number): void => {
  for (const other of race.tries) {
    if (other.number === number || !end(race, other)) continue;
    other.scope.abort(new DOMException('Another try of the same call goes on in its place.', 'AbortError'));
  }
};

/** Cancelled tries count what they took as soon as they hear of it; those that are deaf are not waited for. */
const settleLosers = async <In, Out>({ tries }: Race<In, Out>): Promise<void> => {
  await Promise.race([Promise.allSettled(tries.map(({ result }) => result)), yieldToEventLoop()]);
};
