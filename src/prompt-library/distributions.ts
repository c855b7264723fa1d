/**
 * The normal distribution function, by the series of G. Marsaglia, "Evaluating the normal distribution" (2004); exact to about
 * 15 digits between −7 and 7.
 */
export const normalCdf = (x: number): number => {
  if (x < -8) return 0;
  if (x > 8) return 1;
  let term = x;
  let sum = x;
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
};

/** The figure that a share `p` does not exceed, by halving. */
const quantileOf = (cdf: (x: number) => number, p: number): number => {
  let low = -1;
  let high = 1;
  while (cdf(low) > p) low *= 2;
  while (cdf(high) < p) high *= 2;
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    if (cdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
};

/** For `p` above 0 and below 1. */
export const normalQuantile = (p: number): number => quantileOf(normalCdf, p);

/** The logarithm of the gamma function for x > 0: Stirling's series (Abramowitz and Stegun, 6.1.41), taken further up. */
const logGamma = (x: number): number => {
  let shift = 0;
  let at = x;
  // The series is good to 15 digits from 10 on.
  for (; at < 10; at++) shift += Math.log(at);
  const inverse = 1 / (at * at);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / at;
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - shift;
};

const tiny = 1e-300;
const awayFromZero = (value: number): number => (Math.abs(value) < tiny ? tiny : value);

/**
 * The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun, 26.5.8) in the order of W. J. Lentz
 * (1976).
 */
const incompleteBeta = (x: number, a: number, b: number): number => {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast below this point, and the other side follows by symmetry.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    fraction *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b));
  return (front * fraction) / a;
};

/** Student's distribution function; `degrees` of freedom above 0, not always whole. */
export const studentCdf = (t: number, degrees: number): number => {
  const tail = incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2;
  return t > 0 ? 1 - tail : tail;
};

/** For `p` above 0 and below 1. */
export const studentQuantile = (p: number, degrees: number): number => quantileOf((t) => studentCdf(t, degrees), p);
