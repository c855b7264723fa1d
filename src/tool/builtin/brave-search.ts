import { listIn, isText, member } from '../../ask/index.js';
import { fieldIn, resultsIn, searchApi, type SearchApiOptions } from './search-api.js';
import type { Freshness, WebSearch, WebSearchQuery } from './web-search.js';

const freshness: Readonly<Record<Freshness, string>> = { day: 'pd', week: 'pw', month: 'pm', year: 'py' };

const parametersOf = ({ query, count, freshness: age, site, language }: WebSearchQuery): URLSearchParams => {
  const parameters = new URLSearchParams({
    q: site === undefined ? query : `${query} site:${site}`,
    count: String(count),
    result_filter: 'web',
    text_decorations: 'false',
  });
  if (age !== undefined) parameters.set('freshness', freshness[age]);
  if (language !== undefined) parameters.set('search_lang', language);
  return parameters;
};

/**
 * Searches the web with the Brave Search API: up to 20 results a query, which may have 400 characters and 50 words. Costs what the plan
 * of the key says for one query. The key is read from BRAVE_SEARCH_API_KEY.
 * The step throws `not-allowed` (no or a wrong key), `rate-limited` (retryable, with the time to wait), `quota-exhausted`, `bad-input`,
 * `timeout`, and `connection-lost` (retryable) for no, a broken or a strange answer.
 * @throws {PipewrightError} `bad-option`.
 * @example webSearchTool(braveSearch(), { count: 3 })
 */
export const braveSearch = (options: SearchApiOptions = {}): WebSearch =>
  searchApi(
    {
      id: 'brave-search',
      variable: 'BRAVE_SEARCH_API_KEY',
      baseUrl: 'https://api.search.brave.com',
      maxCount: 20,
      request: (query, root) => ({ method: 'GET', url: `${root}/res/v1/web/search?${parametersOf(query)}` }),
      keyHeader: (key) => ({ accept: 'application/json', 'x-subscription-token': key }),
      // Without a result on the web there is no `web`.
      results: (data) => (member(data, 'type') === 'search' ? (resultsIn(member(data, 'web')) ?? []) : undefined),
      read: (result) => {
        const more = (listIn(result, 'extra_snippets') ?? []).filter(isText);
        const published = fieldIn(result, 'page_age');
        return {
          title: fieldIn(result, 'title') ?? '',
          url: fieldIn(result, 'url') ?? '',
          snippet: [fieldIn(result, 'description') ?? '', ...more].join(' ').trim(),
          ...(published === undefined ? {} : { published }),
        };
      },
    },
    options,
  );
