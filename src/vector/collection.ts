import { type Embedder, type Lock, PipewrightError, type VectorShape } from '../core/index.js';
import type { Documents } from './documents.js';
import type { Indexer } from './indexer.js';
import type { Meta, Records } from './records.js';
import type { Searcher } from './search.js';
import type { Table } from './table.js';
import type { VectorSpace } from './vector-space.js';

/** The parts of an open collection, as its operations share them. */
export interface Collection {
  /** What errors call it. */
  readonly where: string;
  readonly shape: VectorShape;
  readonly embedder: Embedder | undefined;
  /** Undefined for a collection in memory only. */
  readonly records: Records | undefined;
  readonly documents: Documents;
  readonly table: Table;
  readonly space: VectorSpace;
  readonly indexer: Indexer;
  readonly searcher: Searcher;
  /** Candidates kept on a walk through the graph, where a search does not say. */
  readonly efSearch: number;
  /** Writes take turns; searches do not wait. */
  readonly lock: Lock;
  /** True when reading has gone on for long enough: a caller that asks again and again must not hold the event loop. */
  readonly isTimeUp: () => boolean;
  /** The head as the store has it. */
  meta: Meta;
  /** Settles when store and table agree again after the batch that is being written. */
  written: Promise<unknown>;
  isClosed: boolean;
}

export const checkOpen = ({ isClosed, where }: Collection): void => {
  if (isClosed) throw new PipewrightError('store-closed', `The vector collection in ${where} is closed.`);
};
