import { describe, expect, it } from 'vitest';
import { createRun, type Random, seededRandom } from '../core/index.js';
import { singularVectors } from './randomized-svd.js';
import type { SparseRows } from './sparse-rows.js';
import { symmetricEigen } from './symmetric-eigen.js';

const sparse = (rows: readonly (readonly number[])[]): SparseRows => {
  const entries = rows.map((row) => row.flatMap((value, column) => (value === 0 ? [] : [{ column, value }])));
  const starts = [0];
  for (const row of entries) starts.push((starts.at(-1) ?? 0) + row.length);
  return {
    starts: Uint32Array.from(starts),
    columns: Uint32Array.from(entries.flat(), ({ column }) => column),
    values: Float32Array.from(entries.flat(), ({ value }) => value),
    columnCount: rows[0]?.length ?? 0,
  };
};

const randomRows = (count: number, columns: number, random: Random): readonly (readonly number[])[] =>
  Array.from({ length: count }, () => Array.from({ length: columns }, () => (random() < 0.2 ? random() : 0)));

/** The plain way: the singular values of a matrix are the roots of the eigenvalues of its square. */
const exactValues = async (rows: readonly (readonly number[])[]): Promise<Float64Array> => {
  const columns = rows[0]?.length ?? 0;
  const square = new Float64Array(columns * columns);
  for (const row of rows) {
    for (let i = 0; i < columns; i++) {
      for (let j = 0; j < columns; j++) square[i * columns + j]! += (row[i] ?? 0) * (row[j] ?? 0);
    }
  }
  const { values } = await symmetricEigen(square, columns, createRun());
  return values.map((value) => Math.sqrt(Math.max(0, value)));
};

const column = (matrix: Float32Array, width: number, at: number): readonly number[] =>
  Array.from({ length: matrix.length / width }, (_, row) => matrix[row * width + at] ?? 0);
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

describe('symmetricEigen', () => {
  it('gives back the matrix from its values and vectors, largest value first', async () => {
    const random = seededRandom(5);
    const size = 12;
    const matrix = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) matrix[i * size + j] = matrix[j * size + i] = random() - 0.5;
    }
    const { values, vectors } = await symmetricEigen(matrix.slice(), size, createRun());
    expect([...values]).toEqual([...values].sort((a, b) => b - a));
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        let sum = 0;
        for (let k = 0; k < size; k++) {
          sum += (values[k] ?? 0) * (vectors[k * size + i] ?? 0) * (vectors[k * size + j] ?? 0);
        }
        expect(sum).toBeCloseTo(matrix[i * size + j] ?? Number.NaN, 8);
      }
    }
  });
});

describe('singularVectors', () => {
  it('finds the strongest singular values, with directions at right angles', async () => {
    const rows = randomRows(70, 50, seededRandom(3));
    const exact = await exactValues(rows);
    const count = 8;
    const { values, directions } = await singularVectors(sparse(rows), count, seededRandom(1), createRun());
    expect(values).toHaveLength(count);
    for (const [at, value] of values.entries()) expect(value / (exact[at] ?? 0)).toBeCloseTo(1, 1);
    expect((values[0] ?? 0) / (exact[0] ?? 0)).toBeCloseTo(1, 4);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j <= i; j++) {
        const product = dot(column(directions, count, i), column(directions, count, j));
        expect(product).toBeCloseTo(i === j ? 1 : 0, 4);
      }
    }
  });

  it('gives no more directions than the matrix has, whatever is asked for', async () => {
    const line = [1, 2, 0, 0, 3];
    const other = [0, 0, 4, 1, 0];
    const rows = sparse([line, line, other, line.map((value) => 2 * value), other]);
    const { values, directions } = await singularVectors(rows, 5, seededRandom(1), createRun());
    expect(values).toHaveLength(2);
    expect(directions).toHaveLength(2 * 5);
    expect([...directions].every(Number.isFinite)).toBe(true);
    expect(values[0]).toBeCloseTo(Math.sqrt(14 * 6), 4);
  });
});
