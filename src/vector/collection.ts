import { callStep, type Embedder, type Lock, PipewrightError, type Run } from '../core/index.js';
import type { Indexer } from './indexer.js';
import type { Meta, Records } from './records.js';
import type { Searcher } from './search.js';
import type { Table } from './table.js';
import type { VectorShape } from './vectors.js';

/** The parts of an open collection, as its operations share them. */
export interface Collection {
  readonly shape: VectorShape;
  readonly embedder: Embedder | undefined;
  readonly records: Records;
  readonly table: Table;
  readonly indexer: Indexer;
  readonly searcher: Searcher;
  /** Writes take turns; searches do not wait. */
  readonly lock: Lock;
  /** True when reading has gone on for long enough: a caller that asks again and again must not hold the event loop. */
  readonly isTimeUp: () => boolean;
  /** The head as the store has it. */
  meta: Meta;
  isClosed: boolean;
}

export const checkOpen = ({ isClosed, records }: Collection): void => {
  if (isClosed) throw new PipewrightError('store-closed', `The vector collection in ${records.where} is closed.`);
};

/** Calls the embedder and checks that it keeps its word. */
export const embed = async (
  embedder: Embedder,
  texts: readonly string[],
  run: Run,
): Promise<readonly Float32Array[]> => {
  const vectors = await callStep(embedder, texts, run);
  if (vectors.length === texts.length) return vectors;
  throw new PipewrightError(
    'output-invalid',
    `The embedder ${embedder.id} returned ${vectors.length} vectors for ${texts.length} texts.`,
  );
};
