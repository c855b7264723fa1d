import { callStep, defineStep, type Filter, queryOf, type Retriever } from '../core/index.js';
import type { Modality } from '../document/index.js';
import { hybrid } from '../retrieve/index.js';

export interface ByModalityOptions {
  /** How much each kind of passage counts; 0 leaves it out. @default { text: 1, table: 1, image: 1 } */
  readonly weights?: Partial<Readonly<Record<Modality, number>>>;
}

const ofModality = (retriever: Retriever, modality: Modality): Retriever =>
  defineStep(
    { kind: 'retriever', name: modality, children: [{ label: 'retrieve', step: retriever }] },
    async (query, run) => {
      const asked = queryOf(query);
      const own: Filter = { modality };
      const filter = asked.filter === undefined ? own : { $and: [asked.filter, own] };
      return await callStep(retriever, { ...asked, filter }, run, 'retrieve');
    },
  );

/**
 * Searches texts, tables and pictures of an index each on their own, and fuses the lists by rank: a table that fits is not
 * crowded out by the many passages of text that share its words. For documents of `multimodalLoader`.
 * @throws {PipewrightError} `bad-option` for a weight below 0.
 * @example byModality(keywords.retriever(), { weights: { table: 2 } })
 */
export const byModality = (retriever: Retriever, options: ByModalityOptions = {}): Retriever => {
  const weights: Readonly<Record<Modality, number>> = { text: 1, table: 1, image: 1, ...options.weights };
  const modalities = (Object.keys(weights) as Modality[]).filter((modality) => weights[modality] !== 0);
  return hybrid(
    modalities.map((modality) => ofModality(retriever, modality)),
    { weights: modalities.map((modality) => weights[modality]) },
  );
};
