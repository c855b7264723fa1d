import { type JsonApi, jsonApi } from '../shared/index.js';

export interface VoyageConnection {
  readonly apiKey?: string;
  readonly baseUrl?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const voyageApi = (id: string, { apiKey, baseUrl, headers }: VoyageConnection): JsonApi =>
  jsonApi({
    id,
    apiKey,
    variable: 'VOYAGE_API_KEY',
    defaultBaseUrl: 'https://api.voyageai.com/v1',
    baseUrl,
    headers,
  });
