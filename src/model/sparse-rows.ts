/** A matrix of mostly zeros, row by row: row `r` has the entries from `starts[r]` to `starts[r + 1]`. */
export interface SparseRows {
  readonly starts: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float32Array;
  readonly columnCount: number;
}

/** `sums += row · matrix`: the entries from `from` to `to`, times the rows of a dense matrix that is `width` wide. */
export const addProduct = (
  { columns, values }: Pick<SparseRows, 'columns' | 'values'>,
  [from, to]: readonly [from: number, to: number],
  {
    matrix,
    width,
    sums,
  }: { readonly matrix: Float32Array | Float64Array; readonly width: number; readonly sums: Float64Array },
): void => {
  for (let at = from; at < to; at++) {
    const value = values[at] as number;
    const start = (columns[at] as number) * width;
    for (let j = 0; j < width; j++) sums[j] = (sums[j] as number) + value * (matrix[start + j] as number);
  }
};
