import { correlation, covariance, mean, quantile, sortedNumbers, sum, variance } from './statistics.js';

export interface ListFunction {
  readonly least: number;
  readonly most: number;
  readonly of: (values: readonly number[]) => number;
  /** Whether it takes two lists of one length; `of` gets one after the other. */
  readonly isOfPairs?: boolean;
}

const mode = (values: readonly number[]): number => {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return sortedNumbers([...counts].filter(([, count]) => count === most).map(([value]) => value))[0] ?? Number.NaN;
};

const gcd = (values: readonly number[]): number =>
  values.map(Math.abs).reduce((a, b) => {
    let [x, y] = [a, b];
    while (y > 0) [x, y] = [y, x % y];
    return x;
  });

const lcm = (values: readonly number[]): number =>
  values.reduce((a, b) => (a === 0 || b === 0 ? 0 : Math.abs(a * b) / gcd([a, b])));

/** To so many places: the second number, 0 without one. Half goes away from zero, as people do it. */
const round = ([value = Number.NaN, places = 0]: readonly number[]): number => {
  const scale = 10 ** Math.trunc(places);
  return (Math.sign(value) * Math.round(Number((Math.abs(value) * scale).toPrecision(15)))) / scale;
};

/** A function of pairs, from the two lists one after the other. */
const ofPairs = (of: (x: readonly number[], y: readonly number[]) => number): ListFunction => ({
  least: 4,
  most: 10_000,
  isOfPairs: true,
  of: (values) => of(values.slice(0, values.length / 2), values.slice(values.length / 2)),
});

const many = { least: 1, most: 10_000 };

/** Functions of one number. Angles are in radians. */
export const numberFunctions: ReadonlyMap<string, (value: number) => number> = new Map([
  ['abs', Math.abs],
  ['ceil', Math.ceil],
  ['cos', Math.cos],
  ['degrees', (value: number) => (value * 180) / Math.PI],
  ['exp', Math.exp],
  ['floor', Math.floor],
  ['ln', Math.log],
  ['log10', Math.log10],
  ['log2', Math.log2],
  ['radians', (value: number) => (value * Math.PI) / 180],
  ['sin', Math.sin],
  ['sqrt', Math.sqrt],
  ['tan', Math.tan],
]);

/** Functions of several numbers, or of a list. */
export const listFunctions: ReadonlyMap<string, ListFunction> = new Map([
  ['average', { ...many, of: mean }],
  ['correlation', ofPairs(correlation)],
  ['count', { ...many, of: (values) => values.length }],
  ['covariance', ofPairs(covariance)],
  ['gcd', { ...many, of: gcd }],
  ['lcm', { ...many, of: lcm }],
  ['log', { least: 1, most: 2, of: ([value = Number.NaN, base = 10]) => Math.log(value) / Math.log(base) }],
  ['max', { ...many, of: (values) => Math.max(...values) }],
  ['mean', { ...many, of: mean }],
  ['median', { ...many, of: (values) => quantile(sortedNumbers(values), 0.5) }],
  ['min', { ...many, of: (values) => Math.min(...values) }],
  ['mode', { ...many, of: mode }],
  [
    'percentile',
    { least: 2, most: 10_000, of: ([part = 0, ...values]) => quantile(sortedNumbers(values), part / 100) },
  ],
  ['product', { ...many, of: (values) => values.reduce((product, value) => product * value, 1) }],
  ['round', { least: 1, most: 2, of: round }],
  ['slope', ofPairs((x, y) => covariance(x, y) / variance(x))],
  ['stdev', { least: 2, most: 10_000, of: (values) => Math.sqrt(variance(values)) }],
  ['sum', { ...many, of: sum }],
  ['variance', { least: 2, most: 10_000, of: variance }],
]);
