import { PipewrightError, sliceTimer, type TextRange, yieldToEventLoop } from '../core/index.js';
import { tokenCounter, truncate } from '../model/index.js';
import { type Analyzer, analyzer as englishAnalyzer, type TextSpan } from '../text/index.js';
import {
  type CompressedText,
  type CompressTextInput,
  pickedWithin,
  type TextCompressor,
  textCompressor,
} from './compressor.js';
import { lexRank, type SentenceGraph, sentenceGraph, sentencesOf, type SentenceVector } from './sentence-graph.js';

export interface ExtractiveCompressorOptions {
  /** Whose tokens. @default 'gpt-5' */
  readonly model?: string;
  /** Brings forms of a word together. @default `analyzer()`, English */
  readonly analyzer?: Analyzer;
  /** How much what a sentence shares with the query counts beside how central it is, 0 to 1. @default 0.8 */
  readonly queryRatio?: number;
}

/** Without a query: how much the place of a sentence counts beside how central it is. */
const positionRatio = 0.3;

const positionBias = (count: number): Float64Array => Float64Array.from({ length: count }, (_, at) => 1 / (1 + at));

/** What each sentence shares with the query; undefined when none shares anything. */
const queryBias = (graph: SentenceGraph, query: string, analyze: Analyzer): Float64Array | undefined => {
  const asked = new Set(analyze(query).flatMap((term) => graph.termIds.get(term) ?? []));
  const bias = Float64Array.from(graph.sentences, ({ terms, weights }) =>
    terms.reduce((sum, term, at) => sum + (asked.has(term) ? (weights[at] ?? 0) : 0), 0),
  );
  return bias.some((share) => share > 0) ? bias : undefined;
};

/** A sentence with what it is worth and what it takes. */
interface Candidate extends SentenceVector {
  readonly rank: number;
  readonly tokens: number;
}

/** What of a sentence the picked ones have not said, 0 to 1. */
const novelty = ({ terms, weights }: SentenceVector, said: ReadonlySet<number>): number =>
  terms.reduce((sum, term, at) => sum + (said.has(term) ? 0 : (weights[at] ?? 0) ** 2), 0);

/** Each round takes what is worth at least this share of what the round before asked for. */
const roundRatio = 0.75;
const leastRatio = 1e-3;

/**
 * The sentences that are worth most within the room, by rank × novelty. Picking the best again and again would look at
 * all of them each time; rounds with a falling threshold come close to that and look a fixed number of times (Badanidiyuru and
 * Vondrák 2014).
 */
const pickWithin = async (candidates: readonly Candidate[], room: number): Promise<readonly Candidate[]> => {
  const picked = new Set<Candidate>();
  const said = new Set<number>();
  const best = candidates.reduce((most, candidate) => Math.max(most, candidate.rank), 0);
  const isTurnDue = sliceTimer();
  let left = room;
  for (let least = best; least > leastRatio * best; least *= roundRatio) {
    for (const candidate of candidates) {
      if (candidate.tokens > left || picked.has(candidate) || candidate.rank < least) continue;
      if (candidate.rank * novelty(candidate, said) < least * roundRatio) continue;
      picked.add(candidate);
      for (const term of candidate.terms) said.add(term);
      left -= candidate.tokens;
    }
    if (isTurnDue()) await yieldToEventLoop();
  }
  return candidates.filter((candidate) => picked.has(candidate));
};

/**
 * A compressor without a model: keeps the sentences that say most, letter by letter and in their order. With a query those that
 * share its words and those like them; without, those that are most like all others, the first of the text before later ones. What
 * the kept ones have said already counts less. Takes time proportional to the text, about a millisecond for a page.
 * @throws {PipewrightError} `bad-option`.
 * @example (await extractiveCompressor()({ query: 'refund', text: 'Tea is at four. Refunds take a week.', maxTokens: 6 })).text // => 'Refunds take a week.'
 */
export const extractiveCompressor = (options: ExtractiveCompressorOptions = {}): TextCompressor => {
  const { model = 'gpt-5', analyzer = englishAnalyzer(), queryRatio = 0.8 } = options;
  if (!(queryRatio >= 0 && queryRatio <= 1)) {
    throw new PipewrightError('bad-option', `\`queryRatio\` must be from 0 to 1, got ${queryRatio}.`);
  }
  const info = { kind: 'compressor', name: 'extractive', details: { queryRatio } };
  return textCompressor(info, model, async (input) => {
    const { text, query = '' } = input;
    const counter = tokenCounter(model);
    const graph = await sentenceGraph(text, await sentencesOf(text), analyzer);
    const asked = queryBias(graph, query, analyzer);
    const ranks = await lexRank(
      graph,
      asked ?? positionBias(graph.sentences.length),
      asked === undefined ? positionRatio : queryRatio,
    );
    const candidates: Candidate[] = [];
    for (const [at, sentence] of graph.sentences.entries()) {
      const { tokens } = await counter.count(text.slice(sentence.start, sentence.end));
      candidates.push({ ...sentence, tokens, rank: ranks[at] ?? 0 });
    }
    const picked = await pickedWithin(input, model, (room) => pickWithin(candidates, room));
    return picked ?? beginningOfBest(input, candidates, model);
  });
};

/** Where no sentence fits whole. */
const beginningOfBest = async (
  { text, maxTokens }: CompressTextInput,
  candidates: readonly Candidate[],
  model: string,
): Promise<CompressedText> => {
  const best = candidates.reduce<Candidate | undefined>(
    (most, candidate) => (most === undefined || candidate.rank > most.rank ? candidate : most),
    undefined,
  );
  const { start, end }: TextSpan = best ?? { start: 0, end: text.length };
  const cut = await truncate(text.slice(start, end), { maxTokens, model });
  const ranges: readonly TextRange[] = cut.text === '' ? [] : [{ start, end: start + cut.text.length }];
  return { text: cut.text, tokens: cut.tokens, ranges };
};
