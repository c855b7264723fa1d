import type { PipewrightError, Run, Step } from '../core/index.js';
import type { ChatInput, ChatReply, ChatRequest, ModelEvent, Provider } from './types.js';

/** What became of one request of a batch. */
export type BatchOutcome =
  | { readonly isOk: true; readonly reply: ChatReply }
  | { readonly isOk: false; readonly error: PipewrightError };

/**
 * A provider's batch service: requests that are handed in together and answered within hours, at a lower price. Called as a
 * step it hands in, waits, and resolves to one outcome for each request, in order. A run that is aborted stops waiting; the
 * batch goes on, and its id, which the `progress` events tell, still collects it.
 */
export interface BatchModel extends Step<readonly ChatInput[], readonly BatchOutcome[]> {
  readonly id: string;
  readonly model: string;
  readonly provider: string;
  /** Hands requests in; resolves to the id of the batch, which any later process may collect. */
  readonly submit: (inputs: readonly ChatInput[], run?: Run) => Promise<string>;
  /** Waits until a batch has ended, telling `progress`, and resolves to its outcomes. */
  readonly collect: (batchId: string, run?: Run) => Promise<readonly BatchOutcome[]>;
  /** Asks the provider to stop; what was answered by then can still be collected. */
  readonly cancel: (batchId: string, run?: Run) => Promise<void>;
}

/** The small things that a provider implements; `batchModel` makes the step. Failures are thrown as our errors. */
export interface BatchService extends Omit<Provider, 'stream'> {
  /** What a batch costs of the price of single calls: 0.5 for half. */
  readonly priceRatio: number;
  readonly submit: (requests: readonly ChatRequest[], run: Run) => Promise<string>;
  /** How it stands. Throws, with an error that is not retryable, when the batch as a whole was refused. */
  readonly status: (batchId: string, run: Run) => Promise<BatchStatus>;
  /** What became of the requests of a batch that has ended, in any order, read piece by piece. */
  readonly results: (batchId: string, run: Run) => AsyncIterable<BatchResult>;
  readonly cancel: (batchId: string, run: Run) => Promise<void>;
}

export interface BatchStatus {
  readonly hasEnded: boolean;
  /** Requests that were answered, or have failed. */
  readonly done: number;
  /** All requests; 0 while the provider does not know. */
  readonly total: number;
}

/** `index` is the place among the requests that were handed in. */
export type BatchResult = { readonly index: number } & (
  | { readonly events: readonly ModelEvent[] }
  | { readonly error: PipewrightError }
);
