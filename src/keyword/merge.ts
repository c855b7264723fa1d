import { sliceTimer, yieldToEventLoop } from '../core/index.js';
import { emptyPostings, type Postings } from './postings.js';

/**
 * New postings without what is deleted, all in the sorted part; documents keep their order. The old ones stay as they are, so
 * searches under way go on, but nothing may be written meanwhile.
 */
export const merge = async (old: Postings): Promise<Postings> => {
  const isTimeUp = sliceTimer();
  const capacity = old.sorted.documents.length + old.recent.count;
  const documents = new Int32Array(capacity);
  const frequencies = new Float32Array(capacity);
  const offsets = new Int32Array(old.terms.size + 1);
  const kept: [term: string, count: number][] = [];
  const newNumber = await numberLiving(old);
  let end = 0;

  const keep = (document: number, frequency: number): void => {
    const number = newNumber[document] as number;
    if (number < 0) return;
    documents[end] = number;
    frequencies[end] = frequency;
    end++;
  };

  const keepTerm = (term: number): void => {
    const { sorted, recent } = old;
    if (term + 1 < sorted.offsets.length) {
      const to = sorted.offsets[term + 1] as number;
      for (let at = sorted.offsets[term] as number; at < to; at++) {
        keep(sorted.documents[at] as number, sorted.frequencies[at] as number);
      }
    }
    const startOfRecent = end;
    for (let at = recent.heads[term] as number; at >= 0; at = recent.previous[at] as number) {
      keep(recent.documents[at] as number, recent.frequencies[at] as number);
    }
    // The chain runs from the newest to the oldest.
    documents.subarray(startOfRecent, end).reverse();
    frequencies.subarray(startOfRecent, end).reverse();
  };

  let number = 0;
  for (const term of old.terms.keys()) {
    const start = end;
    keepTerm(number++);
    if (end > start) {
      kept.push([term, end - start]);
      offsets[kept.length] = end;
    }
    if (isTimeUp()) await yieldToEventLoop();
  }
  const merged = emptyPostings({
    offsets: offsets.slice(0, kept.length + 1),
    documents: documents.slice(0, end),
    frequencies: frequencies.slice(0, end),
  });
  await fillTerms(merged, kept);
  await fillDocuments(merged, old);
  return merged;
};

/** By old document number: the new one, or -1 where deleted. */
const numberLiving = async ({ documents }: Postings): Promise<Int32Array> => {
  const isTimeUp = sliceTimer();
  const numbers = new Int32Array(documents.length);
  let next = 0;
  for (let old = 0; old < documents.length; old++) {
    numbers[old] = documents[old] === undefined ? -1 : next++;
    if (old % 4096 === 0 && isTimeUp()) await yieldToEventLoop();
  }
  return numbers;
};

const fillTerms = async (merged: Postings, kept: readonly (readonly [string, number])[]): Promise<void> => {
  const isTimeUp = sliceTimer();
  merged.documentFrequency = new Int32Array(kept.length);
  merged.recent.heads = new Int32Array(kept.length).fill(-1);
  for (const [term, count] of kept) {
    const number = merged.terms.size;
    merged.documentFrequency[number] = count;
    merged.terms.set(term, number);
    if (number % 4096 === 0 && isTimeUp()) await yieldToEventLoop();
  }
};

const fillDocuments = async (merged: Postings, old: Postings): Promise<void> => {
  const isTimeUp = sliceTimer();
  merged.lengths = new Float64Array(old.liveCount);
  merged.liveCount = old.liveCount;
  merged.totalLength = old.totalLength;
  for (let from = 0; from < old.documents.length; from++) {
    const document = old.documents[from];
    if (document === undefined) continue;
    const number = merged.documents.push(document) - 1;
    merged.numbers.set(document.id, number);
    merged.lengths[number] = old.lengths[from] as number;
    if (number % 4096 === 0 && isTimeUp()) await yieldToEventLoop();
  }
};
