import { isPipewrightError, PipewrightError, type Run, type StepInfo, type StepLike } from '../core/index.js';
import { askedWaitMs } from './failure.js';
import {
  charge,
  type Correction,
  correct,
  decodeState,
  emptyState,
  isSameState,
  type RateState,
  waitMsFor,
} from './gcra.js';
import { type CallQueue, callQueue, type Waiter } from './queue.js';
import { remainingIn } from './rate-limit-headers.js';
import { type RateLimiterOptions, type RateSettings, resolveOptions } from './rate-options.js';
import { detached, type SharedState, sharedState } from './shared-state.js';

/** A limit that several steps may share: one key at a provider is one limit, however many steps use it. */
export interface RateLimiter {
  readonly name: string;
  /** For `inspect`. */
  readonly details: NonNullable<StepInfo['details']>;
  /** Calls the step when its turn has come, and counts what it took. */
  readonly call: <In, Out>(step: StepLike<In, Out>, input: In, run: Run) => Promise<Out>;
}

/** Calls that the mean of their tokens looks back on. */
const meanOver = 16;

interface Core {
  readonly settings: RateSettings;
  readonly queue: CallQueue<number>;
  readonly shared: SharedState<RateState> | undefined;
  /** As this process knows it. */
  state: RateState;
  queuedTokens: number;
  isPumping: boolean;
  stopTimer: (() => void) | undefined;
  /** Tokens of a call so far, where nobody estimates. */
  meanTokens: number;
}

/**
 * Makes a limiter to give to several `rateLimit`s.
 * @throws {PipewrightError} `bad-option` when a number is out of range, or a store comes without a name.
 * @example rateLimiter({ limits: [{ requests: 60 }], name: 'key 1' }).name // => 'key 1'
 */
export const rateLimiter = (options: RateLimiterOptions): RateLimiter => {
  const settings = resolveOptions(options);
  const { store, key, rates } = settings;
  const core: Core = {
    settings,
    queue: callQueue(() => void pump(core)),
    shared: store && sharedState({ store, key, decode: decodeState }),
    state: emptyState(rates),
    queuedTokens: 0,
    isPumping: false,
    stopTimer: undefined,
    meanTokens: 0,
  };
  return {
    name: settings.name,
    details: settings.details,
    call: (step, input, run) => callInTurn(core, step, input, run),
  };
};

const callInTurn = async <In, Out>(core: Core, step: StepLike<In, Out>, input: In, run: Run): Promise<Out> => {
  const { settings } = core;
  const tokens = settings.hasTokens ? (settings.estimateTokens?.(input as never) ?? core.meanTokens) : 0;
  if (core.queue.length > 0 || core.shared !== undefined || takeNow(core, { run, item: tokens }) > 0) {
    await waitForTurn(core, run, tokens);
    run.throwIfAborted();
  }
  const chargedMs = run.clock.now();
  try {
    const output = await step(input, run);
    await learnFromReply(core, run, output, chargedMs, tokens);
    return output;
  } catch (error) {
    const askedMs = isOverloaded(error) ? askedWaitMs(error) : 0;
    const pausedUntilMs = run.clock.now() + askedMs;
    if (askedMs > 0) await learn(core, run, { chargedMs, extraTokens: 0, remaining: {}, pausedUntilMs });
    throw error;
  }
};

/** A call that wants to start: its run and its tokens. */
type Candidate = Pick<Waiter<number>, 'run' | 'item'>;

/** Charges the call when it may start, or tells how long it has to wait. */
const takeNow = (core: Core, { run, item: tokens }: Candidate): number => {
  const { rates } = core.settings;
  const nowMs = run.clock.now();
  const waitMs = waitMsFor(rates, core.state, nowMs, tokens);
  if (waitMs <= 0) core.state = charge(rates, core.state, nowMs, tokens);
  return waitMs;
};

/** The same with what all processes have charged. While the store cannot be asked, this process counts for itself. */
const takeShared = async (core: Core, candidate: Candidate): Promise<number> => {
  let waitMs = 0;
  const change = (current: RateState = emptyState(core.settings.rates)): RateState | undefined => {
    core.state = current;
    waitMs = takeNow(core, candidate);
    return waitMs > 0 ? undefined : core.state;
  };
  // An abort has taken the candidate out of the queue.
  const isShared = await core.shared?.update(candidate.run, change).catch(() => true);
  return isShared ? waitMs : takeNow(core, candidate);
};

const waitForTurn = async (core: Core, run: Run, tokens: number): Promise<void> => {
  const { settings, queue } = core;
  const { name, maxQueued, maxWaitMs, rates } = settings;
  const ahead = queue.length;
  if (ahead >= maxQueued) {
    const message = `\`${name}\` has ${ahead} calls waiting for their share of its limits, no more may wait (\`maxQueued\`). Try again later, or raise the limit.`;
    throw new PipewrightError('queue-full', message, { retryable: true });
  }
  const nowMs = run.clock.now();
  const expectedMs = waitMsFor(rates, core.state, nowMs, tokens, {
    requests: ahead,
    tokens: core.queuedTokens,
  });
  if (expectedMs > maxWaitMs) throw tooLong(settings, expectedMs);
  if (expectedMs > 0 || ahead > 0) run.emit({ type: 'queue-wait', name, ahead });
  core.queuedTokens += tokens;
  const onTooLong = (): unknown => tooLong(settings, waitMsFor(rates, core.state, run.clock.now(), tokens));
  // A turn that comes in the last moment is one.
  const turn = queue.join(tokens, run, { maxWaitMs: maxWaitMs + 1, onTooLong });
  void pump(core);
  try {
    await turn;
  } catch (error) {
    core.queuedTokens -= tokens;
    throw error;
  }
};

/** Admits those in front as long as the limits allow, and comes back when the next one may start. */
const pump = async (core: Core): Promise<void> => {
  if (core.isPumping) return;
  core.isPumping = true;
  core.stopTimer?.();
  core.stopTimer = undefined;
  for (let first = core.queue.first; first !== undefined; first = core.queue.first) {
    let waitMs = core.shared === undefined ? takeNow(core, first) : undefined;
    waitMs ??= await takeShared(core, first);
    // It may have left meanwhile.
    if (core.queue.first !== first) continue;
    if (waitMs > 0) {
      core.stopTimer = first.run.clock.after(Math.ceil(waitMs), () => void pump(core));
      break;
    }
    core.queuedTokens -= first.item;
    first.admit();
  }
  core.isPumping = false;
};

/** The part of a reply that says what it took, where it is a chat model's. */
interface ReplyLike {
  readonly usage?: { readonly inputTokens?: unknown; readonly outputTokens?: unknown };
  readonly headers?: Readonly<Record<string, unknown>>;
}

const learnFromReply = async (
  core: Core,
  run: Run,
  output: unknown,
  chargedMs: number,
  tokens: number,
): Promise<void> => {
  const { hasTokens, shouldReadHeaders } = core.settings;
  if (typeof output !== 'object' || output === null) return;
  const { usage, headers } = output as ReplyLike;
  let extraTokens = 0;
  if (hasTokens && usage !== undefined) {
    const taken = Number(usage.inputTokens) + Number(usage.outputTokens);
    if (Number.isFinite(taken)) {
      extraTokens = taken - tokens;
      core.meanTokens += (taken - core.meanTokens) / (core.meanTokens === 0 ? 1 : meanOver);
    }
  }
  const remaining = shouldReadHeaders && headers !== undefined ? remainingIn(Object(headers)) : {};
  const isNews = extraTokens !== 0 || remaining.requests !== undefined || remaining.tokens !== undefined;
  if (isNews) await learn(core, run, { chargedMs, extraTokens, remaining, pausedUntilMs: 0 });
};

const isOverloaded = (error: unknown): boolean =>
  isPipewrightError(error) && (error.code === 'rate-limited' || error.code === 'model-overloaded');

/** Puts the count right, here and for all. */
const learn = async (core: Core, run: Run, correction: Correction): Promise<void> => {
  const { rates } = core.settings;
  const nowMs = run.clock.now();
  const before = core.state;
  core.state = correct(rates, before, nowMs, correction);
  if (core.shared !== undefined && !isSameState(before, core.state)) {
    const change = (current: RateState = emptyState(rates)): RateState => correct(rates, current, nowMs, correction);
    await core.shared.update(detached(run), change);
  }
  if (core.queue.length > 0) void pump(core);
};

const tooLong = ({ name, limitsText, maxWaitMs }: RateSettings, waitMs: number): PipewrightError => {
  const retryAfterMs = Math.ceil(waitMs);
  const message = `\`${name}\` allows ${limitsText}: this call would start in ${retryAfterMs} ms, and \`maxWaitMs\` is ${maxWaitMs}. Try again then.`;
  return new PipewrightError('rate-limited', message, { retryable: true, details: { retryAfterMs } });
};
