import { getEventListeners } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRun, type Embedder } from '../../core/index.js';
import { caught, secretKey, stringsIn, timedClose } from '../../../test/wire/bad-servers.js';
import { badServer, type Behaviour, type Behaviours, type RecordedRequest } from '../../testing/index.js';
import { describeEmbedder } from '../../testing/suites/index.js';
import { voyageEmbedder, voyageReranker } from '../voyage/index.js';
import { cohereEmbedder, type CohereEmbedderOptions, cohereReranker } from './index.js';

const vectorOf = (text: string, length: number): Float32Array => {
  const vector = new Float32Array(length);
  for (const char of text) vector[(char.codePointAt(0) ?? 0) % length] = 3;
  return vector;
};
const base64 = (vector: Float32Array): string => Buffer.from(vector.buffer).toString('base64');

interface Asked {
  readonly texts: readonly string[];
  readonly input: readonly string[];
  readonly embedding_types: readonly ['float' | 'base64' | 'int8'];
  readonly output_dimension?: number;
}

const likeCohere = ({ body }: RecordedRequest): Behaviour => {
  const { texts, embedding_types, output_dimension = 1536 } = body as Asked;
  const vectors = texts.map((text) => vectorOf(text, output_dimension));
  const [type] = embedding_types;
  const sent = vectors.map((vector) => (type === 'base64' ? base64(vector) : [...vector]));
  const meta = { billed_units: { input_tokens: 2 * texts.length } };
  return { type: 'json', body: { embeddings: { [type]: sent }, meta } };
};

const likeVoyage = ({ body }: RecordedRequest): Behaviour => {
  const { input, output_dimension = 1024 } = body as Asked;
  const items = input.map((text, index) => ({ index, embedding: base64(vectorOf(text, output_dimension)) }));
  return { type: 'json', body: { data: items.reverse(), usage: { total_tokens: 3 * input.length } } };
};

const serving = async (behaviours: Behaviours): Promise<{ url: string; requests: readonly RecordedRequest[] }> => {
  const server = await badServer(behaviours);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
};

for (const encoding of ['float', 'base64', 'int8'] as const) {
  describeEmbedder(`cohereEmbedder with ${encoding}`, {
    create: async () => cohereEmbedder('embed-v4.0', { baseUrl: (await serving(likeCohere)).url, encoding }),
  });
}
describeEmbedder('voyageEmbedder', {
  create: async () => voyageEmbedder('voyage-3.5', { baseUrl: (await serving(likeVoyage)).url }),
});

describe('cohereEmbedder', () => {
  it('says what the texts are for, and asks for shorter vectors', async () => {
    const { url, requests } = await serving(likeCohere);
    const options: CohereEmbedderOptions = {
      inputType: 'search_query',
      dimensions: 256,
      providerOptions: { truncate: 'NONE' },
    };
    const [vector] = await cohereEmbedder('embed-v4.0', { baseUrl: url, ...options })(['', 'b']);
    expect(vector).toHaveLength(256);
    expect(requests[0]?.body).toEqual({
      model: 'embed-v4.0',
      texts: [' ', 'b'],
      input_type: 'search_query',
      embedding_types: ['float'],
      output_dimension: 256,
      truncate: 'NONE',
    });
  });

  it('Q18 sends at most 96 texts in a request, and counts each', async () => {
    const { url, requests } = await serving(likeCohere);
    const run = createRun();
    const embedder = cohereEmbedder('embed-v4.0', { baseUrl: url, price: { input: 1_000_000, output: 0 } });
    const texts = Array.from({ length: 200 }, (_, index) => String.fromCodePoint(65 + index));
    const vectors = await embedder(texts, run);
    expect(requests.map(({ body }) => (body as Asked).texts.length)).toEqual([96, 96, 8]);
    expect(vectors[150]).toEqual(vectorOf(texts[150] ?? '', 1536).map((value) => value / 3));
    expect(run.meter.spent).toMatchObject({ calls: 3, costUsd: 400, usage: { inputTokens: 400, isEstimated: false } });
  });

  it('refuses sizes and forms that make no sense', () => {
    expect(() => cohereEmbedder('new-model')).toThrow(/Pass `dimensions`/);
    expect(() => cohereEmbedder('embed-v4.0', { dimensions: 0.5 })).toThrow(/whole number/);
    expect(() => cohereEmbedder('embed-v4.0', { encoding: 'binary' as 'float' })).toThrow(/encoding/);
    expect(() => cohereEmbedder('embed-v4.0', { baseUrl: 'nowhere' })).toThrow(/baseUrl/);
  });
});

describe('voyageEmbedder', () => {
  it('says what the texts are for, and keeps to the tokens of a request', async () => {
    const { url, requests } = await serving(likeVoyage);
    const run = createRun();
    const long = 'word '.repeat(20_000);
    await voyageEmbedder('voyage-4', { baseUrl: url, inputType: 'query', dimensions: 512 })([long, long, 'a'], run);
    expect(requests.map(({ body }) => (body as Asked).input.length)).toEqual([1, 2]);
    expect(requests[0]?.body).toMatchObject({ input_type: 'query', encoding_format: 'base64', output_dimension: 512 });
    expect(run.meter.spent.usage.inputTokens).toBe(9);
  });
});

type Call = readonly [string, (baseUrl: string) => (run?: ReturnType<typeof createRun>) => Promise<unknown>];
const embedding = (embedder: Embedder) => (run?: ReturnType<typeof createRun>) => embedder(['a', 'b'], run);
const query = { query: 'a', texts: ['a', 'b'] };
const calls: readonly Call[] = [
  ['cohereEmbedder', (baseUrl) => embedding(cohereEmbedder('embed-v4.0', { baseUrl, apiKey: secretKey }))],
  ['voyageEmbedder', (baseUrl) => embedding(voyageEmbedder('voyage-3.5', { baseUrl, apiKey: secretKey }))],
  ['cohereReranker', (baseUrl) => (run) => cohereReranker('m', { baseUrl, apiKey: secretKey })(query, run)],
  ['voyageReranker', (baseUrl) => (run) => voyageReranker('m', { baseUrl, apiKey: secretKey })(query, run)],
];

describe.each(calls)('%s with a bad server', (_name, at) => {
  const json = { 'content-type': 'application/json' };
  it.each<Behaviour>([{ type: 'silence' }, { type: 'sse', chunks: ['{"data":'], ending: 'stall', headers: json }])(
    'Q04 Q05 Q19 closes the socket within 100 ms of an abort, and counts an estimate',
    async (behaviour) => {
      await using server = await badServer(behaviour);
      const control = new AbortController();
      const run = createRun({ signal: control.signal });
      const outcome = at(server.url)(run).catch((reason: unknown) => reason);
      await server.request(0);
      control.abort('enough');
      expect(await outcome).toBe('enough');
      const { how, ms } = await timedClose(server);
      expect(how).toBe('cut');
      expect(ms).toBeLessThan(100);
      expect(run.meter.spent).toMatchObject({ calls: 1, usage: { isEstimated: true } });
      expect(getEventListeners(control.signal, 'abort')).toHaveLength(0);
    },
  );

  it('Q26 Q30 maps failures, without the key', async () => {
    await using server = await badServer([
      { type: 'json', status: 429, headers: { 'retry-after': '1' }, body: { message: `Key ${secretKey} is too fast` } },
      { type: 'json', status: 401, body: { detail: `Wrong: Bearer ${secretKey}` } },
      { type: 'text', status: 502, text: '<html>Bad gateway</html>' },
      { type: 'text', text: '{"data":', headers: json },
      { type: 'json', body: {} },
      { type: 'reset' },
    ]);
    const codes = ['rate-limited', 'not-allowed', 'model-failed', 'model-failed', 'model-failed', 'connection-lost'];
    const call = at(server.url);
    for (const code of codes) {
      const run = createRun();
      const error = await caught(call(run));
      expect(error.code).toBe(code);
      expect(stringsIn(error).filter((text) => text.includes(secretKey))).toEqual([]);
      // Whether the server did the work before the connection broke is not known.
      expect(run.meter.spent.usage.inputTokens > 0).toBe(code === 'connection-lost');
    }
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(codes.map(() => `Bearer ${secretKey}`));
  });
});
