import { compileFilter, type FieldFilter, type Filter, type Metadata } from '../core/index.js';
import { type Bits, intersect, invert, unite } from './bits.js';
import { rowsWhere } from './conditions.js';
import { createField, type Field } from './field.js';
import { type RowSet, rowSet } from './row-set.js';

/** Metadata by column: finds the rows that pass a filter without looking at a document. */
export interface FilterIndex {
  /** Takes in a row; one that is there must be removed first. */
  readonly add: (row: number, metadata: Metadata | undefined) => void;
  readonly remove: (row: number) => void;
  /**
   * The rows that pass. While nothing changes, equal filters give the same set again.
   * @throws {PipewrightError} `bad-option` when the filter is malformed.
   */
  readonly select: (filter: Filter) => RowSet;
  /** Every row that was added and not removed. */
  readonly all: () => RowSet;
  /** What it holds in memory, values aside. */
  readonly bytes: number;
}

/** Filters come back with every question of a user; this many are remembered. */
const maxRemembered = 16;

/** A text that is the same for equal filters only: JSON would make one of NaN and null. */
const textOf = (filter: Filter): string =>
  JSON.stringify(filter, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? `\0${value}` : value,
  );

/** The rows that pass a well-formed filter, and perhaps rows that are not there. */
const evaluate = (fields: ReadonlyMap<string, Field>, filter: Filter, wordCount: number): Bits => {
  const part = (inner: Filter): Bits => evaluate(fields, inner, wordCount);
  const parts = Object.entries(filter).map(([key, value]): Bits => {
    if (key === '$and') return intersect((value as readonly Filter[]).map(part), wordCount);
    if (key === '$or') return unite((value as readonly Filter[]).map(part), wordCount);
    if (key === '$not') return invert(part(value as Filter));
    return rowsWhere(fields.get(key), value as FieldFilter, wordCount);
  });
  return parts.length === 1 ? (parts[0] as Bits) : intersect(parts, wordCount);
};

/** The rows that are there, as bits that grow. */
const createLiveRows = (): { readonly set: (row: number, isLive: boolean) => void; readonly bits: () => Bits } => {
  let words = new Uint32Array(32);
  let wordCount = 0;
  return {
    set: (row, isLive) => {
      const at = row >>> 5;
      if (at >= words.length) {
        const larger = new Uint32Array(Math.max(at + 1, 2 * words.length));
        larger.set(words);
        words = larger;
      }
      wordCount = Math.max(wordCount, at + 1);
      const bit = 1 << (row & 31);
      words[at] = isLive ? (words[at] as number) | bit : (words[at] as number) & ~bit;
    },
    bits: () => words.slice(0, wordCount),
  };
};

/**
 * An empty index of metadata for the rows of a table. A filter means exactly what `compileFilter` means, and takes
 * microseconds: the rows of each value are at hand, once a field was asked for.
 * @example
 * const index = filterIndex();
 * index.add(0, { year: 2024 });
 * index.select({ year: { $gte: 2020 } }).count // => 1
 */
export const filterIndex = (): FilterIndex => {
  const fields = new Map<string, Field>();
  const live = createLiveRows();
  let remembered = new Map<string, RowSet>();
  let all: RowSet | undefined;

  const forget = (): void => {
    all = undefined;
    if (remembered.size > 0) remembered = new Map();
  };
  const fieldOf = (name: string): Field => {
    const field = fields.get(name) ?? createField();
    fields.set(name, field);
    return field;
  };
  const allRows = (): RowSet => {
    all ??= rowSet(live.bits());
    return all;
  };
  const find = (filter: Filter): RowSet => {
    compileFilter(filter); // says what is wrong with it
    const { bits } = allRows();
    return rowSet(intersect([bits, evaluate(fields, filter, bits.length)], bits.length));
  };
  return {
    add: (row, metadata = {}) => {
      forget();
      live.set(row, true);
      for (const [name, value] of Object.entries(metadata)) fieldOf(name).set(row, value);
    },
    remove: (row) => {
      forget();
      live.set(row, false);
      for (const [name, field] of fields) {
        field.clear(row);
        if (field.column.count === 0) fields.delete(name);
      }
    },
    select: (filter) => {
      const text = textOf(filter);
      const known = remembered.get(text) ?? find(filter);
      remembered.delete(text);
      remembered.set(text, known);
      for (const oldest of remembered.keys()) {
        if (remembered.size <= maxRemembered) break;
        remembered.delete(oldest);
      }
      return known;
    },
    all: allRows,
    get bytes() {
      let bytes = allRows().bits.byteLength * (2 + remembered.size);
      for (const field of fields.values()) bytes += field.bytes;
      return bytes;
    },
  };
};
