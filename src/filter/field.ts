import type { FilterScalar, MetadataValue } from '../core/index.js';
import { type Bits, clearBit, setBit } from './bits.js';
import { type Column, createColumn } from './column.js';
import { createDictionary, type Dictionary, missing } from './dictionary.js';
import { type Postings, postingsOf } from './postings.js';

/** One metadata field of all rows. */
export interface Field {
  readonly dictionary: Dictionary;
  readonly column: Column;
  readonly set: (row: number, value: MetadataValue) => void;
  readonly clear: (row: number) => void;
  /** The rows by value. Made when it is asked for, and then as true as `withChanges` makes it. */
  readonly postings: () => Postings;
  /** Corrects bits that were read from the postings: `holds` says of a plain value whether its rows are wanted. */
  readonly withChanges: (bits: Bits, holds: (value: FilterScalar) => boolean) => Bits;
  readonly bytes: number;
}

/** Of a value in the dictionary: two maps, a count and a short text, roughly. */
const bytesPerValue = 64;
/** With more changes than this, or more than a part of all rows, the postings are made anew. */
const maxChanges = 512;
const maxChangedShare = 1 / 64;

export const createField = (): Field => {
  const dictionary = createDictionary();
  const column = createColumn();
  let postings: Postings | undefined;
  const changed = new Set<number>();

  const note = (row: number): void => {
    if (postings === undefined) return;
    changed.add(row);
    if (changed.size <= maxChanges || changed.size <= column.count * maxChangedShare) return;
    postings = undefined;
    changed.clear();
  };
  return {
    dictionary,
    column,
    set: (row, value) => {
      column.set(row, dictionary.acquire(value));
      note(row);
    },
    clear: (row) => {
      const code = column.get(row);
      if (code === missing) return;
      column.set(row, missing);
      dictionary.release(code);
      note(row);
    },
    postings: () => {
      postings ??= postingsOf(column, dictionary);
      return postings;
    },
    // A code that stands for another value by now has lost all rows that the postings know: each of them is among the changes.
    withChanges: (bits, holds) => {
      for (const row of changed) {
        clearBit(bits, row);
        const code = column.get(row);
        const codes = dictionary.lists.get(code) ?? [code];
        if (codes.some((one) => one !== missing && holds(dictionary.scalarOf(one) as FilterScalar))) setBit(bits, row);
      }
      return bits;
    },
    get bytes() {
      return column.bytes + dictionary.size * bytesPerValue + (postings?.bytes ?? 0);
    },
  };
};
