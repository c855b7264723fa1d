/** Sums with the error of each step carried along (Neumaier 1974), so that long columns keep their last digits. */
export const sum = (values: ArrayLike<number>): number => {
  let total = 0;
  let lost = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return total + lost;
};

export const mean = (values: ArrayLike<number>): number => sum(values) / values.length;

export const sortedNumbers = (values: ArrayLike<number>): Float64Array => Float64Array.from(values).sort();

/** The value below which this part of sorted numbers lies, between two of them where need be (type 7 of Hyndman and Fan 1996). */
export const quantile = (sorted: ArrayLike<number>, part: number): number => {
  const at = Math.min(1, Math.max(0, part)) * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (at - Math.floor(at)) * (high - low);
};

/** Of a sample: by n − 1. */
export const covariance = (x: ArrayLike<number>, y: ArrayLike<number>): number => {
  const [middleX, middleY] = [mean(x), mean(y)];
  let total = 0;
  for (let i = 0; i < x.length; i++) total += ((x[i] as number) - middleX) * ((y[i] as number) - middleY);
  return total / (x.length - 1);
};

/** Of a sample: by n − 1. */
export const variance = (values: ArrayLike<number>): number => covariance(values, values);

/** The coefficient of Pearson, -1 to 1; NaN where one of the two never changes. */
export const correlation = (x: ArrayLike<number>, y: ArrayLike<number>): number => {
  const spread = Math.sqrt(variance(x) * variance(y));
  return spread === 0 ? Number.NaN : Math.max(-1, Math.min(1, covariance(x, y) / spread));
};
