import {
  type AnyStep,
  callStep,
  compileFilter,
  defineStep,
  queryOf,
  type Retriever,
  type StepLike,
} from '../core/index.js';
import type { FilteredQuery } from './declared-fields.js';
import { attempt, bothFilters, type OnFailure } from './query.js';

export interface SelfQueryOptions {
  /** `skip` searches for the query as it is when it cannot be read, and emits a warning. @default 'skip' */
  readonly onFailure?: OnFailure;
}

/**
 * Reads a filter out of the question: a reader makes of it what to search for and among which documents, beside the filter that the
 * query has already. When the reader fails or its filter is malformed, the query is asked as it is, with a warning. Every filter
 * read is emitted as the custom event `filter-read`. One call of the reader and one search.
 * @throws {PipewrightError} what the retriever throws.
 * @example selfQuery(documents.retriever(), patternReader({ year: { type: 'number' } }))
 */
export const selfQuery = (
  retriever: Retriever,
  reader: StepLike<string, FilteredQuery>,
  options: SelfQueryOptions = {},
): Retriever => {
  const { onFailure = 'skip' } = options;
  const children = [
    { label: 'reader', step: reader as AnyStep },
    { label: 'retriever', step: retriever },
  ];
  return defineStep({ kind: 'self-query', children }, async (query, run) => {
    const asked = queryOf(query);
    const read = await attempt('Reading a filter out of the query', onFailure, run, async () => {
      const made = await callStep(reader, asked.text, run, 'reader');
      if (made.filter !== undefined) compileFilter(made.filter);
      return made;
    });
    const { text = asked.text, filter: found } = read ?? {};
    if (found !== undefined) run.emit({ type: 'custom', name: 'filter-read', data: found });
    const filter = bothFilters(asked.filter, found);
    // What a question only narrows by may leave nothing to search for.
    const search = text.trim() === '' ? asked.text : text;
    return callStep(
      retriever,
      { ...asked, text: search, ...(filter === undefined ? {} : { filter }) },
      run,
      'retriever',
    );
  });
};
