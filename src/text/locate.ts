import type { TextSpan } from './blocks.js';
import { anyWord, caseParts, electronic, identifier, isAscii, unspaced } from './words.js';

/** A word as `words` gives it, and where it stands in the text that it was read from. */
export interface LocatedWord extends TextSpan {
  readonly word: string;
}

/**
 * The words of `words` or `identifierWords`, in the same order, and where each stands. Where folding makes several characters of
 * one, as of `ﬁ`, a word with a part of it spans the whole of it.
 * @example locateWords('Wing-span', false) // => [{ word: 'wing', start: 0, end: 4 }, { word: 'span', start: 5, end: 9 }]
 */
export const locateWords = (text: string, hasIdentifiers: boolean): LocatedWord[] => {
  const found: LocatedWord[] = [];
  // No word reaches across white space, so each stretch between is read on its own.
  for (const { 0: chunk, index } of text.matchAll(/\S+/gu)) {
    const folded = fold(chunk, !hasIdentifiers);
    const add = (word: string, start: number): void => {
      const last = start + word.length - 1;
      found.push({
        word: word.toLowerCase(),
        start: index + (folded.starts?.[start] ?? start),
        end: index + (folded.ends?.[last] ?? last + 1),
      });
    };
    if (hasIdentifiers) addNames(folded.text, add);
    else for (const word of folded.text.matchAll(anyWord)) addWord(word[0], word.index, add);
  }
  return found;
};

/** A text as it is compared; `starts` and `ends` say for each unit what it stands for, and are absent where nothing moved. */
interface Folded {
  readonly text: string;
  readonly starts?: readonly number[];
  readonly ends?: readonly number[];
}

type Add = (word: string, start: number) => void;

/** A character with the marks that belong to it. */
const cluster = /\P{M}\p{M}*|\p{M}+/gu;

const fold = (chunk: string, isLower: boolean): Folded => {
  const foldPart = (part: string): string => (isLower ? part.normalize('NFKC').toLowerCase() : part.normalize('NFKC'));
  const text = foldPart(chunk);
  const isSame = isAscii.test(chunk);
  if (isSame && !(isLower && text.includes('e-'))) return { text };
  const starts: number[] = [];
  const ends: number[] = [];
  let joined = '';
  for (const { 0: part, index } of chunk.matchAll(cluster)) {
    const folded = isSame ? part.toLowerCase() : foldPart(part);
    joined += folded;
    for (let unit = 0; unit < folded.length; unit++) {
      starts.push(index);
      ends.push(index + part.length);
    }
  }
  // Parts of Hangul syllables join across clusters: then each word spans the whole chunk. Sigma merely looks at what follows.
  if (joined.replaceAll('ς', 'σ') !== text.replaceAll('ς', 'σ')) {
    starts.length = text.length;
    ends.length = text.length;
    starts.fill(0);
    ends.fill(chunk.length);
  }
  return isLower ? withoutHyphens({ text, starts, ends }) : { text, starts, ends };
};

/** `e-mail` as `email`. */
const withoutHyphens = (folded: Required<Folded>): Folded => {
  const gone = new Set(Array.from(folded.text.matchAll(electronic), ({ index }) => index + 1));
  if (gone.size === 0) return folded;
  const isKept = (_: unknown, at: number): boolean => !gone.has(at);
  return {
    text: folded.text.replace(electronic, 'e'),
    starts: folded.starts.filter(isKept),
    ends: folded.ends.filter(isKept),
  };
};

/** The word itself, but stretches of an unspaced script as pairs of neighbouring characters. */
const addWord = (word: string, start: number, add: Add): void => {
  let end = 0;
  for (const { 0: run, index } of word.matchAll(unspaced)) {
    if (index > end) add(word.slice(end, index), start + end);
    end = index + run.length;
    addPairs([...run], start + index, add);
  }
  if (end < word.length) add(word.slice(end), start + end);
};

const addPairs = (characters: readonly string[], start: number, add: Add): void => {
  if (characters.length === 1) add(characters[0] as string, start);
  let at = start;
  for (let i = 1; i < characters.length; i++) {
    const before = characters[i - 1] as string;
    add(before + (characters[i] as string), at);
    at += before.length;
  }
};

const addNames = (text: string, add: Add): void => {
  for (const { 0: name, index } of text.matchAll(identifier)) {
    const pieces = Array.from(name.matchAll(anyWord));
    if (pieces.length > 1) add(name, index);
    for (const piece of pieces) {
      const start = index + piece.index;
      addWord(piece[0], start, add);
      const parts = Array.from(piece[0].matchAll(caseParts));
      if (parts.length > 1) for (const part of parts) addWord(part[0], start + part.index, add);
    }
  }
};
