import { PipewrightError, type Run } from '../../core/index.js';
import {
  answerSchema,
  choiceSchema,
  integerSchema,
  listSchema,
  numberIn,
  objectSchema,
  type Read,
  textIn,
  textSchema,
  textsIn,
} from '../../ask/index.js';
import { type Tool, tool } from '../tool.js';
import {
  addToDate,
  civilIn,
  type DateDifference,
  type DateFacts,
  type DateUnit,
  dateUnits,
  differenceOf,
  factsOf,
  instantOf,
  readDate,
  writeDate,
} from './date-math.js';

export interface DateToolOptions {
  /** The zone of "now". @default 'UTC' */
  readonly timeZone?: string;
  /** Days that are no business days: `2026-12-25`. @default none */
  readonly holidays?: readonly string[];
}

const operations = ['now', 'difference', 'add', 'facts', 'convert'] as const;

export interface DateRequest {
  readonly operation: (typeof operations)[number];
  readonly date?: string;
  /** For `difference`. */
  readonly until?: string;
  /** For `add`. */
  readonly amount?: number;
  readonly unit?: DateUnit;
  /** For `convert`; `toZone` also for `now`. */
  readonly fromZone?: string;
  readonly toZone?: string;
  /** Beside those of the tool. */
  readonly holidays?: readonly string[];
}

export type DateAnswer = DateDifference | (DateFacts & { readonly date: string; readonly timeZone?: string });

const day = { ...textSchema, description: '2026-11-21, or 2026-11-21T10:30.' };
const zone = { ...textSchema, description: 'A name such as Europe/Zurich, or UTC.' };

const schema = {
  ...objectSchema({
    operation: {
      ...choiceSchema(operations),
      description:
        'now; difference from `date` to `until`; add `amount` of `unit`; facts of `date`; convert `date` between zones.',
    },
    date: day,
    until: day,
    amount: { ...integerSchema, description: 'Negative goes back.' },
    unit: choiceSchema(dateUnits),
    fromZone: zone,
    toZone: zone,
    holidays: { ...listSchema(day), description: 'Days that are no business days.' },
  }),
  required: ['operation'],
};

/** Which fields each operation cannot do without. */
const needs: Readonly<Record<DateRequest['operation'], readonly (keyof DateRequest)[]>> = {
  now: [],
  difference: ['date', 'until'],
  add: ['date', 'amount', 'unit'],
  facts: ['date'],
  convert: ['date', 'fromZone', 'toZone'],
};

const read = (value: unknown): Read<DateRequest> => {
  const operation = operations.find((each) => each === textIn(value, 'operation'));
  if (operation === undefined) return { issues: [`operation: must be one of ${operations.join(', ')}`] };
  const [amount, holidays] = [numberIn(value, 'amount'), textsIn(value, 'holidays')];
  const unit = dateUnits.find((each) => each === textIn(value, 'unit'));
  const texts = ['date', 'until', 'fromZone', 'toZone'].flatMap((key) => {
    const text = textIn(value, key);
    return text === '' ? [] : [[key, text]];
  });
  const request: DateRequest = {
    operation,
    ...(Object.fromEntries(texts) as Pick<DateRequest, 'date'>),
    ...(amount === undefined ? {} : { amount }),
    ...(unit === undefined ? {} : { unit }),
    ...(holidays === undefined ? {} : { holidays }),
  };
  const missing = needs[operation].filter((key) => request[key] === undefined);
  return missing.length === 0
    ? { value: request }
    : { issues: missing.map((key) => `${key}: \`${operation}\` needs it`) };
};

/**
 * A tool that reckons with dates, which models get wrong: what today is, by the clock of the run; days, business days and months between
 * two; a date so much later; weekday and week; the time elsewhere. Days have no zone; zones are those of `Intl`.
 * The step throws `bad-input` for days and zones that there are not.
 * @throws {PipewrightError} `bad-input` for holidays or a zone of the options.
 * @example await dateTool()({ operation: 'add', date: '2024-01-31', amount: 1, unit: 'months' }) // => { date: '2024-02-29', dayOfYear: 60, daysInMonth: 29, isLeapYear: true, isoWeek: '2024-W09', quarter: 1, weekday: 'Thursday' }
 */
export const dateTool = (options: DateToolOptions = {}): Tool<DateRequest, DateAnswer> => {
  const { timeZone = 'UTC', holidays = [] } = options;
  const free = holidays.map((each) => writeDate({ ...readDate(each), hasTime: false }));
  civilIn(0, timeZone);
  const answer = (request: DateRequest, run: Run): DateAnswer => {
    const {
      operation,
      date = '',
      until = '',
      amount = 0,
      unit = 'days',
      fromZone = timeZone,
      toZone = timeZone,
    } = request;
    const off = new Set([
      ...free,
      ...(request.holidays ?? []).map((each) => writeDate({ ...readDate(each), hasTime: false })),
    ]);
    switch (operation) {
      case 'now':
      case 'convert': {
        const instant = operation === 'now' ? run.clock.now() : instantOf(readDate(date), fromZone);
        const there = civilIn(instant, toZone);
        return { date: writeDate(there), timeZone: toZone, ...factsOf(there) };
      }
      case 'difference':
        return differenceOf(readDate(date), readDate(until), off);
      case 'add': {
        const moved = addToDate(readDate(date), amount, unit, off);
        return { date: writeDate(moved), ...factsOf(moved) };
      }
      case 'facts': {
        const found = readDate(date);
        return { date: writeDate(found), ...factsOf(found) };
      }
      default:
        throw new PipewrightError('bad-input', `operation: must be one of ${operations.join(', ')}.`);
    }
  };
  return tool({
    name: 'dates',
    description:
      'Reckons with dates: today and now, days, business days and months between two dates, a date so much later or earlier, weekday and week, times in other zones. Use it for every question about dates.',
    input: answerSchema(schema, read),
    isReadOnly: true,
    run: answer,
  });
};
