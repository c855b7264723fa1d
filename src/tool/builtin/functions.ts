export interface ListFunction {
  readonly least: number;
  readonly most: number;
  readonly of: (values: readonly number[]) => number;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;

const sorted = (values: readonly number[]): readonly number[] => [...values].sort((a, b) => a - b);

/** The value below which this part of the numbers lies, between two of them where need be (type 7 of Hyndman and Fan 1996). */
const quantile = (values: readonly number[], part: number): number => {
  const all = sorted(values);
  const at = Math.min(1, Math.max(0, part)) * (all.length - 1);
  const low = all[Math.floor(at)] ?? Number.NaN;
  const high = all[Math.ceil(at)] ?? Number.NaN;
  return low + (at - Math.floor(at)) * (high - low);
};

/** The variance of a sample: by n − 1. */
const variance = (values: readonly number[]): number => {
  const middle = mean(values);
  return sum(values.map((value) => (value - middle) ** 2)) / (values.length - 1);
};

const mode = (values: readonly number[]): number => {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return sorted([...counts].filter(([, count]) => count === most).map(([value]) => value))[0] ?? Number.NaN;
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
  ['count', { ...many, of: (values) => values.length }],
  ['gcd', { ...many, of: gcd }],
  ['lcm', { ...many, of: lcm }],
  ['log', { least: 1, most: 2, of: ([value = Number.NaN, base = 10]) => Math.log(value) / Math.log(base) }],
  ['max', { ...many, of: (values) => Math.max(...values) }],
  ['mean', { ...many, of: mean }],
  ['median', { ...many, of: (values) => quantile(values, 0.5) }],
  ['min', { ...many, of: (values) => Math.min(...values) }],
  ['mode', { ...many, of: mode }],
  ['percentile', { least: 2, most: 10_000, of: ([part = 0, ...values]) => quantile(values, part / 100) }],
  ['round', { least: 1, most: 2, of: round }],
  ['stdev', { least: 2, most: 10_000, of: (values) => Math.sqrt(variance(values)) }],
  ['sum', { ...many, of: sum }],
  ['variance', { least: 2, most: 10_000, of: variance }],
]);
