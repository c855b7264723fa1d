import type { Remaining } from './gcra.js';

/** Names in lower case: OpenAI and those who follow it, Anthropic, and the general forms. */
const names: Readonly<Record<keyof Remaining, readonly string[]>> = {
  requests: [
    'x-ratelimit-remaining-requests',
    'anthropic-ratelimit-requests-remaining',
    'x-ratelimit-remaining',
    'ratelimit-remaining',
  ],
  tokens: ['x-ratelimit-remaining-tokens', 'anthropic-ratelimit-tokens-remaining'],
};

const numberIn = (headers: Readonly<Record<string, unknown>>, unit: keyof Remaining): number | undefined => {
  for (const name of names[unit]) {
    const value = headers[name];
    const figure = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
    if (figure >= 0 && figure !== Infinity) return figure;
  }
  return undefined;
};

/**
 * What the response headers of a model's server say is left of its limits. Header names are in lower case; what is no number is
 * not there.
 * @example remainingIn({ 'x-ratelimit-remaining-requests': '59' }) // => { requests: 59 }
 */
export const remainingIn = (headers: Readonly<Record<string, unknown>>): Remaining => {
  const requests = numberIn(headers, 'requests');
  const tokens = numberIn(headers, 'tokens');
  return { ...(requests === undefined ? {} : { requests }), ...(tokens === undefined ? {} : { tokens }) };
};
