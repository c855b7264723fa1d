import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calculator } from '../index.js';

const value = (expression: string): Promise<number> => calculator()({ expression });

describe('calculator', () => {
  it.each([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['-2^2', -4],
    ['2^3^2', 512],
    ['2^-1', 0.5],
    ['2 ** 10', 1024],
    ['7 % 4 - -1', 4],
    ['0.1 + 0.2', 0.3],
    ['1e3 / 8', 125],
    ['5!', 120],
    ['3 × 4 ÷ 6', 2],
    ['√16 + √(9)', 7],
    ['2 * PI', 6.28318530717959],
    ['mean([3, 4, 8]) + median(1, 9, 5)', 10],
    ['stdev([2, 4, 4, 4, 5, 5, 7, 9])', 2.1380899352994],
    ['percentile(90, [1, 2, 3, 4, 5])', 4.6],
    ['mode(3, 1, 3, 1, 2)', 1],
    ['round(2.675, 2)', 2.68],
    ['round(-2.5)', -3],
    ['gcd(12, 18) + lcm(4, 6)', 18],
    ['log(8, 2) + log(100) + ln(e)', 6],
    ['sum(1, 2, 3)', 6],
    ['sum(1e16, 1, -1e16)', 1],
    ['product([2, 3, 4])', 24],
    ['correlation([1, 2, 3, 4], [2, 4, 6, 9])', 0.994376712684369],
    ['covariance([1, 2, 3], [1, 2, 4])', 1.5],
    ['slope([1, 2, 3], [3, 5, 7])', 2],
  ])('%s is %d', async (expression, expected) => {
    expect(await value(expression)).toBe(expected);
  });

  it.each([
    ['', /must be a sum/],
    ['1 +', /`\(` is missing at its end/],
    ['1 2', /more than one sum at `2`/],
    ['2 + x', /`x` is not known at `x`/],
    ['1 / 0', /divides by zero/],
    ['5 % (2 - 2)', /divides by zero/],
    ['sqrt(-1)', /no finite value/],
    ['10 ^ 400', /no finite value/],
    ['171!', /0 to 170/],
    ['(-1)!', /0 to 170/],
    ['[1, 2] + 1', /a list stands where a number must be/],
    ['stdev(1)', /takes 2 to/],
    ['correlation([1, 2, 3], [1, 2, 3, 4, 5])', /two lists of one length/],
    ['correlation(1, 2, 3, 4)', /two lists of one length/],
    ['correlation([1, 1], [2, 3])', /no finite value/],
    ['sqrt(1, 2)', /takes one number/],
    ['process.exit(1)', /no part of a sum at `\.exit/],
    ['constructor("return 1")()', /is no part of a sum/],
    ['__proto__', /`__proto__` is not known/],
    ['toString()', /`tostring` is not known/],
    ['globalThis[1]', /is not known/],
    ['(() => 1)()', /is missing|no part/],
    ['('.repeat(1_000), /too many brackets/],
    [`2${'^2'.repeat(1_000)}`, /too many powers/],
    ['1'.repeat(20_000), /may have 10000 characters/],
  ])('refuses %j and says why', async (expression, message) => {
    await expect(value(expression)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(message),
    });
  });

  it('gives a finite number or a typed error for any text', async () => {
    const letters = fc.constantFrom(...'0123456789.+-*/%^!(),[] abcdeplmnsux√'.split(''));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: letters }), fc.string()), async (expression) => {
        const result = await value(expression).catch((error: { readonly code: string }) => error.code);
        expect(result === 'bad-input' || Number.isFinite(result)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
