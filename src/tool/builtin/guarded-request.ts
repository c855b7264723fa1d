import { lookup as systemLookup } from 'node:dns';
import { type IncomingHttpHeaders, type IncomingMessage, type RequestOptions, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { messageOf, PipewrightError, type Run } from '../../core/index.js';
import { isPrivateAddress } from './private-address.js';

export interface RequestGuard {
  /** Hosts that may be asked: `api.example.com`, `*.example.com`, with a port where it is not the usual one. */
  readonly allow: readonly string[];
  readonly canReachPrivate: boolean;
  readonly maxRedirects: number;
  readonly maxBytes: number;
  /** Sent to the host that was asked for, not to where it redirects. */
  readonly headers: Readonly<Record<string, string>>;
  readonly lookup: LookupFunction;
}

export interface HttpToolRequest {
  readonly method: string;
  readonly url: string;
  readonly body?: string;
  readonly contentType?: string;
}

export interface HttpToolResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** The answer, and the address that it came from. */
export interface GuardedReply {
  readonly url: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

export const defaultLookup: LookupFunction = systemLookup as LookupFunction;

const refused = (url: string, why: string): PipewrightError =>
  new PipewrightError('not-allowed', `${url.slice(0, 300)} ${why}.`);

const matches = (host: string, pattern: string): boolean =>
  pattern.startsWith('*.') ? host.endsWith(pattern.slice(1).toLowerCase()) : host === pattern.toLowerCase();

/** The address, if it may be asked at all. Names are looked up later, and what they stand for is checked then. */
const allowedUrl = (text: string, { allow, canReachPrivate }: RequestGuard): URL => {
  if (!URL.canParse(text)) throw new PipewrightError('bad-input', `"${text.slice(0, 300)}" is no address.`);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused(text, 'is no http or https address');
  if (url.username !== '' || url.password !== '')
    throw refused(text.replace(/\/\/[^@]*@/u, '//…@'), 'holds a password');
  // A dot at the end makes the same name look like another.
  const host = url.host.replace(/\.(?=$|:)/u, '');
  if (!allow.some((pattern) => pattern === '*' || matches(host, pattern))) {
    throw refused(text, `is not at an allowed host (${allow.join(', ')})`);
  }
  const bare = url.hostname.replace(/^\[|\]$/gu, '');
  if (!canReachPrivate && isIP(bare) !== 0 && isPrivateAddress(bare)) throw refused(text, 'is in a private network');
  return url;
};

/** Looks a name up, and refuses it when any of its addresses is private: the connection is made to what was checked. */
const guardedLookup =
  ({ lookup, canReachPrivate }: RequestGuard): LookupFunction =>
  (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, []);
      const addresses = Array.isArray(found) ? found : [{ address: found, family: isIP(found) }];
      if (!canReachPrivate && addresses.some(({ address }) => isPrivateAddress(address))) {
        return done(refused(hostname, 'is in a private network') as NodeJS.ErrnoException, []);
      }
      const [first] = addresses;
      if (options.all === true || first === undefined) return done(null, addresses);
      return done(null, first.address, first.family);
    });
  };

const bodyOf = async (response: IncomingMessage, url: string, maxBytes: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop by an error closes the connection.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > maxBytes) throw refused(url, `answers with more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const send = (
  url: URL,
  asked: HttpToolRequest,
  guard: RequestGuard,
  isFirst: boolean,
  run: Run,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { method, body, contentType = 'application/json' } = asked;
    const options: RequestOptions = {
      method,
      // A connection of its own: one that is kept could be to another address.
      agent: false,
      lookup: guardedLookup(guard),
      signal: run.signal,
      headers: {
        accept: '*/*',
        'accept-encoding': 'identity',
        'user-agent': 'pipewright',
        ...(body === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }),
        ...(isFirst ? guard.headers : {}),
      },
    };
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, resolve);
    request.on('error', reject);
    request.end(body);
  });

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);

/** What is asked after a redirect: as browsers do, a 303, and a POST after 301 or 302, becomes a GET without a body. */
const redirected = (asked: HttpToolRequest, status: number, url: string): HttpToolRequest => {
  const isKept = status === 307 || status === 308 || asked.method === 'GET' || asked.method === 'HEAD';
  return isKept && status !== 303 ? { ...asked, url } : { method: 'GET', url };
};

/** The answer to one request, read whole unless it redirects. */
const replyTo = async (
  url: URL,
  asked: HttpToolRequest,
  guard: RequestGuard,
  isFirst: boolean,
  run: Run,
): Promise<GuardedReply> => {
  try {
    const response = await send(url, asked, guard, isFirst, run);
    const { statusCode: status = 0, headers } = response;
    const isElsewhere = isRedirect(status) && headers.location !== undefined;
    if (isElsewhere) response.destroy();
    const bytes = isElsewhere ? Buffer.alloc(0) : await bodyOf(response, asked.url, guard.maxBytes);
    return { url: url.href, status, headers, bytes };
  } catch (error) {
    run.throwIfAborted();
    if (error instanceof PipewrightError) throw error;
    const message = `${url.origin} did not answer properly (${messageOf(error)}).`;
    throw new PipewrightError('connection-lost', message, { retryable: true, cause: error });
  }
};

/**
 * Asks a server, if it is an allowed one on the public internet. Every redirect is checked as the first address was, and so is what
 * each name stands for, when the connection is made.
 * @throws {PipewrightError} `not-allowed`, `bad-input`, `connection-lost` (retryable).
 */
export const guardedReply = async (asked: HttpToolRequest, guard: RequestGuard, run: Run): Promise<GuardedReply> => {
  let next = asked;
  const { host } = allowedUrl(asked.url, guard);
  for (let redirects = 0; ; redirects++) {
    const url = allowedUrl(next.url, guard);
    const reply = await replyTo(url, next, guard, url.host === host, run);
    const { location } = reply.headers;
    if (!isRedirect(reply.status) || location === undefined) return reply;
    if (redirects >= guard.maxRedirects) throw refused(asked.url, `redirects more than ${guard.maxRedirects} times`);
    next = redirected(next, reply.status, new URL(location, url).href);
  }
};

/** The same with the answer as text. */
export const guardedRequest = async (
  asked: HttpToolRequest,
  guard: RequestGuard,
  run: Run,
): Promise<HttpToolResponse> => {
  const { status, headers, bytes } = await guardedReply(asked, guard, run);
  return { status, contentType: headers['content-type'] ?? '', body: bytes.toString('utf8') };
};
