import {
  checkAtLeast,
  decorate,
  type ErrorCode,
  isPipewrightError,
  messageOf,
  type Run,
  type RunEvent,
  scrubText,
} from '../core/index.js';
import type { ChatModel, ChatReply } from './types.js';

/** One call as the window remembers it. */
export interface CallRecord {
  /** When it ended, in milliseconds since 1970. */
  readonly atMs: number;
  readonly durationMs: number;
  /** Until the first piece of text, reasoning or a tool call; known of calls that somebody watched. */
  readonly firstTextMs?: number;
  readonly outputTokens: number;
  readonly costUsd?: number;
  /** Why it failed; left out when it did not. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** What the last calls of a model took. A figure that no call tells is left out. */
export interface ModelPerformance {
  /** How many calls the figures rest on. */
  readonly calls: number;
  /** The share of them that did not fail. */
  readonly successRatio?: number;
  readonly latencyP50Ms?: number;
  readonly latencyP95Ms?: number;
  readonly firstTextP50Ms?: number;
  /** Output tokens of all calls for each second of their time. */
  readonly tokensPerSecond?: number;
  /** The mean of calls with a known price. */
  readonly costPerCallUsd?: number;
  readonly lastError?: { readonly code: string; readonly message: string; readonly atMs: number };
}

/** The last calls of a model, so many and no more. */
export interface PerformanceWindow {
  readonly add: (call: CallRecord) => void;
  readonly summary: () => ModelPerformance;
  /** The calls it holds, oldest first. */
  readonly calls: () => readonly CallRecord[];
}

/** The value that the share `ratio` of the sorted values does not exceed (nearest rank). */
const quantile = (sorted: readonly number[], ratio: number): number | undefined =>
  sorted[Math.max(0, Math.ceil(sorted.length * ratio) - 1)];

const sortedOf = (values: readonly (number | undefined)[]): readonly number[] =>
  values.filter((value) => value !== undefined).sort((a, b) => a - b);

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** The object without members that are undefined. */
const known = <T extends object>(figures: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined)) as never;

const summaryOf = (calls: readonly CallRecord[]): ModelPerformance => {
  if (calls.length === 0) return { calls: 0 };
  const answered = calls.filter(({ error }) => error === undefined);
  const latencies = sortedOf(answered.map(({ durationMs }) => durationMs));
  const costs = sortedOf(answered.map(({ costUsd }) => costUsd));
  const totalMs = sumOf(latencies);
  const failure = calls.findLast(({ error }) => error !== undefined);
  return known({
    calls: calls.length,
    successRatio: answered.length / calls.length,
    latencyP50Ms: quantile(latencies, 0.5),
    latencyP95Ms: quantile(latencies, 0.95),
    firstTextP50Ms: quantile(sortedOf(answered.map(({ firstTextMs }) => firstTextMs)), 0.5),
    tokensPerSecond:
      totalMs > 0 ? sumOf(answered.map(({ outputTokens }) => outputTokens)) / (totalMs / 1_000) : undefined,
    costPerCallUsd: costs.length > 0 ? sumOf(costs) / costs.length : undefined,
    lastError: failure?.error === undefined ? undefined : { ...failure.error, atMs: failure.atMs },
  }) as ModelPerformance;
};

/**
 * Makes a window over the last `maxCalls` calls of a model. Figures are worked out when somebody asks, and kept until the next
 * call.
 * @example performanceWindow(100, [{ atMs: 9, durationMs: 500, outputTokens: 40 }]).summary().tokensPerSecond // => 80
 */
export const performanceWindow = (maxCalls = 100, calls: readonly CallRecord[] = []): PerformanceWindow => {
  checkAtLeast('maxCalls', maxCalls, 1);
  const ring: CallRecord[] = calls.slice(-maxCalls);
  let oldest = 0;
  let summary: ModelPerformance | undefined;
  const inOrder = (): readonly CallRecord[] => [...ring.slice(oldest), ...ring.slice(0, oldest)];
  return {
    add: (call) => {
      summary = undefined;
      if (ring.length < maxCalls) {
        ring.push(call);
        return;
      }
      ring[oldest] = call;
      oldest = (oldest + 1) % maxCalls;
    },
    summary: () => {
      summary ??= summaryOf(inOrder());
      return summary;
    },
    calls: inOrder,
  };
};

/** Failures that say something of the request or its budget, and nothing of the model. */
const notTheModels: ReadonlySet<string> = new Set<ErrorCode>([
  'bad-input',
  'bad-option',
  'bad-schema',
  'budget-exceeded',
  'circuit-open',
  'content-refused',
  'context-too-long',
  'dependency-missing',
  'price-unknown',
  'queue-full',
  'unsupported',
]);

const longestMessage = 200;

const errorOf = (error: unknown): { readonly code: string; readonly message: string } => ({
  code: isPipewrightError(error) ? error.code : 'unknown',
  message: scrubText(messageOf(error)).slice(0, longestMessage),
});

/** Whether an event shows a piece of an answer. */
export const isDelta = ({ type }: RunEvent): boolean =>
  type === 'text-delta' || type === 'reasoning-delta' || type === 'tool-call-delta';

/** The same run with a listener that remembers when the first piece came; nobody listens to a run that is not watched. */
const watchFirstText = (run: Run): { readonly run: Run; readonly firstAtMs: () => number | undefined } => {
  let firstAtMs: number | undefined;
  if (!run.isWatched) return { run, firstAtMs: () => undefined };
  const on = (event: RunEvent): void => {
    if (firstAtMs === undefined && isDelta(event)) firstAtMs = event.atMs;
  };
  return { run: run.with({ on }), firstAtMs: () => firstAtMs };
};

/**
 * Measures every call of a model into a window: time, time to the first text (of runs that are watched), tokens, cost, failure.
 * Calls that their caller aborted, and failures that are the request's own, are left out. The model stays a `ChatModel`.
 * @example (await measured(scripted(['Hi']), performanceWindow())('Hello')).text // => 'Hi'
 */
export const measured = <M extends ChatModel>(model: M, window: Pick<PerformanceWindow, 'add'>): M =>
  decorate(model as ChatModel, { kind: 'measured' }, async (input, outer, inner) => {
    const startedMs = outer.clock.now();
    const { run, firstAtMs } = watchFirstText(outer);
    try {
      const reply: ChatReply = await inner(input, run);
      const atMs = outer.clock.now();
      const first = firstAtMs();
      window.add({
        atMs,
        durationMs: atMs - startedMs,
        outputTokens: reply.usage.outputTokens,
        ...(first === undefined ? {} : { firstTextMs: first - startedMs }),
        ...(reply.costUsd === undefined ? {} : { costUsd: reply.costUsd }),
      });
      return reply;
    } catch (error) {
      outer.throwIfAborted();
      if (!isPipewrightError(error) || !notTheModels.has(error.code)) {
        const atMs = outer.clock.now();
        window.add({ atMs, durationMs: atMs - startedMs, outputTokens: 0, error: errorOf(error) });
      }
      throw error;
    }
  }) as unknown as M;
