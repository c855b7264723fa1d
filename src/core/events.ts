import type { Hit } from './document.js';
import type { Usage } from './usage.js';

/** One stretch of work inside a run. Spans nest; `path` names them from the outside in. */
export interface Span {
  /** Unique within the run. */
  readonly id: number;
  readonly name: string;
  readonly path: readonly string[];
  readonly parent?: Span;
}

/** Closed: calls go through. Open: they are refused. Half-open: a few go through to find out. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** What steps tell their run; told apart by `type`. */
export type RunEventBody =
  | { readonly type: 'step-start'; readonly kind: string; readonly input: unknown }
  | { readonly type: 'step-end'; readonly output: unknown; readonly durationMs: number }
  | { readonly type: 'step-error'; readonly error: unknown; readonly durationMs: number }
  | { readonly type: 'text-delta'; readonly text: string }
  | { readonly type: 'reasoning-delta'; readonly text: string }
  | {
      readonly type: 'tool-call-delta';
      readonly id: string;
      readonly name: string;
      /** The next piece of the arguments' JSON text. */
      readonly text: string;
    }
  | { readonly type: 'tool-call'; readonly id: string; readonly name: string; readonly input: unknown }
  /** Everything that this span and those inside it showed (text, reasoning, tool calls) no longer counts. */
  | { readonly type: 'retract'; readonly reason: string }
  | { readonly type: 'usage'; readonly model: string; readonly usage: Usage; readonly costUsd?: number }
  /** `attempt`, counted from 1, failed with `error`; the next one starts after the wait. */
  | { readonly type: 'retry-wait'; readonly attempt: number; readonly waitMs: number; readonly error: unknown }
  | { readonly type: 'fallback-switch'; readonly from: string; readonly to: string; readonly error: unknown }
  /** An answer came from a cache: exact, or `similarity` says how near the question was. */
  | { readonly type: 'cache-hit'; readonly key: string; readonly similarity?: number }
  | { readonly type: 'cache-miss'; readonly key: string }
  | { readonly type: 'circuit-change'; readonly name: string; readonly from: CircuitState; readonly to: CircuitState }
  /** The call stands in a queue: for its share of a rate, or for a free place. */
  | { readonly type: 'queue-wait'; readonly name: string; readonly ahead: number }
  /** A further try of the same call started beside those that have not answered yet; `attempt` counts from 2. */
  | { readonly type: 'hedge-start'; readonly attempt: number }
  /** A target takes no calls until `untilMs`. */
  | { readonly type: 'target-eject'; readonly target: string; readonly untilMs: number; readonly error: unknown }
  /** A step was chosen among several, and why. */
  | { readonly type: 'choice-made'; readonly chosen: string; readonly reason: string }
  | { readonly type: 'sources-found'; readonly hits: readonly Hit[] }
  | { readonly type: 'progress'; readonly label: string; readonly done: number; readonly total?: number }
  | { readonly type: 'warning'; readonly message: string }
  /** For events of your own. */
  | { readonly type: 'custom'; readonly name: string; readonly data: unknown };

/** An event as a listener gets it: with its span and its time in milliseconds since 1970. */
export type RunEvent = RunEventBody & { readonly span: Span; readonly atMs: number };

export type RunListener = (event: RunEvent) => unknown;

/** Whether `span` is `ancestor` or lies inside it. */
export const isWithin = (span: Span, ancestor: Span): boolean => {
  for (let at: Span | undefined = span; at !== undefined; at = at.parent) if (at.id === ancestor.id) return true;
  return false;
};
