/**
 * How long a server asks to wait, in milliseconds: `retry-after-ms`, else `retry-after` as seconds or as an HTTP date
 * (RFC 9110, section 10.2.3). Undefined when it does not say or what it says cannot be read.
 */
export const retryAfterMs = (headers: Headers, nowMs: number): number | undefined => {
  const ms = numberOf(headers.get('retry-after-ms'));
  if (ms !== undefined) return ms;
  const value = headers.get('retry-after');
  const seconds = numberOf(value);
  if (seconds !== undefined) return Math.round(seconds * 1000);
  const dateMs = value === null ? Number.NaN : Date.parse(value);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
};

const numberOf = (text: string | null): number | undefined =>
  text !== null && /^\s*\d+(?:\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
