import {
  type CircuitState,
  createRun,
  PipewrightError,
  type Run,
  type StepInfo,
  type StepLike,
} from '../core/index.js';
import { type CircuitOptions, type CircuitSettings, resolveOptions } from './circuit-options.js';
import { type CircuitRecord, closedRecord, forever, type SharedRecord, sharedRecord } from './circuit-state.js';
import { askedWaitMs, failureOf, grownMs } from './failure.js';
import { type OutcomeWindow, outcomeWindow } from './window.js';

/** A circuit that several steps may share: a failing server is one, however many steps call it. */
export interface Circuit {
  readonly name: string;
  /** As this process knows it. An open circuit whose cool-down is over stays `open` until the next call. */
  readonly state: CircuitState;
  /** For `inspect`. */
  readonly details: NonNullable<StepInfo['details']>;
  /** Calls the step when the circuit lets it, and learns from the outcome. */
  readonly call: <In, Out>(step: StepLike<In, Out>, input: In, run: Run) => Promise<Out>;
  /** Refuses all calls until `close`. */
  readonly open: (run?: Run) => Promise<void>;
  /** Lets all calls through and forgets the failures. */
  readonly close: (run?: Run) => Promise<void>;
}

/** Everything that changes while a circuit is in use. */
interface Memory {
  record: CircuitRecord;
  /** Changes with the record: outcomes of calls that began under another one tell nothing any more. */
  epoch: number;
  failuresInRow: number;
  /** Probes under way and those that succeeded. */
  probes: number;
  probesPassed: number;
  /** Whether the probes are this process's to make. */
  isProber: boolean;
}

interface Core {
  readonly settings: CircuitSettings;
  readonly memory: Memory;
  readonly window: OutcomeWindow;
  readonly shared: SharedRecord | undefined;
}

/**
 * Makes a circuit to give to several `circuitBreaker`s, or to open and close by hand.
 * @throws {PipewrightError} `bad-option` when a number is out of range, or a store comes without a name.
 * @example circuit({ name: 'openai' }).state // => 'closed'
 */
export const circuit = (options: CircuitOptions = {}): Circuit => {
  const settings = resolveOptions(options);
  const { name, store } = settings;
  const memory: Memory = {
    record: closedRecord,
    epoch: 0,
    failuresInRow: 0,
    probes: 0,
    probesPassed: 0,
    isProber: false,
  };
  const core: Core = {
    settings,
    memory,
    window: outcomeWindow(settings.ratio.windowMs),
    shared: store && sharedRecord(store, name, () => memory.record),
  };
  return {
    name,
    get state() {
      return memory.record.state;
    },
    details: detailsOf(settings),
    call: (step, input, run) => callThrough(core, step, input, run),
    open: (run = createRun()) => change(core, run, { state: 'open', untilMs: forever, opens: 0 }),
    close: (run = createRun()) => change(core, run, closedRecord),
  };
};

const callThrough = async <In, Out>(core: Core, step: StepLike<In, Out>, input: In, run: Run): Promise<Out> => {
  const { memory, shared, window } = core;
  if (shared !== undefined) {
    const news = await shared.refresh(run);
    if (news !== undefined) set(core, run, news, false);
  }
  if (memory.record.state !== 'closed') await admitProbe(core, run);
  const { epoch } = memory;
  try {
    const output = await step(input, run);
    if (epoch !== memory.epoch) return output;
    if (memory.record.state !== 'closed') await probePassed(core, run);
    else {
      memory.failuresInRow = 0;
      window.add(false, run.clock.now());
    }
    return output;
  } catch (error) {
    if (epoch === memory.epoch) await failed(core, run, error);
    throw error;
  }
};

const set = ({ memory, window, settings }: Core, run: Run, record: CircuitRecord, isProber: boolean): void => {
  const from = memory.record.state;
  memory.record = record;
  memory.epoch += 1;
  memory.failuresInRow = 0;
  memory.probes = 0;
  memory.probesPassed = 0;
  memory.isProber = isProber;
  if (record.state === 'closed') window.clear();
  if (from !== record.state) run.emit({ type: 'circuit-change', name: settings.name, from, to: record.state });
};

/** Changes the record here at once, then for all; what another process decided meanwhile wins. */
const change = async (core: Core, run: Run, record: CircuitRecord): Promise<void> => {
  set(core, run, record, true);
  const winner = await core.shared?.publish(run, record);
  if (winner !== undefined) set(core, run, winner, false);
};

const openAfter = (core: Core, run: Run, failure: unknown): Promise<void> => {
  const { coolDownMs, maxCoolDownMs } = core.settings;
  const opens = core.memory.record.opens + 1;
  const waitMs = Math.max(grownMs(coolDownMs, opens, maxCoolDownMs), askedWaitMs(failure));
  const untilMs = run.clock.now() + Math.min(waitMs, maxCoolDownMs);
  return change(core, run, { state: 'open', untilMs, opens });
};

/** Lets a probe through, or throws. */
const admitProbe = async (core: Core, run: Run): Promise<void> => {
  const { memory, settings } = core;
  const { record } = memory;
  const nowMs = run.clock.now();
  if (nowMs < record.untilMs) {
    const isFull = !memory.isProber || memory.probes >= settings.maxProbes;
    if (record.state === 'open' || isFull) throw refusal(settings, record, nowMs);
    memory.probes += 1;
    return;
  }
  // The cool-down is over; or the probes did not settle in time, which must not keep the circuit half-open for good.
  const next: CircuitRecord = { ...record, state: 'half-open', untilMs: nowMs + settings.coolDownMs };
  const changed = change(core, run, next);
  memory.probes = 1;
  await changed;
  if (memory.record !== next && memory.record.state !== 'closed') throw refusal(settings, memory.record, nowMs);
};

const probePassed = async (core: Core, run: Run): Promise<void> => {
  core.memory.probesPassed += 1;
  if (core.memory.probesPassed >= core.settings.maxProbes) await change(core, run, closedRecord);
};

const failed = async (core: Core, run: Run, error: unknown): Promise<void> => {
  const { memory, settings, window } = core;
  const failure = failureOf(run, error);
  const isProbe = memory.record.state === 'half-open';
  if (failure === undefined || !settings.isFailure(failure.error)) {
    // It tells nothing: another call may find out.
    if (isProbe) memory.probes -= 1;
    return;
  }
  if (isProbe) return openAfter(core, run, failure.error);
  const nowMs = run.clock.now();
  memory.failuresInRow += 1;
  window.add(true, nowMs);
  const { calls, failures } = window.count(nowMs);
  const { minCalls, maxFailureRatio } = settings.ratio;
  const isTooMany = calls >= minCalls && failures / calls >= maxFailureRatio;
  if (isTooMany || memory.failuresInRow >= settings.maxFailures) await openAfter(core, run, failure.error);
};

const refusal = ({ name }: CircuitSettings, { state, untilMs }: CircuitRecord, nowMs: number): PipewrightError => {
  const retryAfterMs = Math.max(0, untilMs - nowMs);
  const [why, details] =
    untilMs === forever
      ? ['is open: it was opened by hand. Close it, or use a fallback.', {}]
      : state === 'open'
        ? [`is open after failures, for ${retryAfterMs} ms more. Try again then, or use a fallback.`, { retryAfterMs }]
        : ['is being tried out by other calls. Try again later, or use a fallback.', { retryAfterMs }];
  return new PipewrightError('circuit-open', `The circuit \`${name}\` ${why}`, { retryable: true, details });
};

const detailsOf = ({ name, ratio, store, ...rest }: CircuitSettings): NonNullable<StepInfo['details']> => ({
  circuit: name,
  maxFailures: rest.maxFailures,
  ...ratio,
  coolDownMs: rest.coolDownMs,
  maxCoolDownMs: rest.maxCoolDownMs,
  maxProbes: rest.maxProbes,
  isShared: store !== undefined,
});
