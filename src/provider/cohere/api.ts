import { type JsonApi, jsonApi } from '../shared/index.js';

export interface CohereConnection {
  readonly apiKey?: string;
  readonly baseUrl?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const cohereApi = (id: string, { apiKey, baseUrl, headers }: CohereConnection): JsonApi =>
  jsonApi({
    id,
    apiKey,
    variable: 'COHERE_API_KEY',
    defaultBaseUrl: 'https://api.cohere.com',
    baseUrl,
    headers,
  });
