import {
  type AnyStep,
  checkAtLeast,
  type Clock,
  type Decorated,
  decorate,
  PipewrightError,
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

const callWithin = <In, Out>(
  step: StepLike<In, Out>,
  input: In,
  run: Run,
  { totalMs, firstTextMs, betweenTextMs }: TimeoutOptions,
): Promise<Out> =>
  new Promise((resolve, reject) => {
    const fail: Fail = (limit, what) => {
      const message = `\`${stepName(step as AnyStep)}\` ${what} (\`${limit}\`). Try again, use a fallback, or raise the limit.`;
      const error = new PipewrightError('timeout', message, { retryable: true });
      scope.abort(error);
      end();
      reject(error);
    };
    const isWatching = firstTextMs !== undefined || betweenTextMs !== undefined;
    const silence = isWatching ? watchSilence(run.clock, { firstTextMs, betweenTextMs }, fail) : undefined;
    const scope = run.scope(silence === undefined ? undefined : { on: silence.on });
    const stopTotal =
      totalMs === undefined
        ? undefined
        : run.clock.after(totalMs, () => fail('totalMs', `did not finish within ${totalMs} ms`));
    // The step may be deaf to an abort from above, too.
    const forget = run.onAbort(() => {
      end();
      reject(run.signal.reason);
    });
    const end = (): void => {
      stopTotal?.();
      silence?.stop();
      forget();
      scope[Symbol.dispose]();
    };
    settled(step, input, scope.run).then(
      (output) => {
        end();
        resolve(output);
      },
      (error: unknown) => {
        end();
        reject(error);
      },
    );
  });

/** Async, so that a synchronous throw becomes a rejection. */
const settled = async <In, Out>(step: StepLike<In, Out>, input: In, run: Run): Promise<Out> => step(input, run);

interface SilenceWatch {
  readonly on: RunListener;
  readonly stop: () => void;
}

type SilenceLimits = { readonly [K in 'firstTextMs' | 'betweenTextMs']: number | undefined };

const watchSilence = (clock: Clock, { firstTextMs, betweenTextMs }: SilenceLimits, fail: Fail): SilenceWatch => {
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
