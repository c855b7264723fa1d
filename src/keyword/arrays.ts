type Numbers = Int32Array | Float32Array;

/** The array itself or, where it is too short, a copy of at least twice its length. */
export const grown = <A extends Numbers>(array: A, needed: number): A => {
  if (needed <= array.length) return array;
  const Constructor = array.constructor as new (length: number) => A;
  const larger = new Constructor(Math.max(needed, array.length * 2));
  larger.set(array);
  return larger;
};

/** The first place from `from` to `to` whose number is not below `wanted`, in an ascending array; it looks near `from` first. */
export const placeOf = (numbers: Int32Array | Uint32Array, wanted: number, from: number, to: number): number => {
  let low = from;
  let high = from;
  for (let step = 1; high < to && (numbers[high] as number) < wanted; step *= 2) {
    low = high + 1;
    high += step;
  }
  if (high > to) high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
};
