import { stopWords } from '../text/index.js';

/** A name of a document with the type and the place of its first mention. */
export interface FoundName {
  readonly name: string;
  readonly type: string;
  readonly firstAt: number;
}

const acronym = /^\p{Lu}[\p{Lu}\p{N}&.-]{1,9}s?$/u;

export const isAcronym = (name: string): boolean => acronym.test(name);

/** Whether a short form is made of the first letters of a long one; small words may be skipped. */
export const isShortFor = (short: string, long: string): boolean => {
  const letters = short.replace(/[^\p{L}\p{N}]|s$/gu, '').toLowerCase();
  const all = long.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const heads = all.map((word) => word.charAt(0)).join('');
  const major = all
    .filter((word) => !stopWords.has(word))
    .map((word) => word.charAt(0))
    .join('');
  return letters.length > 1 && (letters === heads || letters === major);
};

/** Words that make another thing of the name behind them: Western Europe is not Europe. */
const turning = new Set(
  'New Old North South East West Northern Southern Eastern Western Central Upper Lower Great Greater Saint'.split(' '),
);
const isSingle = /^[\p{L}\p{M}'’-]+$/u;
const longName = /^(?:\p{Lu}[\p{L}\p{M}.'’-]*\s+){1,3}(\p{Lu}[\p{L}\p{M}'’-]+)$/u;

/**
 * Which names of a document are short for another: an acronym for its long form, a last word for a name of several words that
 * came before it. A short form that fits two names stands for itself.
 */
export const shortForms = (names: readonly FoundName[]): ReadonlyMap<string, string> => {
  const byLastWord = new Map<string, FoundName[]>();
  const byInitial = new Map<string, FoundName[]>();
  const push = (into: Map<string, FoundName[]>, key: string, name: FoundName): void => {
    const known = into.get(key);
    if (known === undefined) into.set(key, [name]);
    else known.push(name);
  };
  for (const found of names) {
    if (!found.name.includes(' ')) continue;
    push(byInitial, found.name.charAt(0).toLowerCase(), found);
    const [, last] = longName.exec(found.name) ?? [];
    const isWhole = turning.has(found.name.slice(0, found.name.indexOf(' ')));
    if (last !== undefined && !isWhole && (found.type === 'name' || found.type === 'person'))
      push(byLastWord, last, found);
  }
  const short = new Map<string, string>();
  for (const { name, firstAt } of names) {
    const longs = isAcronym(name)
      ? (byInitial.get(name.charAt(0).toLowerCase()) ?? []).filter((long) => isShortFor(name, long.name))
      : isSingle.test(name)
        ? (byLastWord.get(name) ?? []).filter((long) => long.firstAt < firstAt)
        : [];
    const [only] = longs;
    if (only !== undefined && longs.length === 1) short.set(name, only.name);
  }
  return short;
};
