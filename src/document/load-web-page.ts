import {
  checkAtLeast,
  createRun,
  type ErrorCode,
  isPipewrightError,
  linkedController,
  messageOf,
  PipewrightError,
  type Run,
} from '../core/index.js';
import { loadBytes, type LoadFileOptions } from './load-file.js';
import type { Loaded } from './loader.js';

export interface LoadWebPageOptions extends Pick<LoadFileOptions, 'loaders'> {
  /** The page must be there by then. @default 30000 */
  readonly timeoutMs?: number;
  /** A larger page is refused while it arrives. @default 10485760 */
  readonly maxBytes?: number;
  /** Sent with the request. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** @default the platform's `fetch` */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * Fetches a page, or a PDF, Markdown, JSON or CSV file, and reads it by its content type. Redirects are followed; the address that
 * answered is the `source`.
 * @throws {PipewrightError} `bad-input` for no HTTP address, `timeout`, `not-found` (404, 410), `not-allowed` (401, 403),
 * `rate-limited` (429), `connection-lost` (no or a broken answer, 5xx), `document-unsupported` (also: too large), and as `loadFile`.
 * @example (await loadWebPage('https://example.org/')).documents[0]?.title
 */
export const loadWebPage = async (
  url: string,
  options: LoadWebPageOptions = {},
  run: Run = createRun(),
): Promise<Loaded> => {
  const { timeoutMs = 30_000, maxBytes = 10_485_760, headers = {}, fetch = globalThis.fetch, loaders } = options;
  checkAtLeast('timeoutMs', timeoutMs, 1);
  checkAtLeast('maxBytes', maxBytes, 1);
  const address = addressOf(url);
  run.throwIfAborted();
  using controller = linkedController(run.signal);
  const { signal } = controller;
  const cancelTimer = run.clock.after(timeoutMs, () => controller.abort(tooSlow(url, timeoutMs)));
  let page: Page;
  try {
    page = await pageOf(await fetch(address, { headers, signal, redirect: 'follow' }), url, maxBytes);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (isPipewrightError(error)) throw error;
    throw failure('connection-lost', url, `did not answer properly (${reasonOf(error)})`, {
      isRetryable: true,
      cause: error,
    });
  } finally {
    cancelTimer();
  }
  const { bytes, name, mediaType } = page;
  return loadBytes(
    bytes,
    {
      name,
      maxFileBytes: maxBytes,
      ...(mediaType === undefined ? {} : { mediaType }),
      ...(loaders === undefined ? {} : { loaders }),
    },
    run,
  );
};

interface Page {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly mediaType: string | undefined;
}

interface FailureFacts {
  readonly isRetryable?: boolean;
  readonly cause?: unknown;
  readonly status?: number;
  readonly retryAfterMs?: number;
}

const failure = (code: ErrorCode, url: string, what: string, facts: FailureFacts = {}): PipewrightError => {
  const { isRetryable = false, cause, status, retryAfterMs } = facts;
  return new PipewrightError(code, `${url} ${what}.`, {
    retryable: isRetryable,
    cause,
    details: {
      where: url,
      ...(status === undefined ? {} : { status }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  });
};

const tooSlow = (url: string, timeoutMs: number): PipewrightError =>
  failure('timeout', url, `was not there within ${timeoutMs} ms`, { isRetryable: true });

/** `fetch` says only that it failed; why is in the cause. */
const reasonOf = (error: unknown): string => {
  const { cause } = error as { readonly cause?: unknown };
  return cause === undefined ? messageOf(error) : messageOf(cause);
};

const addressOf = (url: string): URL => {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address !== undefined && /^https?:$/.test(address.protocol)) return address;
  throw new PipewrightError('bad-input', `"${url}" is not an http or https address.`, { details: { where: url } });
};

const pageOf = async (response: Response, url: string, maxBytes: number): Promise<Page> => {
  if (!response.ok) {
    await response.body?.cancel();
    throw statusError(response, url);
  }
  const mediaType = response.headers.get('content-type') ?? undefined;
  if (mediaType !== undefined && /^(?:image|audio|video|font)\//i.test(mediaType)) {
    await response.body?.cancel();
    throw failure('document-unsupported', url, `is of type ${mediaType}, which holds no text`);
  }
  return { bytes: await bytesOf(response, url, maxBytes), name: withoutHash(response.url || url), mediaType };
};

const withoutHash = (url: string): string => url.split('#')[0] ?? url;

const bytesOf = async (response: Response, url: string, maxBytes: number): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop by an error cancels the body, and with it the connection.
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw failure('document-unsupported', url, `has more than \`maxBytes\` (${maxBytes} bytes)`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
};

const statusError = ({ status, headers }: Response, url: string): PipewrightError => {
  const what = `answered with status ${status}`;
  if (status === 404 || status === 410) return failure('not-found', url, what, { status });
  if (status === 401 || status === 403) return failure('not-allowed', url, what, { status });
  if (status === 429) {
    const seconds = Number(headers.get('retry-after') ?? Number.NaN);
    const wait = Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1_000 } : {};
    return failure('rate-limited', url, what, { status, isRetryable: true, ...wait });
  }
  if (status >= 500 || status === 408) return failure('connection-lost', url, what, { status, isRetryable: true });
  return failure('document-unsupported', url, what, { status });
};
