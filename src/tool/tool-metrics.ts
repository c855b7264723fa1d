import {
  decorate,
  isPipewrightError,
  messageOf,
  type Run,
  scrubText,
  type Step,
  type StepLike,
} from '../core/index.js';
import { performanceWindow, type PerformanceWindow } from '../model/index.js';
import type { Tool } from './tool.js';

export interface ToolMetricsOptions {
  /** How many calls of each tool the figures rest on. @default 100 */
  readonly maxCalls?: number;
}

/** What the last calls of a tool took. A figure that no call tells is left out. */
export interface ToolPerformance {
  readonly tool: string;
  /** How many calls the figures rest on; those whose arguments were wrong are not among them. */
  readonly calls: number;
  /** The share of them that did not fail. */
  readonly successRatio?: number;
  readonly latencyP50Ms?: number;
  readonly latencyP95Ms?: number;
  /** The mean of what models that the tool asks cost for a call. */
  readonly costPerCallUsd?: number;
  /** Calls since the beginning that were refused for their arguments: many tell that the description is not understood. */
  readonly refusedCalls: number;
  readonly lastError?: { readonly code: string; readonly message: string; readonly atMs: number };
}

export interface ToolMetrics {
  /** The same tool, with every call measured. Calls that their caller aborted are left out. */
  readonly measure: <T extends Tool>(tool: T) => T;
  /** Undefined for a tool that is not measured. */
  readonly of: (name: string) => ToolPerformance | undefined;
  /** Of all tools, in the order in which they came. */
  readonly all: () => readonly ToolPerformance[];
  /**
   * The share of the calls since a time that did not fail, counted so that one call more had succeeded: 1 for a tool of which
   * nothing is known.
   */
  readonly reliability: (name: string, sinceMs: number) => number;
}

interface Measured {
  readonly name: string;
  readonly window: PerformanceWindow;
  refusedCalls: number;
}

const longestMessage = 200;

/** Whether the tool refused its arguments; what it is given by others inside is no business of the caller. */
const isRefusal = (name: string, error: unknown): boolean =>
  isPipewrightError(error) && error.code === 'bad-input' && error.details.where === name;

const errorOf = (error: unknown): { readonly code: string; readonly message: string } => ({
  code: isPipewrightError(error) ? error.code : 'unknown',
  message: scrubText(messageOf(error)).slice(0, longestMessage),
});

const measureCall = async (
  measured: Measured,
  input: unknown,
  outer: Run,
  inner: StepLike<unknown, unknown>,
): Promise<unknown> => {
  const startedMs = outer.clock.now();
  // An empty budget gives a meter of its own: what the tool itself spends.
  const run = outer.with({ budget: {} });
  const record = (more: object): void => {
    const atMs = run.clock.now();
    const { costUsd } = run.meter.spent;
    measured.window.add({ atMs, durationMs: atMs - startedMs, outputTokens: 0, costUsd, ...more });
  };
  try {
    const output = await inner(input, run);
    record({});
    return output;
  } catch (error) {
    outer.throwIfAborted();
    if (isRefusal(measured.name, error)) measured.refusedCalls++;
    else record({ error: errorOf(error) });
    throw error;
  }
};

const performanceOf = ({ name: tool, window, refusedCalls }: Measured): ToolPerformance => {
  const { firstTextP50Ms: _, tokensPerSecond: __, ...figures } = window.summary();
  return { tool, refusedCalls, ...figures };
};

/**
 * Measures tools: success, latency and cost of their last calls. What it holds is bounded by `maxCalls` for each tool.
 * @throws {PipewrightError} `bad-option`.
 * @example
 * const metrics = toolMetrics();
 * await metrics.measure(calculator())({ expression: '1 + 1' });
 * metrics.of('calculator')?.successRatio // => 1
 */
export const toolMetrics = ({ maxCalls = 100 }: ToolMetricsOptions = {}): ToolMetrics => {
  performanceWindow(maxCalls);
  const byName = new Map<string, Measured>();
  const measuredOf = (name: string): Measured => {
    const measured = byName.get(name) ?? { name, window: performanceWindow(maxCalls), refusedCalls: 0 };
    byName.set(name, measured);
    return measured;
  };
  return {
    measure: (tool) => {
      const measured = measuredOf(tool.name);
      return decorate(tool as unknown as Step<unknown, unknown>, { kind: 'measured' }, (input, run, inner) =>
        measureCall(measured, input, run, inner),
      ) as unknown as typeof tool;
    },
    of: (name) => {
      const measured = byName.get(name);
      return measured && performanceOf(measured);
    },
    all: () => [...byName.values()].map(performanceOf),
    reliability: (name, sinceMs) => {
      const calls =
        byName
          .get(name)
          ?.window.calls()
          .filter(({ atMs }) => atMs >= sinceMs) ?? [];
      return (calls.filter(({ error }) => error === undefined).length + 1) / (calls.length + 1);
    },
  };
};
