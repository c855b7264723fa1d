import { sliceTimer, yieldToEventLoop } from '../core/index.js';

/** The terms of an index for looking up by their beginning or by likeness. */
export interface Vocabulary {
  /** In the order of their UTF-16 code units. */
  readonly sorted: readonly string[];
  /** Terms that came since, few, in no order. */
  readonly recent: readonly string[];
}

/** A vocabulary that is kept up to date with `names`, which only grow. */
export type VocabularyOf = (names: readonly string[]) => Promise<Vocabulary>;

const maxRecent = 512;
const runLength = 2048;

export const createVocabulary = (): VocabularyOf => {
  let sorted: readonly string[] = [];
  let of: readonly string[] = [];
  return async (names) => {
    const known = of === names ? sorted : [];
    const added = names.slice(known.length);
    if (added.length <= maxRecent) return { sorted: known, recent: added };
    const all = await sortInSlices(known, added);
    // Another search may have done the same meanwhile, and further.
    if (of !== names || sorted.length < all.length) {
      sorted = all;
      of = names;
    }
    return { sorted: all, recent: [] };
  };
};

/** Merge sort, so that a large vocabulary does not hold up the event loop. */
const sortInSlices = async (known: readonly string[], added: readonly string[]): Promise<readonly string[]> => {
  const isTimeUp = sliceTimer();
  let runs: (readonly string[])[] = [];
  for (let from = 0; from < added.length; from += runLength) {
    runs.push(added.slice(from, from + runLength).sort());
    if (isTimeUp()) await yieldToEventLoop();
  }
  while (runs.length > 1) {
    const merged: (readonly string[])[] = [];
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(await mergeRuns(runs[at] as readonly string[], runs[at + 1] ?? [], isTimeUp));
    }
    runs = merged;
  }
  return mergeRuns(known, runs[0] ?? [], isTimeUp);
};

const mergeRuns = async (a: readonly string[], b: readonly string[], isTimeUp: () => boolean): Promise<string[]> => {
  const merged: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const fromA = a[i];
    const fromB = b[j];
    if (fromB === undefined || (fromA !== undefined && fromA < fromB)) {
      merged.push(fromA as string);
      i++;
    } else {
      merged.push(fromB);
      j++;
    }
    if (merged.length % 4096 === 0 && isTimeUp()) await yieldToEventLoop();
  }
  return merged;
};

/** The first place from `low` on whose term is not before `wanted`. */
const placeAfter = (sorted: readonly string[], wanted: string, from: number): number => {
  let low = from;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as string) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The first place from `from` on behind all terms that begin with `prefix`. */
const endOfPrefix = (sorted: readonly string[], prefix: string, from: number): number => {
  let at = from;
  for (let step = 1; sorted[at]?.startsWith(prefix) === true; step *= 2) at += step;
  let low = from;
  let high = Math.min(at, sorted.length);
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as string).startsWith(prefix)) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The terms that begin with `prefix`. */
export const termsWithPrefix = ({ sorted, recent }: Vocabulary, prefix: string): readonly string[] => {
  const from = placeAfter(sorted, prefix, 0);
  const found = sorted.slice(from, endOfPrefix(sorted, prefix, from));
  return [...found, ...recent.filter((term) => term.startsWith(prefix))];
};

export interface SimilarTerm {
  readonly term: string;
  readonly edits: number;
}

/**
 * The terms that at most `maxEdits` changes make of `word`: a letter put in, left out or replaced, or two neighbours swapped
 * (optimal string alignment). The sorted terms are read like a trie: rows of the table of distances are kept for the beginning
 * that a term shares with the one before it, and a beginning that is too far away already is passed over with all its terms.
 */
export const termsLike = async (
  { sorted, recent }: Vocabulary,
  word: string,
  maxEdits: number,
): Promise<readonly SimilarTerm[]> => {
  const isTimeUp = sliceTimer();
  const found: SimilarTerm[] = [];
  const table = distances(word);
  const look = (term: string, shared: number): number => {
    const failedAt = table.read(term, shared, maxEdits);
    if (failedAt === 0 && table.edits(term.length) <= maxEdits) found.push({ term, edits: table.edits(term.length) });
    return failedAt;
  };
  let before = '';
  let valid = 0;
  for (let at = 0, looked = 0; at < sorted.length; looked++) {
    const term = sorted[at] as string;
    const failedAt = look(term, Math.min(valid, sharedLength(before, term)));
    at = failedAt === 0 ? at + 1 : endOfPrefix(sorted, term.slice(0, failedAt), at + 1);
    valid = failedAt === 0 ? term.length : failedAt;
    before = term;
    if (looked % 512 === 511 && isTimeUp()) await yieldToEventLoop();
  }
  for (const term of recent) look(term, 0);
  return found;
};

const sharedLength = (a: string, b: string): number => {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
};

interface Distances {
  /** Fills the rows behind the first `shared` letters; returns 0, or after how many letters all was too far. */
  readonly read: (term: string, shared: number, maxEdits: number) => number;
  /** Edits between the word and the first `length` letters of the term read last. */
  readonly edits: (length: number) => number;
}

const distances = (word: string): Distances => {
  const width = word.length + 1;
  const rows: Uint16Array[] = [Uint16Array.from({ length: width }, (_, at) => at)];

  /** Fills the row of the first `depth` letters, and returns its smallest number. */
  const fill = (term: string, depth: number): number => {
    const above = rows[depth - 1] as Uint16Array;
    const higher = rows[depth - 2];
    const row = rows[depth] ?? new Uint16Array(width);
    rows[depth] = row;
    const letter = term.charCodeAt(depth - 1);
    row[0] = depth;
    let smallest = depth;
    for (let at = 1; at < width; at++) {
      const isEqual = word.charCodeAt(at - 1) === letter;
      let edits = (above[at - 1] as number) + (isEqual ? 0 : 1);
      edits = Math.min(edits, (above[at] as number) + 1, (row[at - 1] as number) + 1);
      const isSwapped =
        higher !== undefined &&
        at > 1 &&
        word.charCodeAt(at - 2) === letter &&
        word.charCodeAt(at - 1) === term.charCodeAt(depth - 2);
      if (isSwapped) edits = Math.min(edits, (higher[at - 2] as number) + 1);
      row[at] = edits;
      if (edits < smallest) smallest = edits;
    }
    return smallest;
  };

  return {
    read: (term, shared, maxEdits) => {
      for (let depth = shared + 1; depth <= term.length; depth++) if (fill(term, depth) > maxEdits) return depth;
      return 0;
    },
    edits: (length) => rows[length]?.[width - 1] ?? 0,
  };
};
