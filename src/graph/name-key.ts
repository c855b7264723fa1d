/** The longest name that is kept; what is longer is a sentence. */
export const maxNameLength = 120;

const dotted = /(?<![\p{L}\p{N}.])((?:\p{L}\.){2,})(?![\p{L}\p{N}])/gu;
const possessive = /['’]s(?![\p{L}\p{N}])/giu;
const word = /[\p{L}\p{N}\p{M}]+[+#]*/gu;
const article = /^(?:the|an?) (?=\S)/u;

/**
 * The words of a name or a text in normal form, so that names can be compared: NFKC, lower case, `U.S.` as `us`, without
 * possessives; `C++` stays apart from `C`.
 */
export const nameWords = (text: string): readonly string[] =>
  text
    .normalize('NFKC')
    .replace(dotted, (letters) => letters.replaceAll('.', ''))
    .replace(possessive, '')
    .toLowerCase()
    .match(word) ?? [];

/**
 * The normal form of a name: names with the same one are the same entity. A name without any letter keeps its marks.
 * @example nameKey('The U.S.') // => 'us'
 */
export const nameKey = (name: string): string => {
  const joined = nameWords(name).join(' ').replace(article, '');
  return joined === '' ? name.trim().toLowerCase() : joined;
};

/** A name as it is shown: white space as single spaces, no punctuation or possessive at its ends. */
export const cleanName = (name: string): string =>
  name
    .replace(/\s+/gu, ' ')
    .replace(/^[\s"'“”‘’([{,;:.–—-]+|[\s"'“”‘’\]},;:–—-]+$/gu, '')
    .replace(/(?<!\([^)]*)\)+$/u, '')
    .replace(/['’]s$/u, '')
    .replace(/(?<=[\p{L}\p{N}]{3})\.$/u, '')
    .trim();
