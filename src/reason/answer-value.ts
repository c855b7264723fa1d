import { dateIn } from './date-value.js';
import { type FoundNumber, type NumberValue, numberInWords, numbersIn, unitOf } from '../text/index.js';
import { longestValue, plainAnswer } from './plain-answer.js';

/** What an answer is, so that it is read and compared as such. */
export type AnswerKind = 'number' | 'choice' | 'yes-no' | 'date' | 'list' | 'text';

/** An answer in a form that can be compared. */
export type AnswerValue =
  | { readonly type: 'number'; readonly number: NumberValue }
  | { readonly type: 'other'; readonly key: string };

/** Words before a number that say nothing of it. */
const hedge = /^(?:about|approximately|approx\.?|around|roughly|exactly|only|just|~|≈|=|[a-z]\s?[=≈])\s?/iu;

/** What a unit is made of, in the words that models use for it. */
const compoundUnits: readonly (readonly [RegExp, string])[] = [
  [/^(?:miles per hour|miles\/hour|mi\/h)/u, 'mph'],
  [/^(?:kilomet(?:er|re)s? per hour|km per hour|kmh|kph)/u, 'km/h'],
  [/^(?:met(?:er|re)s? per second)/u, 'm/s'],
];

const emptyWords: ReadonlySet<string> = new Set(
  'a an the in of on for at is are each every total all altogether only'.split(' '),
);

const singular = (word: string): string =>
  word.length > 3 && word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word;

/** More words than these behind a number make a sentence, not a unit. */
const maxUnitWords = 6;

/** What stands behind a number: a unit that is known, and words. Undefined when it is more than that. */
const withUnit = (number: NumberValue, behind: string): NumberValue | undefined => {
  const lower = compoundUnits.reduce((text, [pattern, to]) => text.replace(pattern, to), behind.trim().toLowerCase());
  const all = lower.split(/[\s,;:!?()]+/u).filter((word) => word !== '');
  if (all.length > maxUnitWords || all.some((word) => /\d/u.test(word) && !/^\^?[23]$/u.test(word))) return undefined;
  const [first = '', ...others] = all;
  // `5x` is a term, `5kg` a quantity.
  if (/^\p{L}/u.test(behind) && unitOf(first) === undefined) return undefined;
  const isRate = others[0] === 'per' || others[0]?.startsWith('/') === true || others[0]?.startsWith('^') === true;
  const unit = number.unit === undefined && !isRate ? unitOf(first.replace(/\.$/u, '')) : undefined;
  const words = (unit === undefined ? all : others).map((word) => singular(word.replace(/[.'"]+$/u, '')));
  return {
    ...number,
    ...(unit === undefined ? {} : { unit }),
    words: words.filter((word) => word !== '' && !emptyWords.has(word)),
  };
};

/** The number that the whole text is, with its unit. */
const wholeNumber = (plain: string): NumberValue | undefined => {
  const text = plain
    .replace(hedge, '')
    .replace(/^(?:minus|negative) (?=[\d$])/iu, '-')
    .replace(/(?<=\d) (?=\d{3}(?!\d))/gu, '\u00a0');
  const [found] = numbersIn(text);
  if (found !== undefined && found.start === 0) return withUnit(found.number, text.slice(found.end));
  const spelt = found === undefined ? numberInWords(text) : undefined;
  return spelt === undefined ? undefined : withUnit({ value: spelt.value, words: [] }, ` ${spelt.rest}`);
};

/** The number that an answer gives: the first behind its last equals sign. */
export const numberOfAnswer = (text: string): FoundNumber | undefined => {
  const from = text.slice(0, longestValue).lastIndexOf('=') + 1;
  const [behind] = numbersIn(text.slice(from));
  if (behind !== undefined) return { ...behind, start: behind.start + from, end: behind.end + from };
  const [first] = numbersIn(text);
  return first;
};

const choice = /^(?:(?:option|choice|answer)\s{1,2})?[([]?([a-z])(?:[)\]]|[.:](?=\s|$)|$)/iu;
const yes = /^(?:yes|yeah|yep|true|correct)(?![\p{L}\d])/iu;
const no = /^(?:no|nope|not|false|incorrect|never)(?![\p{L}\d])/iu;

/** The letter of a choice: `(B)`, `B. Paris`, `Option B`. */
export const choiceOf = (plain: string): string | undefined => choice.exec(plain)?.[1]?.toUpperCase();

/** Yes or no, by the first word. */
export const yesNoOf = (plain: string): 'yes' | 'no' | undefined =>
  yes.test(plain) ? 'yes' : no.test(plain) ? 'no' : undefined;

/** Words without case, articles at the beginning, and marks at their ends; signs within a word (`c++`) stay. */
const textKey = (plain: string): string => {
  const words = plain
    .toLowerCase()
    .replace(/^an? (?=\S)/u, '')
    .split(/\s+/u);
  const bare = words.map((word) => word.replace(/^[.,;:!?"'`()[\]*]+/u, '').replace(/[.,;:!?"'`()[\]*]{1,8}$/u, ''));
  return bare.filter((word) => word !== '' && word !== 'the').join(' ');
};

const opening = /^(?:\[|\{)([\s\S]*)(?:\]|\})$/u;
const tuple = /^\(([^()]*,[^()]*)\)$/u;
const bullet = /(?:^|\s)(?:[-*•]|\d{1,3}[.)])\s/u;

const itemsOf = (text: string): readonly string[] =>
  text
    .split(/[;\n]|,(?!\d{3}(?!\d))|,\s|\s(?:and|or|und|et|y)\s|\s&\s/iu)
    .map((item) => item.replace(/^\s*(?:(?:and|or)\s|[-*•]\s|\d{1,3}[.)]\s)/iu, '').trim())
    .filter((item) => item !== '');

const keysOf = (items: readonly string[]): readonly string[] =>
  items.map((item) => keyOf(readAnswer(item, undefined, false)));

/** Items in any order; those of a tuple keep theirs. */
const listKey = (plain: string): string => `[${[...keysOf(itemsOf(plain))].sort().join(', ')}]`;

const listIn = (raw: string, plain: string): string | undefined => {
  const pair = tuple.exec(plain);
  if (pair !== null) return `(${keysOf(itemsOf(pair[1] ?? '')).join(', ')})`;
  const inner = opening.exec(plain)?.[1];
  if (inner !== undefined) return listKey(inner);
  const lines = raw.trim().split('\n');
  return lines.length > 1 && lines.every((line) => bullet.test(line)) ? listKey(raw.trim()) : undefined;
};

/** The text as a value of that kind; as words when it is none. */
const asKind = (raw: string, plain: string, kind: AnswerKind): AnswerValue => {
  switch (kind) {
    case 'number': {
      const whole = wholeNumber(plain) ?? numberOfAnswer(plain)?.number;
      // Whoever says that it is a number asks for no words.
      if (whole !== undefined) return { type: 'number', number: { ...whole, words: [] } };
      break;
    }
    case 'choice':
      return { type: 'other', key: choiceOf(plain) ?? textKey(plain) };
    case 'yes-no':
      return { type: 'other', key: yesNoOf(plain) ?? textKey(plain) };
    case 'date':
      return { type: 'other', key: dateIn(plain)?.iso ?? textKey(plain) };
    case 'list':
      return { type: 'other', key: listIn(raw, plain) ?? listKey(plain) };
    case 'text':
      break;
  }
  return { type: 'other', key: textKey(plain) };
};

/** Reads an answer; without a kind, as what it looks like as a whole. */
export const readAnswer = (raw: string, kind?: AnswerKind, mayBeList = true): AnswerValue => {
  const plain = plainAnswer(raw);
  if (plain.length > longestValue) return { type: 'other', key: plain.toLowerCase().replace(/\s+/gu, ' ').trim() };
  if (kind !== undefined) return asKind(raw, plain, kind);
  const date = dateIn(plain);
  if (date?.isWhole === true) return { type: 'other', key: date.iso };
  const list = mayBeList ? listIn(raw, plain) : undefined;
  if (list !== undefined) return { type: 'other', key: list };
  const number = wholeNumber(plain);
  if (number !== undefined) return { type: 'number', number };
  const key = textKey(plain);
  if (/^[a-z]$/u.test(key)) return { type: 'other', key: key.toUpperCase() };
  return { type: 'other', key: /^(?:yes|true|no|false)$/u.test(key) ? (yesNoOf(key) ?? key) : key };
};

const written = (value: number): string => String(Number(value.toPrecision(12)) + 0);

/** The canonical text of a value. */
export const keyOf = (value: AnswerValue): string => {
  if (value.type === 'other') return value.key;
  const { number } = value;
  const { unit, words, digits } = number;
  const figure = unit === undefined ? (digits ?? written(number.value)) : written(number.value * unit.factor);
  return [figure, ...(unit === undefined ? [] : [unit.base]), ...words].join(' ');
};
