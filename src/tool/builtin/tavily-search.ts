import { fieldIn, resultsIn, searchApi, type SearchApiOptions } from './search-api.js';
import type { WebSearch } from './web-search.js';

/**
 * Searches the web with the Tavily API: up to 20 results a query, in its basic depth, which costs one credit. It takes no language. The
 * key is read from TAVILY_API_KEY. Throws as `braveSearch` does.
 * @throws {PipewrightError} `bad-option`.
 * @example webSearchTool(tavilySearch(), { count: 3 })
 */
export const tavilySearch = (options: SearchApiOptions = {}): WebSearch =>
  searchApi(
    {
      id: 'tavily',
      variable: 'TAVILY_API_KEY',
      baseUrl: 'https://api.tavily.com',
      maxCount: 20,
      request: ({ query, count, freshness, site }, root) => ({
        method: 'POST',
        url: `${root}/search`,
        body: JSON.stringify({
          query,
          search_depth: 'basic',
          max_results: count,
          ...(freshness === undefined ? {} : { time_range: freshness }),
          ...(site === undefined ? {} : { include_domains: [site] }),
        }),
      }),
      keyHeader: (key) => ({ accept: 'application/json', authorization: `Bearer ${key}` }),
      results: resultsIn,
      read: (result) => {
        const published = fieldIn(result, 'published_date');
        return {
          title: fieldIn(result, 'title') ?? '',
          url: fieldIn(result, 'url') ?? '',
          snippet: fieldIn(result, 'content') ?? '',
          ...(published === undefined ? {} : { published }),
        };
      },
    },
    options,
  );
