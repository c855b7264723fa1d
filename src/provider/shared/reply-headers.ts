import { scrubText } from '../../core/index.js';
import type { ReplyHeaders } from '../../model/index.js';

const harmless =
  /^(?:(?:x-)?request-id|retry-after(?:-ms)?|(?:x|anthropic)-ratelimit-.+|openai-(?:processing-ms|version))$/;

/** The response headers that a reply may carry: request id, rate limits, timing. Cookies and account ids stay out. */
export const replyHeaders = (headers: Headers): ReplyHeaders =>
  Object.fromEntries(
    [...headers].filter(([name]) => harmless.test(name)).map(([name, value]) => [name, scrubText(value)]),
  );
