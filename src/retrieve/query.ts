import {
  checkAtLeast,
  type Filter,
  messageOf,
  PipewrightError,
  type Query,
  type QueryWithOptions,
  queryOf,
  type Run,
} from '../core/index.js';
import type { SearchQuery } from './retriever.js';

/** What a combinator does when the part that should make its search better fails. */
export type OnFailure = 'fail' | 'skip';

/** A query spelt out, with the number of hits wanted. */
export const askedOf = (query: Query, defaultK: number): SearchQuery => {
  const asked = queryOf(query);
  const { k = defaultK } = asked;
  checkAtLeast('k', k, 1);
  return { ...asked, k };
};

/** Both conditions, where there are both. */
export const bothFilters = (first: Filter | undefined, second: Filter | undefined): Filter | undefined =>
  first !== undefined && second !== undefined ? { $and: [first, second] } : (first ?? second);

/** The query for a retriever inside: with the filter, but without `minScore`, which speaks of other scores. */
export const innerQuery = ({ filter }: QueryWithOptions, text: string, k: number): QueryWithOptions => ({
  text,
  k,
  ...(filter === undefined ? {} : { filter }),
});

/** The hits that were asked for, of a list that is in order. */
export const wanted = <T extends { readonly score: number }>(
  hits: readonly T[],
  { k, minScore }: SearchQuery,
): readonly T[] => (minScore === undefined ? hits : hits.filter(({ score }) => score >= minScore)).slice(0, k);

/** Best first; hits of the same score stay in their order. */
export const byScore = (a: { readonly score: number }, b: { readonly score: number }): number => b.score - a.score;

/**
 * What the work gives, or undefined where it fails and that may be skipped: then the run gets a warning. An abort is no failure.
 */
export const attempt = async <T>(
  what: string,
  onFailure: OnFailure,
  run: Run,
  work: () => T | Promise<T>,
): Promise<T | undefined> => {
  try {
    return await work();
  } catch (error) {
    run.throwIfAborted();
    if (onFailure === 'fail') throw error;
    run.emit({ type: 'warning', message: `${what} failed: ${messageOf(error)}` });
    return undefined;
  }
};

/** Throws `bad-option` unless the value is one of those that there are. */
export const checkOneOf = (option: string, value: string, known: readonly string[]): void => {
  if (known.includes(value)) return;
  throw new PipewrightError('bad-option', `\`${option}\` must be one of ${known.join(', ')}, got ${value}.`);
};
