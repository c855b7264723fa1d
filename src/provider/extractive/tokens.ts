import { identifierWords, stem, stopWords } from '../../text/index.js';

/** One word of a text, as it is compared. A compound name of code gives several tokens at one place. */
export interface Token {
  /** Lower case, stemmed. */
  readonly term: string;
  /** As it stands in the text. */
  readonly raw: string;
  readonly isStop: boolean;
  /** Written with a capital although no sentence begins here. */
  readonly isName: boolean;
  readonly isNumber: boolean;
}

export type Tokenizer = (text: string) => readonly Token[];

const word = /[\p{L}\p{N}\p{M}]+/gu;
const capital = /^\p{Lu}/u;
const digit = /\p{N}/u;
const beginsSentence = /[.!?:\n]/u;

/** Link targets, tags and addresses: characters of a document that say nothing to a reader. */
const unseen = /\]\([^()\s]*(?:\s"[^"]*")?\)|<\/?[a-zA-Z][^<>]*>|https?:\/\/[^\s)>\]]+/gu;

/** The text with what a reader does not see blanked out, so that offsets stay. */
export const visibleText = (text: string): string => text.replace(unseen, (found) => ' '.repeat(found.length));

/** Makes a tokenizer for the texts of one request; it remembers the stems it made. */
export const tokenizer = (): Tokenizer => {
  const stems = new Map<string, string>();
  const stemOf = (piece: string): string => {
    const known = stems.get(piece) ?? stem(piece);
    stems.set(piece, known);
    return known;
  };
  return (text) => {
    const tokens: Token[] = [];
    let last = 0;
    let isFirst = true;
    for (const { 0: raw, index } of text.matchAll(word)) {
      if (beginsSentence.test(text.slice(last, index))) isFirst = true;
      const isName = !isFirst && capital.test(raw);
      const isNumber = digit.test(raw);
      for (const piece of identifierWords(raw)) {
        tokens.push({ term: stemOf(piece), raw, isStop: stopWords.has(piece), isName, isNumber });
      }
      isFirst = false;
      last = index + raw.length;
    }
    return tokens;
  };
};
