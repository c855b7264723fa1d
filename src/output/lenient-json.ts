import { setOwn } from './own-property.js';

/** Nesting deeper than this is refused, long before it would exhaust the stack. */
const maxDepth = 500;

/** Where and why reading stopped. */
export interface JsonFailure {
  readonly at: number;
  readonly expected: string;
  /** Whether it had begun like JSON, or the text ended in it: then it was meant as JSON, and is damaged. */
  readonly isDamaged: boolean;
}

export type JsonReading =
  | { readonly isRead: true; readonly value: unknown; readonly end: number }
  | ({ readonly isRead: false } & JsonFailure);

/** Thrown and caught inside this file alone, so that the parser reads straight on. */
class Stop {
  readonly at: number;
  readonly expected: string;
  constructor(at: number, expected: string) {
    this.at = at;
    this.expected = expected;
  }
}

interface Reader {
  readonly text: string;
  at: number;
  depth: number;
  /** Set by what prose does not have: a key with its colon, a whole element, very deep nesting. */
  isJson: boolean;
}

const blank = /(?:[\s\u00a0\ufeff]+|\/\/[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/|#[^\n]*)*/uy;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/uy;
const bareWord = /[A-Za-z_$][\w$-]*/uy;
const plainCharacters = /[^"'\\”]+/uy;

const words: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['True', true],
  ['False', false],
  ['None', null],
]);

/** What stands at the reader's place, if it matches; the reader moves behind it. */
const take = (reader: Reader, pattern: RegExp): string | undefined => {
  pattern.lastIndex = reader.at;
  const match = pattern.exec(reader.text)?.[0];
  if (match !== undefined) reader.at += match.length;
  return match;
};

const next = (reader: Reader): string => {
  take(reader, blank);
  return reader.text.charAt(reader.at);
};

const closingQuotes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  ['“', '”'],
]);

const escapes: ReadonlyMap<string, string> = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['"', '"'],
  ["'", "'"],
  ['/', '/'],
  ['\\', '\\'],
  ['\n', ''],
]);

/** An escape; one that JSON does not know (`\d` in a pattern) is taken as it stands. */
const readEscape = (reader: Reader): string => {
  const letter = reader.text.charAt(reader.at + 1);
  const hex = reader.text.slice(reader.at + 2, reader.at + 6);
  if (letter === 'u' && /^[\da-f]{4}$/iu.test(hex)) {
    reader.at += 6;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }
  reader.at += 2;
  return escapes.get(letter) ?? `\\${letter}`;
};

const readString = (reader: Reader, close: string): string => {
  const start = reader.at;
  reader.at += 1;
  let value = '';
  for (;;) {
    value += take(reader, plainCharacters) ?? '';
    const character = reader.text.charAt(reader.at);
    if (character === '')
      throw new Stop(reader.text.length, `the end of the string that begins at character ${start + 1}`);
    if (character === '\\') value += readEscape(reader);
    else {
      reader.at += 1;
      if (character === close) return value;
      value += character;
    }
  }
};

const readKey = (reader: Reader): string => {
  const close = closingQuotes.get(next(reader));
  const key = close === undefined ? take(reader, bareWord) : readString(reader, close);
  if (key === undefined) throw new Stop(reader.at, 'a key');
  return key;
};

/** Reads what stands between the brackets; a comma before the closing one is overlooked. */
const readMembers = (reader: Reader, close: string, readMember: () => void): void => {
  reader.at += 1;
  reader.depth += 1;
  reader.isJson ||= reader.depth > maxDepth;
  if (reader.depth > maxDepth) throw new Stop(reader.at, `nesting of at most ${maxDepth} levels`);
  while (next(reader) !== close) {
    readMember();
    reader.isJson = true;
    const separator = next(reader);
    if (separator === ',') reader.at += 1;
    else if (separator !== close) throw new Stop(reader.at, `"," or "${close}"`);
  }
  reader.at += 1;
  reader.depth -= 1;
};

const readObject = (reader: Reader): object => {
  const result = {};
  readMembers(reader, '}', () => {
    const key = readKey(reader);
    if (next(reader) !== ':') throw new Stop(reader.at, '":"');
    reader.at += 1;
    reader.isJson = true;
    setOwn(result, key, readValue(reader));
  });
  return result;
};

const readArray = (reader: Reader): unknown[] => {
  const result: unknown[] = [];
  readMembers(reader, ']', () => result.push(readValue(reader)));
  return result;
};

const readValue = (reader: Reader): unknown => {
  const character = next(reader);
  if (character === '{') return readObject(reader);
  if (character === '[') return readArray(reader);
  const close = closingQuotes.get(character);
  if (close !== undefined) return readString(reader, close);
  const start = reader.at;
  const digits = take(reader, number);
  if (digits !== undefined) return Number(digits);
  const word = take(reader, bareWord);
  if (word !== undefined && words.has(word)) return words.get(word);
  throw new Stop(start, 'a value');
};

/**
 * Reads the object or list that begins at `start`, overlooking damage that leaves no doubt about what is meant: comments, a
 * comma too many, single or curly quotes, keys without quotes, line breaks in strings, Python's `True`, `False` and `None`.
 */
export const readJsonAt = (text: string, start: number): JsonReading => {
  const reader: Reader = { text, at: start, depth: 0, isJson: false };
  try {
    const value = readValue(reader);
    return { isRead: true, value, end: reader.at };
  } catch (stop) {
    if (!(stop instanceof Stop)) throw stop;
    const isDamaged = reader.isJson || stop.at >= text.length;
    return { isRead: false, at: stop.at, expected: stop.expected, isDamaged };
  }
};
