import { PipewrightError } from '../../core/index.js';

/** A day, or a moment of it, in no zone: `2026-11-21`, `2026-11-21T10:30`. Its time is that of UTC, so that every day has 24 hours. */
export interface CivilDate {
  readonly ms: number;
  readonly hasTime: boolean;
}

export const dayMs = 86_400_000;

const wrong = (message: string): PipewrightError => new PipewrightError('bad-input', message);

const form = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,3})?)?)?$/u;

/** @throws {PipewrightError} `bad-input` for anything else than a day that there is. */
export const readDate = (text: string): CivilDate => {
  const match = form.exec(text.trim());
  if (match === null) throw wrong(`"${text.slice(0, 40)}" is no date: write 2026-11-21, or 2026-11-21T10:30.`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  if (new Date(ms).getUTCDate() !== day || month > 12 || hour > 23 || minute > 59 || second > 59) {
    throw wrong(`There is no ${text.slice(0, 40)}.`);
  }
  return { ms, hasTime: match[4] !== undefined };
};

export const writeDate = ({ ms, hasTime }: CivilDate): string => {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime()) || ms < Date.UTC(0, 0) || ms > Date.UTC(9999, 11, 31)) {
    throw wrong('The date that comes out is beyond the years that can be written.');
  }
  const text = date.toISOString();
  return hasTime ? text.slice(0, date.getUTCSeconds() === 0 ? 16 : 19) : text.slice(0, 10);
};

const isWorkday = (ms: number, holidays: ReadonlySet<string>): boolean => {
  const weekday = new Date(ms).getUTCDay();
  return weekday !== 0 && weekday !== 6 && !holidays.has(writeDate({ ms, hasTime: false }));
};

/** A few lifetimes: more days are counted by mistake. */
const maxDays = 100_000;

export type DateUnit = 'years' | 'months' | 'weeks' | 'days' | 'business-days' | 'hours' | 'minutes';
export const dateUnits: readonly DateUnit[] = ['years', 'months', 'weeks', 'days', 'business-days', 'hours', 'minutes'];

const msOf = { weeks: 7 * dayMs, days: dayMs, hours: 3_600_000, minutes: 60_000 } as const;

/** The same day of another month, or its last where there is none: a month after 31 January is 28 February. */
const addMonths = (ms: number, count: number): number => {
  const date = new Date(ms);
  const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + count, 1);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + count + 1, 0)).getUTCDate();
  return first + (Math.min(date.getUTCDate(), last) - 1) * dayMs + (ms - Math.floor(ms / dayMs) * dayMs);
};

const addWorkdays = (ms: number, count: number, holidays: ReadonlySet<string>): number => {
  if (Math.abs(count) > maxDays) throw wrong(`At most ${maxDays} business days are counted.`);
  let [at, left] = [ms, Math.abs(count)];
  while (left > 0) {
    at += Math.sign(count) * dayMs;
    if (isWorkday(at, holidays)) left--;
  }
  return at;
};

/** A date moved by so many of a unit, back where the number is negative. */
export const addToDate = (
  date: CivilDate,
  amount: number,
  unit: DateUnit,
  holidays: ReadonlySet<string> = new Set(),
): CivilDate => {
  if (!Number.isInteger(amount)) throw wrong(`amount: must be a whole number of ${unit}, got ${amount}.`);
  if (unit === 'years' || unit === 'months') {
    return { ...date, ms: addMonths(date.ms, unit === 'years' ? amount * 12 : amount) };
  }
  if (unit === 'business-days') return { ...date, ms: addWorkdays(date.ms, amount, holidays) };
  return { ms: date.ms + amount * msOf[unit], hasTime: date.hasTime || unit === 'hours' || unit === 'minutes' };
};

export interface DateDifference {
  /** Negative when the second date is earlier. */
  readonly days: number;
  readonly weeks: number;
  /** Whole calendar months, and the days beside them. */
  readonly months: number;
  readonly daysBesideMonths: number;
  readonly years: number;
  /** Mondays to Fridays after the first date, up to and with the second, without holidays. */
  readonly businessDays: number;
  readonly hours?: number;
}

const monthsBetween = (fromMs: number, toMs: number): number => {
  const [from, to] = [new Date(fromMs), new Date(toMs)];
  let months = (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth();
  // A shorter month may end before the day: then a month is over at its end.
  if (addMonths(fromMs, months) > toMs) months--;
  return months;
};

/** What lies between two dates. */
export const differenceOf = (
  from: CivilDate,
  to: CivilDate,
  holidays: ReadonlySet<string> = new Set(),
): DateDifference => {
  const sign = to.ms < from.ms ? -1 : 1;
  const [early, late] = sign < 0 ? [to.ms, from.ms] : [from.ms, to.ms];
  const signed = (value: number): number => (value === 0 ? 0 : sign * value);
  const days = Math.floor((late - early) / dayMs);
  if (days > maxDays * 10) throw wrong('The dates lie too far apart.');
  const months = monthsBetween(early, late);
  let businessDays = 0;
  for (let at = early + dayMs; at <= late; at += dayMs) if (isWorkday(at, holidays)) businessDays++;
  return {
    days: signed(days),
    weeks: signed(Math.floor(days / 7)),
    months: signed(months),
    daysBesideMonths: Math.floor((late - addMonths(early, months)) / dayMs),
    years: signed(Math.floor(months / 12)),
    businessDays: signed(businessDays),
    ...(from.hasTime || to.hasTime ? { hours: signed((late - early) / 3_600_000) } : {}),
  };
};

const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

export interface DateFacts {
  readonly weekday: (typeof weekdays)[number];
  /** By ISO 8601: weeks begin on Monday, the first has the year's first Thursday. */
  readonly isoWeek: string;
  readonly dayOfYear: number;
  readonly quarter: number;
  readonly daysInMonth: number;
  readonly isLeapYear: boolean;
}

export const factsOf = ({ ms }: CivilDate): DateFacts => {
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  const day = Math.floor(ms / dayMs) * dayMs;
  const thursday = new Date(day + (3 - ((date.getUTCDay() + 6) % 7)) * dayMs);
  const week = Math.floor((thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / (7 * dayMs)) + 1;
  return {
    weekday: weekdays[date.getUTCDay()] ?? 'Sunday',
    isoWeek: `${thursday.getUTCFullYear()}-W${String(week).padStart(2, '0')}`,
    dayOfYear: (day - Date.UTC(year, 0, 1)) / dayMs + 1,
    quarter: Math.floor(date.getUTCMonth() / 3) + 1,
    daysInMonth: new Date(Date.UTC(year, date.getUTCMonth() + 1, 0)).getUTCDate(),
    isLeapYear: new Date(Date.UTC(year, 2, 0)).getUTCDate() === 29,
  };
};

/** What the clocks of a zone show at a moment. @throws {PipewrightError} `bad-input` for a zone that there is not. */
export const civilIn = (instantMs: number, timeZone: string): CivilDate => {
  try {
    const fields = {
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    } as const;
    const parts = new Intl.DateTimeFormat('en-CA', {
      ...fields,
      timeZone,
      hourCycle: 'h23',
      calendar: 'iso8601',
    }).formatToParts(instantMs);
    const part = (type: string): number => Number(parts.find((each) => each.type === type)?.value ?? 0);
    const ms = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return { ms, hasTime: true };
  } catch (cause) {
    throw new PipewrightError(
      'bad-input',
      `There is no time zone "${timeZone.slice(0, 40)}": write Europe/Zurich, say.`,
      { cause },
    );
  }
};

/** The moment at which the clocks of a zone show this. Where they show it twice, the first; where never, as much later as they jump. */
export const instantOf = ({ ms }: CivilDate, timeZone: string): number => {
  const offsetAt = (instantMs: number): number =>
    civilIn(instantMs, timeZone).ms - Math.floor(instantMs / 1_000) * 1_000;
  // The clocks change at most once in a day: one of the offsets around it is right.
  const before = ms - offsetAt(ms - dayMs);
  const after = ms - offsetAt(ms + dayMs);
  return civilIn(before, timeZone).ms === ms || civilIn(after, timeZone).ms !== ms ? before : after;
};
