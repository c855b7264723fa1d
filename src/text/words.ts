export const isAscii: RegExp = /^[\0-\x7f]*$/u;
const asciiWord = /[a-z0-9]+/gu;
export const anyWord: RegExp = /[\p{L}\p{N}\p{M}]+/gu;
/** A word, or words joined as in `p-retry`, `max_retries` and `fs.promises`. */
export const identifier: RegExp = /[\p{L}\p{N}\p{M}]+(?:[-_.][\p{L}\p{N}\p{M}]+)*/gu;
/** `maxRetries` and `HTTPServer` as their parts; digits stay with the letters before them. */
export const caseParts: RegExp =
  /\p{Lu}+(?!\p{Ll})[\p{N}\p{M}]*|\p{Lu}?[\p{Ll}\p{Lo}\p{Lm}\p{Lt}\p{M}]+[\p{N}\p{M}]*|[\p{N}\p{M}]+|\p{L}/gu;

/** Scripts written without spaces. */
export const unspaced: RegExp =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu;

/** The word itself, but stretches of an unspaced script as pairs of neighbouring characters, which is how they are searched. */
const pushWord = (word: string, out: string[]): void => {
  let end = 0;
  for (const match of word.matchAll(unspaced)) {
    if (match.index > end) out.push(word.slice(end, match.index));
    end = match.index + match[0].length;
    pushPairs(match[0], out);
  }
  if (end < word.length) out.push(word.slice(end));
};

const pushPairs = (run: string, out: string[]): void => {
  const characters = [...run];
  if (characters.length === 1) out.push(run);
  for (let i = 1; i < characters.length; i++) out.push(`${characters[i - 1]}${characters[i]}`);
};

/** `e-mail`, `e-book`: people write one without the hyphen as often as with it. */
export const electronic: RegExp = /\be-(?=[a-z]{3})/gu;
const joined = (text: string): string => (text.includes('e-') ? text.replace(electronic, 'e') : text);

/**
 * The words of a text in order: Unicode normal form NFKC, lower case, letters and digits only, so `Don't_stop` is
 * `don`, `t`, `stop`; but `e-mail` is `email`. Chinese, Japanese, Thai and other text without spaces gives overlapping pairs of characters.
 * @example words('Wing-span: 3 m') // => ['wing', 'span', '3', 'm']
 */
export const words = (text: string): string[] => {
  if (isAscii.test(text)) return joined(text.toLowerCase()).match(asciiWord) ?? [];
  const out: string[] = [];
  for (const [word] of joined(text.normalize('NFKC').toLowerCase()).matchAll(anyWord)) pushWord(word, out);
  return out;
};

/**
 * Like `words`, but a compound name of code also gives its parts, and a joined one itself: `maxRetries` is `maxretries`, `max`,
 * `retries`; `p-retry` is `p-retry`, `p`, `retry`.
 * @example identifierWords('call maxRetries') // => ['call', 'maxretries', 'max', 'retries']
 */
export const identifierWords = (text: string): string[] => {
  const out: string[] = [];
  for (const [name] of text.normalize('NFKC').matchAll(identifier)) {
    const pieces = name.match(anyWord) ?? [];
    if (pieces.length > 1) out.push(name.toLowerCase());
    for (const piece of pieces) {
      pushWord(piece.toLowerCase(), out);
      const parts = piece.match(caseParts) ?? [];
      if (parts.length > 1) for (const part of parts) pushWord(part.toLowerCase(), out);
    }
  }
  return out;
};
