import {
  type AnyStep,
  checkAtLeast,
  type Clock,
  type Decorated,
  decorate,
  linkedController,
  PipewrightError,
  raceAbort,
  type Run,
  type RunListener,
  type StepLike,
  stepName,
} from '../core/index.js';
import { isDelta } from './partial-output.js';

export interface TimeoutOptions {
  /** Longest time for the whole call. @default no limit */
  readonly totalMs?: number;
  /** Longest time until the first text, reasoning or tool call shows. @default no limit */
  readonly firstTextMs?: number;
  /** Longest silence after that, until the call ends. @default no limit */
  readonly betweenTextMs?: number;
}

/** The limits that were given, checked. */
const resolveOptions = (options: TimeoutOptions): TimeoutOptions => {
  const limits = (['totalMs', 'firstTextMs', 'betweenTextMs'] as const).filter((name) => options[name] !== undefined);
  if (limits.length === 0) {
    throw new PipewrightError('bad-option', 'A timeout needs `totalMs`, `firstTextMs` or `betweenTextMs`.');
  }
  for (const name of limits) checkAtLeast(name, options[name] as number, 1);
  return Object.fromEntries(limits.map((name) => [name, options[name]]));
};

/**
 * Ends a call that takes too long. At the deadline the signal of the step aborts and the call rejects at once with `timeout`
 * (retryable), also when the step is deaf to its signal.
 * The limits on text suit a model: around a whole pipeline they also count the silence while other steps work.
 * @throws {PipewrightError} `bad-option` when no limit is given or one is below 1 ms.
 * @example await timeout((text: string) => text.length, { totalMs: 1_000 })('four') // => 4
 */
export const timeout = <S extends AnyStep>(step: S, options: TimeoutOptions): Decorated<S> => {
  const limits = resolveOptions(options);
  return decorate(step, { kind: 'timeout', details: { ...limits } }, (input, run, inner) =>
    callWithin(inner, input, run, limits),
  );
};

type Fail = (limit: keyof TimeoutOptions, what: string) => void;

const callWithin = async <In, Out>(
  step: StepLike<In, Out>,
  input: In,
  run: Run,
  limits: TimeoutOptions,
): Promise<Out> => {
  using control = linkedController(run.signal);
  const fail: Fail = (limit, what) => {
    const message = `\`${stepName(step as AnyStep)}\` ${what} (\`${limit}\`). Try again, use a fallback, or raise the limit.`;
    control.abort(new PipewrightError('timeout', message, { retryable: true }));
  };
  const { totalMs, firstTextMs, betweenTextMs } = limits;
  const stopTotal =
    totalMs === undefined
      ? undefined
      : run.clock.after(totalMs, () => fail('totalMs', `did not finish within ${totalMs} ms`));
  const silence =
    firstTextMs === undefined && betweenTextMs === undefined ? undefined : watchSilence(run.clock, limits, fail);
  const inner = run.with({ signal: control.signal, ...(silence === undefined ? {} : { on: silence.on }) });
  const work = async (): Promise<Out> => step(input, inner);
  try {
    return await raceAbort(work(), control.signal);
  } finally {
    stopTotal?.();
    silence?.stop();
  }
};

interface SilenceWatch {
  readonly on: RunListener;
  readonly stop: () => void;
}

const watchSilence = (clock: Clock, { firstTextMs, betweenTextMs }: TimeoutOptions, fail: Fail): SilenceWatch => {
  let lastMs: number | undefined;
  let isOver = false;
  let stopTimer: (() => void) | undefined;
  // A delta only notes its time: one timer looks again when the silence since the last one could be long enough.
  const watchAfter = (betweenMs: number, waitMs: number): void => {
    stopTimer = clock.after(waitMs, () => {
      const leftMs = (lastMs ?? 0) + betweenMs - clock.now();
      if (leftMs > 0) watchAfter(betweenMs, leftMs);
      else fail('betweenTextMs', `showed text and then nothing for ${betweenMs} ms`);
    });
  };
  if (firstTextMs !== undefined) {
    stopTimer = clock.after(firstTextMs, () => fail('firstTextMs', `showed no text within ${firstTextMs} ms`));
  }
  return {
    on: (event) => {
      if (isOver || !isDelta(event)) return;
      const isFirst = lastMs === undefined;
      lastMs = event.atMs;
      if (!isFirst) return;
      stopTimer?.();
      if (betweenTextMs !== undefined) watchAfter(betweenTextMs, betweenTextMs);
    },
    stop: () => {
      isOver = true;
      stopTimer?.();
    },
  };
};
