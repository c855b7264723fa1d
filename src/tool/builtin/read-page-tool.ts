import type { LookupFunction } from 'node:net';
import { checkAtLeast, PipewrightError } from '../../core/index.js';
import { answerSchema, integerSchema, numberIn, objectSchema, textIn, textSchema } from '../../ask/index.js';
import { loadBytes } from '../../document/index.js';
import { type Tool, tool } from '../tool.js';
import { defaultLookup, guardedReply } from './guarded-request.js';
import { untrustedNotice } from './web-search.js';

export interface ReadPageToolOptions {
  /** Hosts whose pages may be read: `example.org`, `*.example.org`, or `*` for the whole public internet. */
  readonly allow: readonly string[];
  /** A larger page is refused while it arrives. @default 5242880 */
  readonly maxBytes?: number;
  /** Characters that a model is shown at once. @default 20000 */
  readonly maxTextLength?: number;
  /** @default 30000 */
  readonly timeoutMs?: number;
  /** Whether hosts in private networks and this machine may be asked. @default false */
  readonly canReachPrivate?: boolean;
  /** Looks names up. @default the system's */
  readonly lookup?: LookupFunction;
}

export interface PageRequest {
  readonly url: string;
  /** Where to go on reading, as a page before said. @default 0 */
  readonly from?: number;
}

export interface PageText {
  readonly notice: string;
  /** Where the page was in the end, redirects followed. */
  readonly url: string;
  readonly title?: string;
  readonly text: string;
  /** Where the rest begins; missing at the end. */
  readonly next?: number;
}

const input = answerSchema<PageRequest>(
  {
    ...objectSchema({
      url: textSchema,
      from: { ...integerSchema, minimum: 0, description: 'Where to go on: the `next` of the part before.' },
    }),
    required: ['url'],
  },
  (value) => {
    const [url, from] = [textIn(value, 'url'), numberIn(value, 'from') ?? 0];
    if (url === '') return { issues: ['url: must be an address'] };
    return Number.isInteger(from) && from >= 0
      ? { value: { url, from } }
      : { issues: ['from: must be a place from 0'] };
  },
);

/** Not through a character that has two halves. */
const cutAt = (text: string, end: number): number => (/[\uD800-\uDBFF]/u.test(text.charAt(end - 1)) ? end - 1 : end);

/**
 * A tool that reads a page of the web, or a PDF, Markdown, JSON or CSV file there, as text: the article of a page without its
 * navigation and scripts. Only allowed hosts are asked, and none in private networks, as by `httpTool`. Pages are untrusted: the tool is
 * marked so for policies, and every text comes with a notice that says it. HTML needs the packages that `htmlLoader` needs.
 * Costs the text as input tokens of every request behind it.
 * The step throws as `httpTool` and `loadBytes` do, and `not-found` for a page that is not there.
 * @throws {PipewrightError} `bad-option`.
 * @example readPageTool({ allow: ['*.example.org'] }).name // => 'read_page'
 */
export const readPageTool = (options: ReadPageToolOptions): Tool<PageRequest, PageText> => {
  const { allow, maxBytes = 5_242_880, maxTextLength = 20_000, timeoutMs = 30_000 } = options;
  const { canReachPrivate = false, lookup = defaultLookup } = options;
  checkAtLeast('maxBytes', maxBytes, 1);
  checkAtLeast('maxTextLength', maxTextLength, 2);
  if (allow.length === 0) throw new PipewrightError('bad-option', 'Name at least one host in `allow`.');
  const guard = { allow, headers: {}, maxBytes, maxRedirects: 5, canReachPrivate, lookup };
  return tool({
    name: 'read_page',
    description: `Reads a page of the web as text, ${maxTextLength} characters at once. ${untrustedNotice}`,
    input,
    timeoutMs,
    isReadOnly: true,
    isOutward: true,
    isUntrusted: true,
    run: async ({ url, from = 0 }, run) => {
      const reply = await guardedReply({ method: 'GET', url }, guard, run);
      if (reply.status !== 200) {
        const code = reply.status === 404 || reply.status === 410 ? 'not-found' : 'connection-lost';
        throw new PipewrightError(code, `${reply.url} answered with status ${reply.status}.`, {
          details: { status: reply.status },
        });
      }
      const mediaType = reply.headers['content-type'];
      const named = { name: reply.url, maxFileBytes: maxBytes, ...(mediaType === undefined ? {} : { mediaType }) };
      const { documents } = await loadBytes(reply.bytes, named, run);
      const text = documents.map((document) => document.text).join('\n\n');
      const title = documents[0]?.title;
      const end = from + maxTextLength < text.length ? cutAt(text, from + maxTextLength) : text.length;
      return {
        notice: untrustedNotice,
        url: reply.url,
        ...(title === undefined ? {} : { title }),
        text: text.slice(from, end),
        ...(end < text.length ? { next: end } : {}),
      };
    },
  });
};
