import { checkAtLeast, defineStepWith, type Reranker, sliceTimer, yieldToEventLoop } from '../core/index.js';
import { type Analyzer, analyzer as englishAnalyzer, stopWords, wordRarity, words } from '../text/index.js';
import { checkRerankInput, inOrderOfScore } from './reranker-input.js';

export interface LexicalRerankerOptions {
  /** Turns query and texts into terms. @default `analyzer()`, English */
  readonly analyzer?: Analyzer;
  /** How much a term of the first line counts, which is where `rerank` puts the title. @default 3 */
  readonly titleWeight?: number;
  /** How much neighbouring words of the query count where they stand near each other, in any order. @default 1 */
  readonly proximityWeight?: number;
}

const k1 = 1.2;
const b = 0.75;
/** Words further apart than this have nothing to do with each other. */
const windowWords = 5;
/** A first line that is longer is no title. */
const maxTitleLength = 300;

/** The query, ready to be compared with texts. */
interface AskedTerms {
  /** In the order of the query, repeated ones too. */
  readonly terms: readonly string[];
  readonly rarities: ReadonlyMap<string, number>;
  /** Number of each pair of terms that follow each other in the query, grammar left out, by either order of the pair. */
  readonly pairs: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly pairTerms: readonly (readonly [string, string])[];
}

const askedTerms = (query: string, analyze: Analyzer): AskedTerms => {
  const rarities = new Map<string, number>();
  const terms: string[] = [];
  const content: string[] = [];
  for (const word of words(query)) {
    for (const term of analyze(word)) {
      rarities.set(term, Math.max(rarities.get(term) ?? 0, wordRarity(word)));
      terms.push(term);
      if (!stopWords.has(word)) content.push(term);
    }
  }
  return { terms, rarities, ...pairsOf(content) };
};

const pairsOf = (content: readonly string[]): Pick<AskedTerms, 'pairs' | 'pairTerms'> => {
  const pairs = new Map<string, Map<string, number>>();
  const pairTerms: [string, string][] = [];
  const put = (from: string, to: string, pair: number): void => {
    const row = pairs.get(from) ?? new Map<string, number>();
    pairs.set(from, row.set(to, pair));
  };
  content.forEach((second, at) => {
    const first = content[at - 1];
    if (first === undefined || first === second || pairs.get(first)?.has(second)) return;
    put(first, second, pairTerms.length);
    put(second, first, pairTerms.length);
    pairTerms.push([first, second]);
  });
  return { pairs, pairTerms };
};

/** What a text has of the query. */
interface TextCounts {
  /** How often each term stands there; a term of the title counts more. */
  readonly terms: Map<string, number>;
  /** For each pair the sum of 1 / distance over the places where both stand near each other. */
  readonly nearness: Float64Array;
  length: number;
}

const countStretch = (counts: TextCounts, stretch: readonly string[], weight: number, asked: AskedTerms): void => {
  const lastAt = new Map<string, number>();
  counts.length += weight * stretch.length;
  stretch.forEach((term, at) => {
    if (!asked.rarities.has(term)) return;
    counts.terms.set(term, (counts.terms.get(term) ?? 0) + weight);
    for (const [other, pair] of asked.pairs.get(term) ?? []) {
      const distance = at - (lastAt.get(other) ?? Number.NEGATIVE_INFINITY);
      if (distance <= windowWords) counts.nearness[pair] = (counts.nearness[pair] ?? 0) + 1 / distance;
    }
    lastAt.set(term, at);
  });
};

const countText = (text: string, asked: AskedTerms, analyze: Analyzer, titleWeight: number): TextCounts => {
  const counts: TextCounts = { terms: new Map(), nearness: new Float64Array(asked.pairTerms.length), length: 0 };
  const lineEnd = text.slice(0, maxTitleLength).indexOf('\n');
  const hasTitle = lineEnd > 0 && lineEnd < text.length - 1;
  if (hasTitle) countStretch(counts, analyze(text.slice(0, lineEnd)), titleWeight, asked);
  countStretch(counts, analyze(hasTitle ? text.slice(lineEnd) : text), 1, asked);
  return counts;
};

/** How much each term says: being rare in English, and more where few of the texts have it. */
const weightsOf = (all: readonly TextCounts[], { rarities }: AskedTerms): ReadonlyMap<string, number> =>
  new Map(
    [...rarities].map(([term, rarity]) => {
      const holding = all.filter(({ terms }) => terms.has(term)).length;
      return [term, rarity * (1 + Math.log(1 + (all.length - holding + 0.5) / (holding + 0.5)))];
    }),
  );

const scoreOf = (
  { terms, nearness, length }: TextCounts,
  { terms: asked, pairTerms }: AskedTerms,
  weights: ReadonlyMap<string, number>,
  settings: { readonly meanLength: number; readonly proximityWeight: number },
): number => {
  const norm = k1 * (1 - b + (b * length) / Math.max(1, settings.meanLength));
  const saturated = (count: number): number => (count * (k1 + 1)) / (count + norm);
  const weightOf = (term: string): number => weights.get(term) ?? 0;
  const ofTerms = asked.reduce((sum, term) => sum + weightOf(term) * saturated(terms.get(term) ?? 0), 0);
  const ofPairs = pairTerms.reduce(
    (sum, [first, second], pair) => sum + Math.min(weightOf(first), weightOf(second)) * saturated(nearness[pair] ?? 0),
    0,
  );
  return ofTerms + settings.proximityWeight * ofPairs;
};

/**
 * A reranker without a model: BM25 with rarities of English words and of these texts, a first line that counts more, and nearness
 * of words that follow each other in the query (after Rasolofo and Savoy 2003, "Term Proximity Scoring"). It sees only the texts,
 * so let the search have its say too: `rerank(keywords, lexicalReranker(), { searchWeight: 0.5 })` is the measured recipe.
 * Costs some milliseconds for fifty passages.
 * @throws {PipewrightError} `bad-option`; the step throws `bad-input`.
 * @example (await lexicalReranker()({ query: 'swept wing', texts: ['a wing, swept', 'a tail'] }))[0]?.index // => 0
 */
export const lexicalReranker = (options: LexicalRerankerOptions = {}): Reranker => {
  const { analyzer = englishAnalyzer(), titleWeight = 3, proximityWeight = 1 } = options;
  checkAtLeast('titleWeight', titleWeight, 0);
  checkAtLeast('proximityWeight', proximityWeight, 0);
  const id = 'lexical';
  const info = { kind: 'reranker', name: id, details: { by: 'words', titleWeight, proximityWeight } };
  return defineStepWith(info, { id }, async (input, run) => {
    checkRerankInput(input);
    const asked = askedTerms(input.query, analyzer);
    const isSliceOver = sliceTimer();
    const all: TextCounts[] = [];
    for (const text of input.texts) {
      all.push(countText(text, asked, analyzer, titleWeight));
      if (isSliceOver()) await yieldToEventLoop();
      run.throwIfAborted();
    }
    const weights = weightsOf(all, asked);
    const meanLength = all.reduce((sum, { length }) => sum + length, 0) / Math.max(1, all.length);
    return inOrderOfScore(
      all.map((counts) => scoreOf(counts, asked, weights, { meanLength, proximityWeight })),
      input,
    );
  });
};
