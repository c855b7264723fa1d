import { type Run, sliceTimer, yieldToEventLoop } from '../core/index.js';
import { type Analyzer, textPieces } from '../text/index.js';
import type { SparseRows } from './sparse-rows.js';

/** How often each term occurs in a text. */
export const countTerms = (text: string, analyze: Analyzer): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const piece of textPieces(text)) {
    for (const term of analyze(piece)) counts.set(term, (counts.get(term) ?? 0) + 1);
  }
  return counts;
};

/** Ten times the same word is not ten times the topic. */
export const damped = (count: number): number => 1 + Math.log(count);

/** The terms of a corpus, in order of their code units, and what one occurrence of each weighs. */
export interface TermWeights {
  readonly terms: readonly string[];
  /** 1 for a term of one text, near 0 for one that is spread evenly over all. */
  readonly weights: Float32Array;
}

/** Texts by their terms: what is counted before it is known which terms matter. */
export interface CountedTexts {
  /** The number of a term by its name. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Of each text the numbers of its terms, each with its count behind it. */
  readonly pairs: readonly Uint32Array[];
}

export const countTexts = async (texts: readonly string[], analyze: Analyzer, run: Run): Promise<CountedTexts> => {
  const isDue = sliceTimer();
  const numbers = new Map<string, number>();
  const numberOf = (term: string): number => {
    const known = numbers.get(term) ?? numbers.size;
    if (known === numbers.size) numbers.set(term, known);
    return known;
  };
  const pairs: Uint32Array[] = [];
  for (const text of texts) {
    const counts = countTerms(text, analyze);
    pairs.push(Uint32Array.from([...counts].flatMap(([term, count]) => [numberOf(term), count])));
    if (!isDue()) continue;
    await yieldToEventLoop();
    run.throwIfAborted();
  }
  return { numbers, pairs };
};

/**
 * The terms that most texts have, each with its log-entropy weight (Dumais 1991): one less the entropy of its spread over the
 * texts, as a share of the largest there can be.
 */
export const termWeights = ({ numbers, pairs }: CountedTexts, maxTerms: number): TermWeights => {
  const texts = new Uint32Array(numbers.size);
  const totals = new Float64Array(numbers.size);
  const logs = new Float64Array(numbers.size);
  for (const row of pairs) {
    for (let at = 0; at < row.length; at += 2) {
      const number = row[at] as number;
      const count = row[at + 1] as number;
      texts[number] = (texts[number] as number) + 1;
      totals[number] = (totals[number] as number) + count;
      logs[number] = (logs[number] as number) + count * Math.log(count);
    }
  }
  const largest = Math.log(Math.max(2, pairs.length));
  const weightOf = (number: number): number => {
    const total = totals[number] as number;
    return 1 - (Math.log(total) - (logs[number] as number) / total) / largest;
  };
  const byName = (a: readonly [string, number], b: readonly [string, number]): number => (a[0] < b[0] ? -1 : 1);
  const kept = [...numbers]
    .sort((a, b) => (texts[b[1]] as number) - (texts[a[1]] as number) || byName(a, b))
    .slice(0, maxTerms)
    .sort(byName);
  return { terms: kept.map(([term]) => term), weights: Float32Array.from(kept, ([, number]) => weightOf(number)) };
};

/** One row of length 1 for each text that has any of the terms. */
export const weightedRows = ({ numbers, pairs }: CountedTexts, { terms, weights }: TermWeights): SparseRows => {
  const columnOf = new Int32Array(numbers.size).fill(-1);
  for (const [column, term] of terms.entries()) columnOf[numbers.get(term) ?? -1] = column;
  const most = pairs.reduce((sum, row) => sum + row.length / 2, 0);
  const starts: number[] = [0];
  const columns = new Uint32Array(most);
  const values = new Float32Array(most);
  let end = 0;
  for (const row of pairs) {
    const start = end;
    let squares = 0;
    for (let at = 0; at < row.length; at += 2) {
      const column = columnOf[row[at] as number] as number;
      if (column < 0) continue;
      const value = damped(row[at + 1] as number) * (weights[column] as number);
      columns[end] = column;
      values[end] = value;
      squares += value * value;
      end++;
    }
    if (squares === 0) {
      end = start;
      continue;
    }
    const length = Math.sqrt(squares);
    for (let at = start; at < end; at++) values[at] = (values[at] as number) / length;
    starts.push(end);
  }
  return { starts: Uint32Array.from(starts), columns, values, columnCount: terms.length };
};
