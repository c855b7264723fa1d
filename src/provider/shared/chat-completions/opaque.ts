/*
 * What only one provider understands travels in a part's `opaque` under that provider's name, so that no other gets it. The
 * keys are sorted: the same thing reads the same however it was put together, and a prompt cache keeps fitting.
 */

const markOf = (provider: string): string => `chat-completions/${provider}:`;

/** Plain JSON as the `opaque` of a part. */
export const opaqueOf = (provider: string, value: Readonly<Record<string, unknown>>): string =>
  markOf(provider) + JSON.stringify(value, sorted);

const sorted = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** What this provider put into the `opaque` of a part; undefined for that of another. */
export const ownOpaque = (
  provider: string,
  opaque: string | undefined,
): Readonly<Record<string, unknown>> | undefined => {
  const mark = markOf(provider);
  if (opaque === undefined || !opaque.startsWith(mark)) return undefined;
  return JSON.parse(opaque.slice(mark.length)) as Readonly<Record<string, unknown>>;
};
