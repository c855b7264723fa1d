import { sliceTimer, yieldToEventLoop } from '../core/index.js';
import { type Analyzer, sentenceSpans, type TextSpan, wordRarity, words } from '../text/index.js';

/** A sentence as a vector of length 1 over the terms of its text. */
export interface SentenceVector extends TextSpan {
  readonly terms: readonly number[];
  readonly weights: readonly number[];
}

/** The sentences of a text, and how much each term says. */
export interface SentenceGraph {
  readonly sentences: readonly SentenceVector[];
  readonly termIds: ReadonlyMap<string, number>;
}

/** Sentences are looked for in stretches of about so many characters, which take a few milliseconds. */
const stretchLength = 16_000;
const maxStretchLength = 64_000;

const stretchEnd = (text: string, start: number): number => {
  if (start + stretchLength >= text.length) return text.length;
  // No sentence goes over a blank line.
  const blank = text.slice(start, start + maxStretchLength).indexOf('\n\n', stretchLength);
  if (blank >= 0) return start + blank;
  const space = text.slice(start, start + maxStretchLength).lastIndexOf(' ');
  return space > 0 ? start + space : Math.min(text.length, start + maxStretchLength);
};

/** The sentences of a text, with turns for the event loop. */
export const sentencesOf = async (text: string): Promise<readonly TextSpan[]> => {
  const spans: TextSpan[] = [];
  for (let start = 0; start < text.length; ) {
    const end = stretchEnd(text, start);
    for (const span of sentenceSpans(text.slice(start, end))) {
      spans.push({ start: start + span.start, end: start + span.end });
    }
    start = end;
    if (start < text.length) await yieldToEventLoop();
  }
  return spans;
};

/** Vectors by tf × idf, where a term says more if few sentences hold it and if it is rare in English. */
export const sentenceGraph = async (
  text: string,
  spans: readonly TextSpan[],
  analyze: Analyzer,
): Promise<SentenceGraph> => {
  const isTurnDue = sliceTimer();
  const termIds = new Map<string, number>();
  const rarities: number[] = [];
  const holders: number[] = [];
  const all: ReadonlyMap<number, number>[] = [];
  for (const { start, end } of spans) {
    const counts = new Map<number, number>();
    for (const word of words(text.slice(start, end))) {
      for (const term of analyze(word)) {
        const id = termIds.get(term) ?? termIds.size;
        termIds.set(term, id);
        rarities[id] = Math.max(rarities[id] ?? 0, wordRarity(word));
        if (!counts.has(id)) holders[id] = (holders[id] ?? 0) + 1;
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
    }
    all.push(counts);
    if (isTurnDue()) await yieldToEventLoop();
  }
  const weightOf = (id: number): number => (rarities[id] ?? 1) * (1 + Math.log(spans.length / (holders[id] ?? 1)));
  const sentences = spans.map(({ start, end }, at): SentenceVector => {
    const entries = [...(all[at] ?? [])].map(([id, count]) => [id, count * weightOf(id)] as const);
    const norm = Math.hypot(...entries.map(([, weight]) => weight)) || 1;
    return { start, end, terms: entries.map(([id]) => id), weights: entries.map(([, weight]) => weight / norm) };
  });
  return { sentences, termIds };
};

const maxRounds = 30;
const tolerance = 1e-4;

const dot = ({ terms, weights }: SentenceVector, vector: Float64Array): number => {
  let sum = 0;
  for (let at = 0; at < terms.length; at++) sum += (weights[at] as number) * (vector[terms[at] as number] as number);
  return sum;
};

/** For each term the sum over the sentences of their weight × `values`. */
const gathered = ({ sentences, termIds }: SentenceGraph, values: Float64Array): Float64Array => {
  const sums = new Float64Array(termIds.size);
  for (const [at, { terms, weights }] of sentences.entries()) {
    for (let i = 0; i < terms.length; i++) {
      const term = terms[i] as number;
      sums[term] = (sums[term] as number) + (weights[i] as number) * (values[at] as number);
    }
  }
  return sums;
};

const shares = (values: Float64Array): Float64Array => {
  const sum = values.reduce((total, value) => total + value, 0);
  return sum === 0 ? values.fill(1 / values.length) : values.map((value) => value / sum);
};

/**
 * How central each sentence is: continuous LexRank (Erkan and Radev 2004) with a bias (Otterbacher et al. 2005), where a walk goes on
 * to a similar sentence, or with `biasRatio` to one by its bias. Similarities are products of the sparse vectors, so a step of the
 * walk is two passes over those; the matrix of all pairs is never made.
 */
export const lexRank = async (graph: SentenceGraph, bias: Float64Array, biasRatio: number): Promise<Float64Array> => {
  const { sentences } = graph;
  const start = shares(bias);
  const all = gathered(graph, new Float64Array(sentences.length).fill(1));
  const degrees = Float64Array.from(sentences, (sentence) => dot(sentence, all) || 1);
  const isTurnDue = sliceTimer();
  let ranks = start;
  for (let round = 0; round < maxRounds; round++) {
    const flow = gathered(
      graph,
      ranks.map((rank, at) => rank / (degrees[at] as number)),
    );
    const next = Float64Array.from(
      sentences,
      (sentence, at) => biasRatio * (start[at] as number) + (1 - biasRatio) * dot(sentence, flow),
    );
    const change = next.reduce((sum, rank, at) => sum + Math.abs(rank - (ranks[at] as number)), 0);
    ranks = next;
    if (change < tolerance) break;
    if (isTurnDue()) await yieldToEventLoop();
  }
  return ranks;
};
