import type { LookupFunction } from 'node:net';
import { checkAtLeast, PipewrightError } from '../../core/index.js';
import { answerSchema, choiceSchema, objectSchema, type Read, textIn, textSchema } from '../../ask/index.js';
import { type Tool, tool } from '../tool.js';
import { defaultLookup, type HttpToolRequest, type HttpToolResponse, guardedRequest } from './guarded-request.js';

export interface HttpToolOptions {
  /** Hosts that may be asked: `api.example.com`, `*.example.com`, or `*` for the whole public internet. */
  readonly allow: readonly string[];
  /** @default ['GET'] */
  readonly methods?: readonly string[];
  /** Sent with each request, to the host that was asked for alone; the model never sees them. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** A longer answer is refused while it arrives. @default 1048576 */
  readonly maxBytes?: number;
  /** @default 3 */
  readonly maxRedirects?: number;
  /** @default 30000 */
  readonly timeoutMs?: number;
  /** Whether hosts in private networks and this machine may be asked. @default false */
  readonly canReachPrivate?: boolean;
  /** Looks names up. @default the system's */
  readonly lookup?: LookupFunction;
}

const reader =
  (methods: readonly string[]) =>
  (value: unknown): Read<HttpToolRequest> => {
    const url = textIn(value, 'url');
    const method = (textIn(value, 'method') || (methods[0] ?? 'GET')).toUpperCase();
    if (url === '') return { issues: ['url: must be an address'] };
    if (!methods.includes(method)) return { issues: [`method: must be one of ${methods.join(', ')}`] };
    const [body, contentType] = [textIn(value, 'body'), textIn(value, 'contentType')];
    if (/[\r\n]/u.test(contentType)) return { issues: ['contentType: must be one line'] };
    return {
      value: { url, method, ...(body === '' ? {} : { body }), ...(contentType === '' ? {} : { contentType }) },
    };
  };

/**
 * A tool that asks web servers: those that are allowed, and on the public internet alone. Addresses of this machine and of private
 * networks are refused, however they are written, whatever name stands for them, and wherever a redirect leads.
 * The step throws `not-allowed`, `bad-input`, `connection-lost`, `timeout`; an answer of any status is a result.
 * @throws {PipewrightError} `bad-option`.
 * @example httpTool({ allow: ['api.example.com'] }).name // => 'http_request'
 */
export const httpTool = (options: HttpToolOptions): Tool<HttpToolRequest, HttpToolResponse> => {
  const { allow, headers = {}, maxBytes = 1_048_576, maxRedirects = 3, timeoutMs = 30_000 } = options;
  const { canReachPrivate = false, lookup = defaultLookup } = options;
  const methods = (options.methods ?? ['GET']).map((method) => method.toUpperCase());
  checkAtLeast('maxBytes', maxBytes, 1);
  checkAtLeast('maxRedirects', maxRedirects, 0);
  if (allow.length === 0 || methods.length === 0) {
    throw new PipewrightError('bad-option', 'Name at least one host in `allow`, and one method.');
  }
  const fields = { url: textSchema, method: choiceSchema(methods) };
  const withBody = methods.some((method) => method !== 'GET' && method !== 'HEAD');
  const properties = withBody ? { ...fields, body: textSchema, contentType: textSchema } : fields;
  const guard = { allow, headers, maxBytes, maxRedirects, canReachPrivate, lookup };
  return tool({
    name: 'http_request',
    description: `Asks a web server (${allow.join(', ')}) and gives its status and text.`,
    input: answerSchema({ ...objectSchema(properties), required: ['url'] }, reader(methods)),
    timeoutMs,
    isOutward: true,
    isUntrusted: true,
    isReadOnly: methods.every((method) => method === 'GET' || method === 'HEAD'),
    run: (asked, run) => guardedRequest(asked, guard, run),
  });
};
