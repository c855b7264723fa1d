/** A date in a text. */
export interface FoundDate {
  /** `2024-03-05`, or `2024-03` where no day is given. */
  readonly iso: string;
  /** Whether the text is that date and nothing else. */
  readonly isWhole: boolean;
}

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const month =
  '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?';
const day = '(\\d{1,2})(?:st|nd|rd|th)?';
const year = '(\\d{4})';
/** `Tuesday, ` */
const weekday = '(?:(?:mon|tues?|wed(?:nes)?|thurs?|fri|sat(?:ur)?|sun)(?:day)?,? )?';

type Parts = readonly [year: string | undefined, month: string | undefined, day: string | undefined];

/** The forms, and where year, month and day stand in them. Day and month as bare figures are read only where one is above 12. */
const forms: readonly (readonly [RegExp, (match: RegExpExecArray) => Parts])[] = [
  [/(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)/iu, (m) => [m[1], m[2], m[3]]],
  [new RegExp(`${weekday}${month} ${day},? ${year}(?!\\d)`, 'iu'), (m) => [m[3], m[1], m[2]]],
  [new RegExp(`${weekday}(?:the )?${day} (?:of )?${month},? ${year}(?!\\d)`, 'iu'), (m) => [m[3], m[2], m[1]]],
  [/(1[3-9]|2\d|3[01])[-/.](0?[1-9]|1[0-2])[-/.](\d{4})(?!\d)/u, (m) => [m[3], m[2], m[1]]],
  [/(0?[1-9]|1[0-2])[-/.](1[3-9]|2\d|3[01])[-/.](\d{4})(?!\d)/u, (m) => [m[3], m[1], m[2]]],
  [new RegExp(`${month},? (?:of )?${year}(?!\\d)`, 'iu'), (m) => [m[2], m[1], undefined]],
];

const monthNumber = (name: string): number =>
  /^\d/u.test(name) ? Number(name) : months.indexOf(name.slice(0, 3).toLowerCase()) + 1;

/** The date in a text, by the first form that it has; English month names. `03/04/2024` is two dates, so it is none. */
export const dateIn = (text: string): FoundDate | undefined => {
  for (const [pattern, partsOf] of forms) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const [yearText = '', monthText = '', dayText] = partsOf(match);
    const monthAt = monthNumber(monthText);
    const dayAt = dayText === undefined ? undefined : Number(dayText);
    if (monthAt < 1 || monthAt > 12 || (dayAt !== undefined && (dayAt < 1 || dayAt > 31))) continue;
    const iso = [yearText, monthAt, ...(dayAt === undefined ? [] : [dayAt])];
    const isWhole = match.index === 0 && /^[\s.]*$/u.test(text.slice(match[0].length));
    return { iso: iso.map((part) => String(part).padStart(2, '0')).join('-'), isWhole };
  }
  return undefined;
};
