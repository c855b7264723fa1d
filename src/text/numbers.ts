import { type Unit, unitOf } from './units.js';

/** A number as an answer holds it. */
export interface NumberValue {
  readonly value: number;
  /** The digits of a whole number, for those that are too long for `value`. */
  readonly digits?: string;
  readonly unit?: Unit;
  /** Other words behind it: `apples`, `per hour`. */
  readonly words: readonly string[];
}

/** A number that was found in a text. */
export interface FoundNumber {
  readonly number: NumberValue;
  /** As it is written, sign, currency and percent included. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const currencies = '$€£¥₹';

/** The value of digits with separators in any of the usual ways; undefined when they are no number (`1.2.3`). */
const valueOfDigits = (run: string): { readonly value: number; readonly digits?: string } | undefined => {
  const bare = run.replace(/['’\u00a0\u202f\u2009]/gu, '');
  const commas = bare.split(',').length - 1;
  const dots = bare.split('.').length - 1;
  let plain = bare;
  if (commas > 0 && dots > 0) {
    const isCommaDecimal = bare.lastIndexOf(',') > bare.lastIndexOf('.');
    plain = isCommaDecimal ? bare.replaceAll('.', '').replace(',', '.') : bare.replaceAll(',', '');
  } else if (/^[1-9]\d{0,2}(?:,\d{2,3})*,\d{3}$/u.test(bare)) plain = bare.replaceAll(',', '');
  else if (commas === 1) plain = bare.replace(',', '.');
  else if (dots > 1 && /^[1-9]\d{0,2}(?:\.\d{3})+$/u.test(bare)) plain = bare.replaceAll('.', '');
  const value = Number(plain);
  if (!Number.isFinite(value) || plain === '') return undefined;
  return /^\d+$/u.test(plain) ? { value, digits: plain.replace(/^0+(?=\d)/u, '') } : { value };
};

const scales: Readonly<Record<string, number>> = {
  hundred: 100,
  thousand: 1_000,
  million: 1e6,
  billion: 1e9,
  trillion: 1e12,
  k: 1_000,
  bn: 1e9,
};

/** Marks and thin spaces group thousands only; points and commas are told apart later. */
const digitRun = /\d(?:[\d,.]|['’\u00a0\u202f\u2009](?=\d{3}(?!\d)))*/uy;
const exponent = /e([+-]?\d{1,4})(?![\w])|\s{0,2}[×x*·]\s{0,2}10\s{0,2}\^\s?\{?\s?([+-]?\d{1,4})\s?\}?/iuy;
const divisor = /\s{0,2}\/\s{0,2}(\d{1,15})(?![\d/]|[.,]\d)/uy;
const mixed = /\s{1,2}(\d{1,9})\s?\/\s?(\d{1,9})(?![\d/])/uy;
const scale = /\s{0,2}(hundred|thousand|million|billion|trillion|bn)(?![a-z0-9])|(k)(?![a-z0-9])/iuy;
const percent = /\s{0,2}(?:%|percent(?![a-z])|per cent(?![a-z]))/iuy;

const at = (pattern: RegExp, text: string, index: number): RegExpExecArray | null => {
  pattern.lastIndex = index;
  return pattern.exec(text);
};

/** Times a power of ten, without the error that a multiplication brings. */
const shifted = (value: number, power: string): number => {
  const exact = Number(`${value}e${power}`);
  return Number.isNaN(exact) ? value * 10 ** Number(power) : exact;
};

/** What changes a number behind its digits: exponent, fraction, mixed fraction, scale, in this order. */
const continued = (text: string, from: number, value: number): { readonly value: number; readonly end: number } => {
  const raised = at(exponent, text, from);
  if (raised !== null) return { value: shifted(value, raised[1] ?? raised[2] ?? ''), end: exponent.lastIndex };
  const below = at(divisor, text, from);
  if (below !== null && Number(below[1]) !== 0) return { value: value / Number(below[1]), end: divisor.lastIndex };
  const part = Number.isInteger(value) ? at(mixed, text, from) : null;
  if (part !== null && Number(part[1]) < Number(part[2])) {
    return { value: value + Number(part[1]) / Number(part[2]), end: mixed.lastIndex };
  }
  const word = at(scale, text, from);
  if (word !== null)
    return { value: value * (scales[(word[1] ?? word[2] ?? '').toLowerCase()] ?? 1), end: scale.lastIndex };
  return { value, end: from };
};

/** Where the number that has a digit at `digitAt` begins: at its point, currency or sign. A sign behind an operand is a minus. */
const beginning = (
  text: string,
  digitAt: number,
): { readonly start: number; readonly isNegative: boolean; readonly currency: string; readonly hasPoint: boolean } => {
  let start = digitAt;
  let isNegative = false;
  let currency = '';
  const hasPoint = text[start - 1] === '.' && !/[\d\p{L}]/u.test(text[start - 2] ?? ' ');
  if (hasPoint) start -= 1;
  for (let step = 0; step < 4; step++) {
    const before = text[start - 1] ?? '';
    const isSign = before === '-' || before === '−' || before === '–';
    if (currency === '' && before !== '' && currencies.includes(before)) {
      currency = before;
      start -= text[start - 2] === '\\' ? 2 : 1;
    } else if (
      isSign &&
      !isNegative &&
      !/[\d\p{L})%\]]/u.test(
        text
          .slice(0, start - 1)
          .trimEnd()
          .slice(-1) || ' ',
      )
    ) {
      isNegative = true;
      start -= 1;
    } else if (before === ' ' && currency !== '' && /[-−]/u.test(text[start - 2] ?? '')) start -= 1;
    else break;
  }
  return { start, isNegative, currency, hasPoint };
};

/** The digits that begin here, without the comma or full stop behind them. */
const runAt = (text: string, index: number): string => {
  const run = at(digitRun, text, index)?.[0] ?? '';
  let end = run.length;
  while (end > 0 && (run[end - 1] === ',' || run[end - 1] === '.')) end--;
  return run.slice(0, end);
};

/** Signs and currencies stand this near to their digits. */
const near = 20;

/** The number whose first digit is at `digitAt`. */
const numberAt = (text: string, digitAt: number): FoundNumber | undefined => {
  const run = runAt(text, digitAt);
  const window = Math.min(near, digitAt);
  const { start, isNegative, currency, hasPoint } = beginning(text.slice(digitAt - window, digitAt), window);
  const plain = hasPoint ? { value: Number(`0.${run}`) } : valueOfDigits(run);
  if (plain === undefined || Number.isNaN(plain.value)) return undefined;
  const after = continued(text, digitAt + run.length, plain.value);
  const isPercent = at(percent, text, after.end) !== null;
  const end = isPercent ? percent.lastIndex : after.end;
  const value = isNegative ? -after.value : after.value;
  const isPlain = 'digits' in plain && after.end === digitAt + run.length;
  const unit = currency !== '' ? unitOf(currency) : isPercent ? unitOf('%') : undefined;
  const from = digitAt - window + start;
  return {
    number: {
      value,
      ...(isPlain ? { digits: `${isNegative && plain.value !== 0 ? '-' : ''}${plain.digits}` } : {}),
      ...(unit === undefined ? {} : { unit }),
      words: [],
    },
    text: text.slice(from, end),
    start: from,
    end,
  };
};

/** The numbers of a text, in order. A digit inside a word (`x2`, `H2O`) is none. */
export function* numbersIn(text: string): Generator<FoundNumber, void, undefined> {
  const digit = /\d/gu;
  for (let match = digit.exec(text); match !== null; match = digit.exec(text)) {
    const isInWord = /[\p{L}_]/u.test(text[match.index - 1] ?? ' ');
    const found = isInWord ? undefined : numberAt(text, match.index);
    if (found === undefined) {
      // The whole run is passed over: its tail would be another number.
      at(digitRun, text, match.index);
      digit.lastIndex = Math.max(digitRun.lastIndex, match.index + 1);
      continue;
    }
    yield found;
    digit.lastIndex = Math.max(found.end, match.index + 1);
  }
}

const small =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen';
const tens = 'twenty thirty forty fifty sixty seventy eighty ninety';
const words: ReadonlyMap<string, number> = new Map([
  ...small.split(' ').map((word, value) => [word, value] as const),
  ...tens.split(' ').map((word, index) => [word, (index + 2) * 10] as const),
]);

/** A number in words at the beginning of a text: `twenty-one apples`, `three hundred and five`. */
export const numberInWords = (text: string): { readonly value: number; readonly rest: string } | undefined => {
  const parts = text.toLowerCase().replaceAll('-', ' ').split(' ');
  let whole = 0;
  let group = 0;
  let used = 0;
  for (const [index, part] of parts.entries()) {
    const value = words.get(part);
    const times = used > 0 ? scales[part] : undefined;
    if (value !== undefined) group += value;
    else if (part === 'hundred' && used > 0) group *= 100;
    else if (times !== undefined && part.length > 2) {
      whole += group * times;
      group = 0;
    } else if (!(part === 'and' && used > 0 && words.has(parts[index + 1] ?? ''))) break;
    used = index + 1;
  }
  return used === 0 ? undefined : { value: whole + group, rest: parts.slice(used).join(' ') };
};
