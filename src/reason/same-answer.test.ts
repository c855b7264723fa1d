import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeAnswer, sameAnswer, type SameAnswerOptions } from './same-answer.js';

type Row = [a: string, b: string, options?: SameAnswerOptions];

const same: readonly Row[] = [
  ['1,234', '1234'],
  ['12 000', '12,000'],
  ['1 234 567', '1234567'],
  ["1'234", '1234'],
  ['1,00,000', '100000'],
  ['1.234,56', '1234.56'],
  ['3,5', '3.5'],
  ['$42', '42 dollars'],
  ['\\$1{,}000', '1000'],
  ['50 cents', '$0.50'],
  ['42 km', '42'],
  ['42 km', '42,000 m'],
  ['3.5 kg', '3500 g'],
  ['2 hours', '120 minutes'],
  ['60 mph', '60 miles per hour'],
  ['90^\\circ', '90 degrees'],
  ['1/2', '0.5'],
  ['\\frac{1}{2}', '.5'],
  ['-\\frac12', '-0.5'],
  ['3½', '3.5'],
  ['3 1/2', '7/2'],
  ['3\\frac{1}{2}', '3.5'],
  ['50%', '0.5'],
  ['50%', '50'],
  ['1.5e3', '1500'],
  ['1.5 \\times 10^{3}', '1500'],
  ['1.5×10³', '1,500'],
  ['3 million', '3,000,000'],
  ['$5k', '5000'],
  ['-5', '−5'],
  ['minus 5', '-5'],
  ['seven', '7'],
  ['twenty-one apples', '21'],
  ['three hundred and five', '305'],
  ['119.69999999999999', '119.7'],
  ['0.333', '1/3', { tolerance: 0.01 }],
  ['about 42', '42.'],
  ['x = 5', '5'],
  ['42 apples', '42 apples in total'],
  ['the Eiffel Tower', '"Eiffel tower."'],
  ['Paris', '**paris**'],
  ['yes', 'True'],
  ['No, never', 'false', { kind: 'yes-no' }],
  ['(B)', 'B'],
  ['\\text{(B)}', 'b'],
  ['B. Paris', 'option b', { kind: 'choice' }],
  ['March 5, 2024', '2024-03-05'],
  ['5th of March 2024', 'Tuesday, Mar 5, 2024'],
  ['25/12/2024', '12/25/2024'],
  ['[1, 2, 3]', '{3,2,1}'],
  ['a, b and c', '- c\n- b\n- a', { kind: 'list' }],
];

const different: readonly Row[] = [
  ['42 km', '42 miles'],
  ['5 kg', '5 km'],
  ['42 apples', '42 oranges'],
  ['12345678901234567890', '12345678901234567891'],
  ['1000000001', '1000000002'],
  ['0.333', '1/3'],
  ['25', '0.25'],
  ['05/03/2024', '03/05/2024'],
  ['(3, 4)', '(4, 3)'],
  ['C++', 'C#'],
  ['C++', 'C'],
  ['vitamin A', 'vitamin'],
  ['3 Doors Down', '3 Musketeers'],
  ['2\\sqrt{3}', '2\\sqrt{5}'],
  ['2\\sqrt{3}', '2'],
  ['x^2', 'x^3'],
  ['5x', '5'],
  ['3+4', '3'],
  ['10-15', '10'],
  ['2:30', '2'],
  ['1st', '2nd'],
  ['1.2.3', '1.2'],
  ['Paris', 'London'],
];

describe('answers that say the same', () => {
  it.each<Row>([...same])('%j and %j are the same', (a, b, options) => {
    expect(sameAnswer(a, b, options)).toBe(true);
    expect(sameAnswer(b, a, options)).toBe(true);
  });

  it.each<Row>([...different])('%j and %j are not', (a, b, options) => {
    expect(sameAnswer(a, b, options)).toBe(false);
    expect(sameAnswer(b, a, options)).toBe(false);
  });

  it('a key is short, and the same for what is written otherwise', () => {
    expect(normalizeAnswer('**About 1,250.50 kg.**')).toBe('1250500 g');
    expect(normalizeAnswer('1250.5 kilograms')).toBe('1250500 g');
    expect(normalizeAnswer('The 12 Monkeys', 'number')).toBe('12');
    expect(normalizeAnswer('-0')).toBe('0');
  });

  it('a tolerance below zero is refused', () => {
    expect(() => sameAnswer('1', '2', { tolerance: -1 })).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});

describe('what holds for any answer', () => {
  const numbers = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 }));

  it('every text is the same as itself, and nothing throws', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[-$\d.,/%\\{}^ ()a-c]{0,30}$/u),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(sameAnswer(text, text)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it('a number is the same in every way of writing it', () => {
    const ways: readonly ((value: number) => string)[] = [
      String,
      (value) => value.toExponential(15),
      (value) => `$${value}`.replace('$-', '-$'),
      (value) => `**${value}**`,
      (value) => `${value} apples`,
      (value) => `\\boxed{${value}}`,
    ];
    fc.assert(
      fc.property(numbers, fc.constantFrom(...ways), (value, way) => {
        expect(sameAnswer(String(value), way(value))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), (value) => {
        expect(sameAnswer(value.toLocaleString('en'), String(value))).toBe(true);
        expect(sameAnswer(String(value), String(value + 1))).toBe(false);
      }),
    );
  });

  it('keys of keys are keys', () => {
    fc.assert(
      fc.property(fc.oneof(numbers.map(String), fc.lorem()), (text) => {
        const key = normalizeAnswer(text);
        expect(normalizeAnswer(key)).toBe(key);
      }),
    );
  });
});
