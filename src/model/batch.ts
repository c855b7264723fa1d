import type { PipewrightError, Run, Step } from '../core/index.js';
import type { ChatInput, ChatReply } from './types.js';

/** What became of one request of a batch. */
export type BatchOutcome =
  | { readonly isOk: true; readonly reply: ChatReply }
  | { readonly isOk: false; readonly error: PipewrightError };

/**
 * A provider's batch service: requests that are handed in together and answered within hours, at a lower price. Called as a
 * step it hands in, waits, and resolves to one outcome for each request, in order.
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
