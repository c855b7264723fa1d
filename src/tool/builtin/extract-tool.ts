import {
  checkAtLeast,
  loadOptional,
  PipewrightError,
  type Run,
  createRun,
  sliceTimer,
  yieldToEventLoop,
} from '../../core/index.js';
import { answerSchema, choiceSchema, listSchema, objectSchema, textIn, textSchema, textsIn } from '../../ask/index.js';
import { type FoundNumber, numberInWords, numbersIn, unitOf } from '../../text/index.js';
import { type Tool, tool } from '../tool.js';
import { civilIn } from './date-math.js';

export interface ExtractDatesOptions {
  /** What "tomorrow" counts from, as milliseconds since 1970. @default the clock of the run */
  readonly referenceMs?: number;
  /** Where that moment is a day. @default 'UTC' */
  readonly timeZone?: string;
  /** `en` reads 03/04/2024 as 4 March, `en-GB` as 3 April. @default 'en' */
  readonly language?: DateLanguage;
}

export type DateLanguage = 'en' | 'en-GB' | 'de' | 'fr' | 'es' | 'it' | 'pt' | 'nl' | 'ja' | 'zh' | 'ru';
const languages: readonly DateLanguage[] = ['en', 'en-GB', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'ja', 'zh', 'ru'];

interface Found {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface ExtractedDate extends Found {
  /** `2024-03-05`, `2024-03` where no day is meant, `2024-03-05T15:00` with a time. */
  readonly date: string;
  /** The end of a span: `3 to 5 March`. */
  readonly until?: string;
}

export interface ExtractedNumber extends Found {
  readonly value: number;
  readonly kind: 'number' | 'percent' | 'currency' | 'quantity';
  /** As it is written: `kg`, `$`, `%`. */
  readonly unit?: string;
  /** The end of a range: `10 to 20 kg`. */
  readonly until?: number;
}

/** What we use of the result of chrono. */
interface Components {
  readonly get: (part: 'year' | 'month' | 'day' | 'hour' | 'minute') => number | null;
  readonly isCertain: (part: 'day' | 'weekday' | 'hour') => boolean;
  readonly tags?: () => ReadonlySet<string>;
}

const two = (value: number | null): string => String(value ?? 0).padStart(2, '0');

const dateOf = (parts: Components, isMonth: boolean): string => {
  const month = `${String(parts.get('year') ?? 0).padStart(4, '0')}-${two(parts.get('month'))}`;
  if (isMonth) return month;
  const day = `${month}-${two(parts.get('day'))}`;
  return parts.isCertain('hour') ? `${day}T${two(parts.get('hour'))}:${two(parts.get('minute'))}` : day;
};

/** A month and a year, without a day: chrono takes the first. */
const isMonthAlone = (text: string): boolean => /^\p{L}+\.?(?:\s+(?:of\s+)?\d{4})?$/u.test(text.trim());

/** The lines of a text in pieces of some thousand characters, each with its place. */
function* pieces(text: string): Generator<readonly [start: number, piece: string], void, undefined> {
  const length = 4_000;
  for (let start = 0; start < text.length; ) {
    const line = start + length >= text.length ? text.length : text.lastIndexOf('\n', start + length) + 1;
    const end = line > start ? line : Math.min(text.length, start + length);
    yield [start, text.slice(start, end)];
    start = end;
  }
}

/**
 * The dates in a text, also those that count from today: `next Friday at 3pm`, `in two weeks`, `3 to 5 March`. Needs the package
 * `chrono-node`.
 * @throws {PipewrightError} `dependency-missing`; `bad-input` for a zone that there is not.
 * @example (await extractDates('Due in two weeks.', { referenceMs: 0 }))[0]?.date // => '1970-01-15'
 */
export const extractDates = async (
  text: string,
  options: ExtractDatesOptions = {},
  run: Run = createRun(),
): Promise<readonly ExtractedDate[]> => {
  const { referenceMs = run.clock.now(), timeZone = 'UTC', language = 'en' } = options;
  const chrono = await loadOptional('chrono-node', 'finding dates', () => import('chrono-node'));
  const reader = language === 'en-GB' ? chrono.en.GB : chrono[language];
  const local = civilIn(referenceMs, timeZone).ms;
  const reference = { instant: new Date(referenceMs), timezone: Math.round((local - referenceMs) / 60_000) };
  const isTurnDue = sliceTimer();
  const found: ExtractedDate[] = [];
  for (const [at, piece] of pieces(text)) {
    for (const { index, text: written, start, end } of reader.parse(piece, reference)) {
      const isMonth = !start.isCertain('day') && !start.isCertain('weekday') && isMonthAlone(written);
      found.push({
        text: written,
        start: at + index,
        end: at + index + written.length,
        date: dateOf(start, isMonth),
        ...(end === null || end === undefined ? {} : { until: dateOf(end, isMonth) }),
      });
    }
    if (isTurnDue()) {
      await yieldToEventLoop();
      run.throwIfAborted();
    }
  }
  return found;
};

const currencies: ReadonlySet<string> = new Set(['usd', 'eur', 'gbp', 'jpy', 'inr']);

const kindOf = (base: string | undefined): ExtractedNumber['kind'] => {
  if (base === undefined) return 'number';
  if (base === '%') return 'percent';
  return currencies.has(base) ? 'currency' : 'quantity';
};

const behind = /\s?(\p{L}[\p{L}²³]{0,14}|[$€£¥₹])(?![\p{L}\d])/uy;
const symbol = /[$€£¥₹%]/u;

/** A number with the unit before or behind it. */
const measured = (text: string, { number, text: written, start, end }: FoundNumber): ExtractedNumber => {
  const { value } = number;
  if (number.unit !== undefined) {
    return { text: written, start, end, value, kind: kindOf(number.unit.base), unit: symbol.exec(written)?.[0] ?? '%' };
  }
  behind.lastIndex = end;
  const unit = behind.exec(text)?.[1];
  // `3 h` and `5 kg`, not `5 A`: one letter in capitals is a name.
  const known = unit === undefined ? undefined : (unitOf(unit) ?? unitOf(unit.toLowerCase()));
  if (unit === undefined || known === undefined) return { text: written, start, end, value, kind: 'number' };
  const last = behind.lastIndex;
  return { text: text.slice(start, last), start, end: last, value, kind: kindOf(known.base), unit };
};

const numberWord =
  /(?<![\p{L}\d-])(?:(?:twen|thir|for|fif|six|seven|eigh|nine)ty|(?:thir|four|fif|six|seven|eigh|nine)teen|ten|eleven|twelve|zero|one|two|three|four|five|six|seven|eight|nine)(?![\p{L}\d])/giu;

/** Longer numbers are not written in words. */
const maxWordsLength = 120;

function* numbersInWords(text: string): Generator<FoundNumber, void, undefined> {
  let end = 0;
  for (const { index } of text.matchAll(numberWord)) {
    if (index < end) continue;
    const part = text
      .slice(index, index + maxWordsLength)
      .replace(/[^\p{L}\s-].*$/su, '')
      .replace(/\s/gu, ' ');
    const read = numberInWords(part);
    if (read === undefined) continue;
    const written = part.slice(0, part.length - read.rest.length).trimEnd();
    // `one of them` counts nothing.
    if (/^one$/iu.test(written)) continue;
    end = index + written.length;
    yield { number: { value: read.value, words: [] }, text: text.slice(index, end), start: index, end };
  }
}

const rangeMark = /^\s?(?:-|–|—|to|bis|until)\s?$/iu;

/** Two numbers with a mark of a range between them are one. */
const withRanges = (text: string, numbers: readonly ExtractedNumber[]): readonly ExtractedNumber[] => {
  const joined: ExtractedNumber[] = [];
  for (const number of numbers) {
    const last = joined.at(-1);
    const isRange =
      last !== undefined &&
      last.until === undefined &&
      number.start - last.end <= 7 &&
      rangeMark.test(text.slice(last.end, number.start)) &&
      (last.unit === undefined || number.unit === undefined || last.unit === number.unit) &&
      number.value > last.value;
    if (last === undefined || !isRange) {
      joined.push(number);
      continue;
    }
    const unit = number.unit ?? last.unit;
    const whole = { text: text.slice(last.start, number.end), start: last.start, end: number.end };
    const kind = number.kind === 'number' ? last.kind : number.kind;
    joined.splice(-1, 1, {
      ...whole,
      value: last.value,
      until: number.value,
      kind,
      ...(unit === undefined ? {} : { unit }),
    });
  }
  return joined;
};

/**
 * The numbers in a text, in digits or English words, with their units: `$1,200`, `3.5 %`, `twenty-one days`, `10 to 20 kg`.
 * @example extractNumbers('It weighs 10-20 kg.').map(({ value, until, unit }) => [value, until, unit]) // => [[10, 20, 'kg']]
 */
export const extractNumbers = (text: string): readonly ExtractedNumber[] => {
  const found = [...numbersIn(text), ...numbersInWords(text)].sort((a, b) => a.start - b.start);
  return withRanges(
    text,
    found.map((each) => measured(text, each)),
  );
};

export interface ExtractToolOptions extends Omit<ExtractDatesOptions, 'referenceMs'> {
  /** A longer text is refused. @default 100000 */
  readonly maxTextLength?: number;
}

const kinds = ['dates', 'numbers'] as const;

export interface ExtractRequest {
  readonly text: string;
  /** @default both */
  readonly kinds?: readonly (typeof kinds)[number][];
}

export interface ExtractedValues {
  readonly dates?: readonly ExtractedDate[];
  readonly numbers?: readonly ExtractedNumber[];
}

/**
 * A tool that finds dates and numbers with units in a text, by rules: the same text always gives the same. Numbers inside a date are
 * part of it. The date of the run is "today". Dates need the package `chrono-node`. Costs no call of a model.
 * @throws {PipewrightError} `bad-option`.
 * @example (await extractTool()({ text: 'Pay 5 EUR.' })).numbers?.[0]?.unit // => 'EUR'
 */
export const extractTool = (options: ExtractToolOptions = {}): Tool<ExtractRequest, ExtractedValues> => {
  const { maxTextLength = 100_000, language = 'en', timeZone = 'UTC' } = options;
  checkAtLeast('maxTextLength', maxTextLength, 1);
  if (!languages.includes(language)) {
    throw new PipewrightError(
      'bad-option',
      `\`language\` must be one of ${languages.join(', ')}, got \`${language}\`.`,
    );
  }
  const schema = { ...objectSchema({ text: textSchema, kinds: listSchema(choiceSchema(kinds)) }), required: ['text'] };
  return tool({
    name: 'extract_values',
    description:
      'Finds the dates (as 2026-11-21) and the numbers with units, percentages, currencies and ranges in a text.',
    input: answerSchema<ExtractRequest>(schema, (value) => {
      const text = textIn(value, 'text');
      if (text === '' || text.length > maxTextLength) {
        return { issues: [`text: must be a text of at most ${maxTextLength} characters`] };
      }
      const asked = textsIn(value, 'kinds') ?? [];
      const wanted = kinds.filter((kind) => asked.length === 0 || asked.includes(kind));
      return wanted.length === 0
        ? { issues: ['kinds: must be dates, numbers or both'] }
        : { value: { text, kinds: wanted } };
    }),
    isReadOnly: true,
    run: async ({ text, kinds: wanted = kinds }, run) => {
      const isAskedFor = wanted.includes('dates');
      const dates = isAskedFor ? await extractDates(text, { language, timeZone }, run) : [];
      const isInDate = ({ start, end }: Found): boolean => dates.some((date) => start < date.end && end > date.start);
      return {
        ...(isAskedFor ? { dates } : {}),
        ...(wanted.includes('numbers') ? { numbers: extractNumbers(text).filter((each) => !isInDate(each)) } : {}),
      };
    },
  });
};
