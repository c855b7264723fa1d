import { checkAtLeast, defineStep, type ErrorCode, PipewrightError, type Run, scrubText } from '../../core/index.js';
import { isText, listIn, member } from '../../ask/index.js';
import { timeout } from '../../resilience/index.js';
import { defaultLookup, type GuardedReply, guardedReply, type HttpToolRequest } from './guarded-request.js';
import type { WebSearch, WebSearchQuery, WebSearchResult } from './web-search.js';

export interface SearchApiOptions {
  /** @default the environment variable of the service, read at every call */
  readonly apiKey?: string;
  /** Another server that speaks the same, such as a proxy. @default that of the service */
  readonly baseUrl?: string;
  /** The answer must be there by then. @default 15000 */
  readonly timeoutMs?: number;
}

/** What tells one service from another. */
export interface SearchApi {
  readonly id: string;
  readonly variable: string;
  readonly baseUrl: string;
  readonly maxCount: number;
  /** The request for a query, and the header that carries the key. */
  readonly request: (query: WebSearchQuery, root: string) => HttpToolRequest;
  readonly keyHeader: (key: string) => Readonly<Record<string, string>>;
  /** Where the results stand in the answer; undefined when there is no such list. */
  readonly results: (data: unknown) => readonly unknown[] | undefined;
  readonly read: (result: unknown) => Partial<WebSearchResult>;
}

/** More than any page of results has reason to weigh. */
const maxBytes = 4_194_304;
const maxMessageLength = 300;

const keyOf = ({ id, variable }: SearchApi, { apiKey }: SearchApiOptions): string => {
  // A key read from a file often ends in a line break, which no header may hold.
  const key = (apiKey ?? process.env[variable] ?? '').trim();
  if (key !== '') return key;
  const message = `${id} needs an API key and has none. Set the environment variable ${variable}, or pass the option \`apiKey\`.`;
  throw new PipewrightError('not-allowed', message);
};

const codeOf = (status: number): ErrorCode => {
  if (status === 401 || status === 403) return 'not-allowed';
  // 432 and 433: limits of a plan at Tavily.
  if (status === 402 || status === 432 || status === 433) return 'quota-exhausted';
  if (status === 404) return 'not-found';
  if (status === 429) return 'rate-limited';
  return status >= 500 || status === 408 ? 'connection-lost' : 'bad-input';
};

const numbersIn = (header: string | readonly string[] | undefined): readonly number[] =>
  header === undefined ? [] : String(header).split(',').map(Number);

/** From `retry-after` in seconds or as a date, else from Brave's limits, each with what is left and when it is filled up again. */
const waitOf = ({ headers }: GuardedReply, nowMs: number): number | undefined => {
  const after = headers['retry-after'];
  if (after !== undefined) {
    const ms = Number.isFinite(Number(after)) ? Number(after) * 1_000 : Date.parse(after) - nowMs;
    return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
  }
  const resets = numbersIn(headers['x-ratelimit-reset']);
  const used = numbersIn(headers['x-ratelimit-remaining']).flatMap((left, index) =>
    left <= 0 ? [resets[index] ?? 0] : [],
  );
  return used.length === 0 ? undefined : Math.max(...used) * 1_000;
};

/** A limit that opens again after longer than this is that of a month. */
const longestWaitMs = 86_400_000;

/** What the server says about a failure, wherever it says it. */
const toldBy = (bytes: Buffer): string => {
  const text = bytes.toString('utf8');
  try {
    const data: unknown = JSON.parse(text);
    const told = [
      member(member(data, 'error'), 'detail'),
      member(member(data, 'detail'), 'error'),
      member(data, 'detail'),
      member(data, 'error'),
      member(data, 'message'),
    ];
    return told.find(isText) ?? '';
  } catch {
    return text.trimStart().startsWith('<') ? '' : text;
  }
};

const failureOf = ({ id }: SearchApi, reply: GuardedReply, key: string, run: Run): PipewrightError => {
  const retryAfterMs = waitOf(reply, run.clock.now());
  const found = codeOf(reply.status);
  const code = found === 'rate-limited' && (retryAfterMs ?? 0) > longestWaitMs ? 'quota-exhausted' : found;
  const told = scrubText(toldBy(reply.bytes), [key]).slice(0, maxMessageLength);
  return new PipewrightError(code, `${id} answered with status ${reply.status}${told === '' ? '' : `: ${told}`}.`, {
    retryable: code === 'rate-limited' || code === 'connection-lost',
    details: { status: reply.status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  });
};

const broken = (id: string, what: string, cause?: unknown): PipewrightError =>
  new PipewrightError('connection-lost', `${id} sent ${what}. Check the base URL, or try again.`, {
    retryable: true,
    cause,
  });

/** Titles and snippets may have marks of HTML in them. */
const plain = (text: string): string => text.replace(/<\/?[a-z][^<>]*>/giu, '');

const resultsOf = (api: SearchApi, { bytes }: GuardedReply): readonly WebSearchResult[] => {
  let data: unknown;
  try {
    data = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw broken(api.id, 'something that is not JSON', cause);
  }
  const results = api.results(data);
  if (results === undefined) throw broken(api.id, 'something that is no list of results');
  return results.flatMap((result) => {
    const { url = '', title = url, snippet = '', published } = api.read(result);
    // Addresses of other kinds are none that a reader could open.
    if (!/^https?:\/\//iu.test(url)) return [];
    return [{ title: plain(title), url, snippet: plain(snippet), ...(published === undefined ? {} : { published }) }];
  });
};

/** The text under a key; undefined where there is none. */
export const fieldIn = (value: unknown, key: string): string | undefined => {
  const text = member(value, key);
  return isText(text) && text !== '' ? text : undefined;
};

export const resultsIn = (value: unknown): readonly unknown[] | undefined => listIn(value, 'results');

/** @throws {PipewrightError} `bad-option` for a `baseUrl` that is none. */
export const searchApi = (api: SearchApi, options: SearchApiOptions): WebSearch => {
  const { baseUrl = api.baseUrl, timeoutMs = 15_000 } = options;
  checkAtLeast('timeoutMs', timeoutMs, 1);
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url === undefined || !/^https?:$/u.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new PipewrightError('bad-option', '`baseUrl` must be an http or https address without a password.');
  }
  const root = baseUrl.replace(/\/+$/u, '');
  const step = defineStep({ kind: 'web-search', name: api.id }, async (asked: WebSearchQuery, run: Run) => {
    const query = asked.query.trim();
    if (query === '')
      throw new PipewrightError('bad-input', `${api.id} must be told what to look for: the query is empty.`);
    const key = keyOf(api, options);
    // Who wrote the address of the service may have it in a private network.
    const guard = {
      allow: [url.host],
      canReachPrivate: true,
      maxRedirects: 0,
      maxBytes,
      headers: api.keyHeader(key),
      lookup: defaultLookup,
    };
    const count = Math.min(api.maxCount, Math.max(1, asked.count ?? 10));
    const reply = await guardedReply(api.request({ ...asked, query, count }, root), guard, run);
    if (reply.status !== 200) throw failureOf(api, reply, key, run);
    return resultsOf(api, reply).slice(0, count);
  });
  return timeout(step, { totalMs: timeoutMs });
};
