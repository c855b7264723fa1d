import { hidden, isSecretName, plainName, scrubText } from './secrets.js';

/** As parameters of a URL these are secrets; as fields they may be tokens of a text or keys of a map. */
const queryNames: ReadonlySet<string> = new Set([
  'auth',
  'code',
  'jwt',
  'key',
  'session',
  'sig',
  'signature',
  'token',
  'xamzcredential',
  'xamzsignature',
]);

/** `?name=value` and `&name=value`. */
const queryPair = /([?&;])([A-Za-z][\w.-]{0,60})=([^&;#\s"'<>\\]+)/g;
/** `"name": "`, with the quotes of JSON inside JSON. */
const jsonHead = /(\\{0,15})(["'])([A-Za-z][\w-]{0,60})\1\2\s*:\s*\1(["'])/g;
/** `Name: value` on a line of its own, as in a dump of headers. */
const headerLine = /^([ \t>]*([A-Za-z][\w-]{0,60})[ \t]*:[ \t]+)(\S[^\r\n]*)$/gm;

/** The text without what is shaped like a key, and without the values of fields, parameters and headers that hold one. */
export const scrubFields = (text: string): string => {
  // Most texts have none of the signs of a pair.
  const clean = /[=:]/.test(text) ? scrubJsonFields(scrubPairs(text)) : text;
  return scrubText(clean);
};

const scrubPairs = (text: string): string =>
  text
    .replace(queryPair, (whole, sign: string, name: string) =>
      isSecretName(name) || queryNames.has(plainName(name)) ? `${sign}${name}=${hidden}` : whole,
    )
    .replace(headerLine, (whole, before: string, name: string) => (isSecretName(name) ? `${before}${hidden}` : whole));

const scrubJsonFields = (text: string): string => {
  const pieces: string[] = [];
  let from = 0;
  for (const { 0: head, 1: slashes = '', 3: name = '', 4: quote = '', index } of text.matchAll(jsonHead)) {
    if (index < from || !isSecretName(name)) continue;
    const start = index + head.length;
    pieces.push(text.slice(from, start), hidden);
    from = endOfString(text, start, quote, slashes.length);
  }
  return pieces.join('') + text.slice(from);
};

/** Where the string ends that is quoted behind so many backslashes; the end of the text when it does not. */
const endOfString = (text: string, start: number, quote: string, depth: number): number => {
  for (let at = text.indexOf(quote, start); at >= 0; at = text.indexOf(quote, at + 1)) {
    let slashes = 0;
    while (at - slashes > start && text[at - slashes - 1] === '\\') slashes += 1;
    if (slashes <= depth) return at - slashes;
  }
  return text.length;
};
