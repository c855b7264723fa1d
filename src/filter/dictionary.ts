import type { FilterScalar, MetadataValue } from '../core/index.js';

/** The code of rows that lack the field. */
export const missing = 0;

/**
 * The distinct values of a field, numbered from 1. A list has a code of its own, and its members have theirs. A value that no
 * row has any more gives its code up, so that the numbers stay small however often values change.
 */
export interface Dictionary {
  /** One more than the highest code. */
  readonly size: number;
  /** The code for one more row with this value. */
  readonly acquire: (value: MetadataValue) => number;
  /** One row fewer has this code. */
  readonly release: (code: number) => void;
  /** Undefined when no row has the value, alone or in a list. */
  readonly codeOf: (value: FilterScalar) => number | undefined;
  /** The plain value of a code; undefined for lists and for codes that are not in use. */
  readonly scalarOf: (code: number) => FilterScalar | undefined;
  /** The lists, with the codes of their members. */
  readonly lists: ReadonlyMap<number, readonly number[]>;
}

/** Numbers that are in use and how often; a number that is given up is used again. */
interface Codes {
  readonly size: number;
  readonly next: () => number;
  readonly use: (code: number) => number;
  /** True when that was the last use. */
  readonly drop: (code: number) => boolean;
}

const createCodes = (): Codes => {
  const counts: number[] = [0];
  const free: number[] = [];
  return {
    get size() {
      return counts.length;
    },
    next: () => {
      const code = free.pop() ?? counts.length;
      counts[code] = 0;
      return code;
    },
    use: (code) => {
      counts[code] = (counts[code] as number) + 1;
      return code;
    },
    drop: (code) => {
      const left = (counts[code] as number) - 1;
      counts[code] = left;
      if (left === 0) free.push(code);
      return left === 0;
    },
  };
};

export const createDictionary = (): Dictionary => {
  const codes = createCodes();
  const scalars: (FilterScalar | undefined)[] = [undefined];
  const scalarCodes = new Map<FilterScalar, number>();
  // A list is known by its JSON: members are strings, finite numbers and booleans.
  const listCodes = new Map<string, number>();
  const listTexts = new Map<number, string>();
  const lists = new Map<number, readonly number[]>();

  const acquireScalar = (value: FilterScalar): number => {
    const code = scalarCodes.get(value) ?? codes.next();
    scalars[code] = value;
    scalarCodes.set(value, code);
    return codes.use(code);
  };
  const acquireList = (members: readonly FilterScalar[]): number => {
    const text = JSON.stringify(members);
    let code = listCodes.get(text);
    if (code === undefined) {
      code = codes.next();
      scalars[code] = undefined;
      listCodes.set(text, code);
      listTexts.set(code, text);
      lists.set(code, members.map(acquireScalar));
    }
    return codes.use(code);
  };
  const release = (code: number): void => {
    if (!codes.drop(code)) return;
    const members = lists.get(code);
    if (members === undefined) {
      scalarCodes.delete(scalars[code] as FilterScalar);
      scalars[code] = undefined;
      return;
    }
    listCodes.delete(listTexts.get(code) as string);
    listTexts.delete(code);
    lists.delete(code);
    for (const member of members) release(member);
  };
  return {
    get size() {
      return codes.size;
    },
    acquire: (value) => (Array.isArray(value) ? acquireList(value) : acquireScalar(value as FilterScalar)),
    release,
    codeOf: (value) => scalarCodes.get(value),
    scalarOf: (code) => scalars[code],
    lists,
  };
};
