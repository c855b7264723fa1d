const isAscii = /^[\0-\x7f]*$/u;
/** Letters with a stroke and ligatures, which Unicode does not take apart. */
const strokes: Readonly<Record<string, string>> = { ø: 'o', đ: 'd', ł: 'l', ħ: 'h', ŧ: 't', ß: 'ss', æ: 'ae', œ: 'oe' };
const strokeLetters = /[øđłħŧßæœ]/gu;
const marks = /(?<=[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}])\p{M}+/gu;

/**
 * A word in lower case without the marks on its Latin, Greek and Cyrillic letters. In other scripts a mark is a letter of its
 * own, and stays.
 * @example foldDiacritics('crème brûlée') // => 'creme brulee'
 */
export const foldDiacritics = (word: string): string =>
  isAscii.test(word)
    ? word
    : word
        .normalize('NFD')
        .replace(marks, '')
        .normalize('NFC')
        .replace(strokeLetters, (letter) => strokes[letter] ?? letter);
