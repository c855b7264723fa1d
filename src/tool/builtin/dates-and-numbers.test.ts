import { describe, expect, it } from 'vitest';
import { testRun } from '../../testing/index.js';
import { dateTool, extractDates, extractNumbers, extractTool } from '../index.js';

const referenceMs = Date.UTC(2026, 10, 21, 10);

describe('dateTool', () => {
  const dates = dateTool({ holidays: ['2026-12-25'] });

  it.each([
    ['2024-01-31', 1, 'months', '2024-02-29'],
    ['2023-01-31', 1, 'months', '2023-02-28'],
    ['2024-02-29', 1, 'years', '2025-02-28'],
    ['2024-03-31', -1, 'months', '2024-02-29'],
    ['2024-03-01', -1, 'days', '2024-02-29'],
    ['2026-12-24', 1, 'business-days', '2026-12-28'],
    ['2026-11-20', 1, 'business-days', '2026-11-23'],
    ['2026-11-23', -1, 'business-days', '2026-11-20'],
    ['2024-12-31', 2, 'weeks', '2025-01-14'],
    ['2024-12-31T23:30', 45, 'minutes', '2025-01-01T00:15'],
    ['2024-12-31', 25, 'hours', '2025-01-01T01:00'],
  ] as const)('%s and %d %s is %s', async (date, amount, unit, expected) => {
    expect(await dates({ operation: 'add', date, amount, unit })).toMatchObject({ date: expected });
  });

  it.each([
    ['2024-01-31', '2024-03-01', { days: 30, weeks: 4, months: 1, daysBesideMonths: 1, years: 0, businessDays: 22 }],
    ['2026-12-24', '2026-12-28', { days: 4, businessDays: 1 }],
    ['2024-03-05', '2024-03-05', { days: 0, months: 0, businessDays: 0 }],
    ['2026-11-21', '2025-11-21', { days: -365, months: -12, years: -1, businessDays: -260 }],
    ['2024-03-05T10:00', '2024-03-06T09:00', { days: 0, hours: 23 }],
  ])('from %s to %s are %j', async (date, until, expected) => {
    expect(await dates({ operation: 'difference', date, until })).toMatchObject(expected);
  });

  it.each([
    ['2026-11-21', { weekday: 'Saturday', isoWeek: '2026-W47', dayOfYear: 325, quarter: 4, isLeapYear: false }],
    ['2021-01-03', { weekday: 'Sunday', isoWeek: '2020-W53' }],
    ['2024-12-30', { weekday: 'Monday', isoWeek: '2025-W01', dayOfYear: 365, isLeapYear: true }],
  ])('%s is %j', async (date, expected) => {
    expect(await dates({ operation: 'facts', date })).toMatchObject(expected);
  });

  it('tells the time here and elsewhere, by the clock of the run', async () => {
    const { run } = testRun({ nowMs: referenceMs });
    expect(await dateTool({ timeZone: 'Asia/Tokyo' })({ operation: 'now' }, run)).toMatchObject({
      date: '2026-11-21T19:00',
      timeZone: 'Asia/Tokyo',
    });
    const convert = async (date: string, fromZone: string, toZone: string) =>
      dates({ operation: 'convert', date, fromZone, toZone });
    expect(await convert('2026-07-01T12:00', 'Europe/Zurich', 'America/New_York')).toMatchObject({
      date: '2026-07-01T06:00',
    });
    // In the hour that there is twice, the first; in the one that there is not, as much later as the clocks jump.
    expect(await convert('2026-10-25T02:30', 'Europe/Zurich', 'UTC')).toMatchObject({ date: '2026-10-25T00:30' });
    expect(await convert('2026-03-29T02:30', 'Europe/Zurich', 'UTC')).toMatchObject({ date: '2026-03-29T01:30' });
    expect(await convert('2026-03-29T12:00', 'Europe/Zurich', 'UTC')).toMatchObject({ date: '2026-03-29T10:00' });
  });

  it.each([
    [{ operation: 'facts', date: '2023-02-29' }, 'There is no 2023-02-29'],
    [{ operation: 'facts', date: '21.11.2026' }, 'is no date: write'],
    [{ operation: 'facts', date: '2024-13-01' }, 'There is no'],
    [{ operation: 'facts', date: '2024-01-01T24:00' }, 'There is no'],
    [{ operation: 'convert', date: '2024-01-01', fromZone: 'Mars', toZone: 'UTC' }, 'no time zone "Mars"'],
    [{ operation: 'add', date: '2024-01-01' }, 'amount: `add` needs it; unit: `add` needs it'],
    [{ operation: 'add', date: '2024-01-01', amount: 1.5, unit: 'days' }, 'must be a whole number of days'],
    [{ operation: 'add', date: '2024-01-01', amount: 9e6, unit: 'years' }, 'beyond the years'],
    [{ operation: 'add', date: '2024-01-01', amount: 1e9, unit: 'business-days' }, 'At most'],
    [{ operation: 'guess' }, 'operation: must be one of'],
  ])('refuses %j', async (request, message) => {
    await expect(dates(request as never)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining(message),
    });
  });
});

describe('extractDates', () => {
  it.each([
    ['See you next Friday at 3pm.', '2026-11-27T15:00'],
    ['Due in two weeks.', '2026-12-05'],
    ['It was on March 5, 2024.', '2024-03-05'],
    ['Since March 2024 it is so.', '2024-03'],
    ['On 2024-03-05 it rained.', '2024-03-05'],
    ['Tomorrow.', '2026-11-22'],
    ['03/04/2024', '2024-03-04'],
  ])('%j says %s', async (text, expected) => {
    const [found] = await extractDates(text, { referenceMs });
    expect(found?.date).toBe(expected);
    expect(text.slice(found?.start, found?.end)).toBe(found?.text);
  });

  it('reads spans, other languages and other orders, from where the reader is', async () => {
    expect((await extractDates('from 3 to 5 March 2024', { referenceMs }))[0]).toMatchObject({
      date: '2024-03-03',
      until: '2024-03-05',
    });
    expect((await extractDates('am 5. März 2024', { referenceMs, language: 'de' }))[0]?.date).toBe('2024-03-05');
    expect((await extractDates('03/04/2024', { referenceMs, language: 'en-GB' }))[0]?.date).toBe('2024-04-03');
    const late = Date.UTC(2026, 10, 21, 23);
    expect((await extractDates('tomorrow', { referenceMs: late, timeZone: 'Asia/Tokyo' }))[0]?.date).toBe('2026-11-23');
  });

  it('finds them at their places in a long text', async () => {
    const text = `${'Nothing here.\n'.repeat(2_000)}On 5 March 2024 it rained.`;
    const [found] = await extractDates(text, { referenceMs });
    expect(text.slice(found?.start, found?.end)).toBe(found?.text);
    expect(found?.start).toBeGreaterThan(27_000);
  });
});

describe('extractNumbers', () => {
  it.each([
    ['It costs $1,200.50 today.', [['$1,200.50', 1200.5, 'currency', '$']]],
    ['about 3.5 % of them', [['3.5 %', 3.5, 'percent', '%']]],
    [
      '5 EUR or 10 kg',
      [
        ['5 EUR', 5, 'currency', 'EUR'],
        ['10 kg', 10, 'quantity', 'kg'],
      ],
    ],
    ['in twenty-one days', [['twenty-one days', 21, 'quantity', 'days']]],
    ['three hundred and five apples', [['three hundred and five', 305, 'number', undefined]]],
    ['one of them', []],
    ['10 apples', [['10', 10, 'number', undefined]]],
    ['H2O and x2', []],
    ['-5 °', [['-5', -5, 'number', undefined]]],
  ])('%j has %j', (text, expected) => {
    expect(extractNumbers(text).map((each) => [each.text, each.value, each.kind, each.unit])).toEqual(expected);
  });

  it.each([
    ['10-20 kg', 10, 20, 'kg'],
    ['$5 to $10', 5, 10, '$'],
    ['5–7 %', 5, 7, '%'],
  ])('%s is a range', (text, value, until, unit) => {
    expect(extractNumbers(text)).toMatchObject([{ text, value, until, unit }]);
  });

  it('takes time in proportion to the text', () => {
    expect(extractNumbers('two apples, '.repeat(20_000))).toHaveLength(20_000);
    expect(extractNumbers('1'.repeat(100_000)).length).toBeLessThan(2);
  });
});

describe('extractTool', () => {
  it('gives both, and takes no number out of a date', async () => {
    const { run } = testRun({ nowMs: referenceMs });
    const text = 'On 5 March 2024 we paid 12 EUR, due tomorrow.';
    expect(await extractTool()({ text }, run)).toMatchObject({
      dates: [{ date: '2024-03-05' }, { date: '2026-11-22' }],
      numbers: [{ value: 12, unit: 'EUR' }],
    });
    expect(await extractTool()({ text, kinds: ['numbers'] }, run)).not.toHaveProperty('dates');
  });

  it('says what is wrong with its arguments and options', async () => {
    await expect(extractTool({ maxTextLength: 3 })({ text: 'long' })).rejects.toThrow('at most 3 characters');
    await expect(extractTool()({ text: 'a', kinds: ['names'] as never })).rejects.toThrow('kinds: must be');
    expect(() => extractTool({ language: 'la' as never })).toThrow('language');
  });
});
