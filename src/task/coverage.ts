import { sliceTimer, yieldToEventLoop } from '../core/index.js';
import { sentenceSpans, stem, wordRarity, words } from '../text/index.js';
import type { TextWindow } from './windows.js';

/** A window of the text, and how much of it the summary speaks of. */
export interface CoveredWindow extends TextWindow {
  /** Share of the window's most telling words that the summary holds, 0 to 1; 1 where it has none. */
  readonly coverage: number;
}

export interface SummaryCheck {
  readonly windows: readonly CoveredWindow[];
  /** Sentences of the summary that the text does not bear out: half of their telling words, or a figure, are nowhere in it. */
  readonly unsupported: readonly string[];
}

const tellingRarity = 0.4;
const tellingTerms = 20;
const figure = /\d+(?:[.,]\d+)*/gu;

const figuresIn = (text: string): readonly string[] => text.match(figure) ?? [];

/** Stems of telling words with what they weigh: how rare, how often. */
const termsIn = (text: string): Map<string, number> => {
  const terms = new Map<string, number>();
  for (const word of words(text)) {
    const rarity = wordRarity(word);
    if (rarity < tellingRarity) continue;
    const term = stem(word);
    terms.set(term, (terms.get(term) ?? 0) + rarity);
  }
  return terms;
};

const shareIn = (terms: readonly string[], known: { readonly has: (term: string) => boolean }): number =>
  terms.length === 0 ? 1 : terms.filter((term) => known.has(term)).length / terms.length;

/** How much of each window a summary speaks of, and what it says that no window does. By words: a paraphrase counts as absent. */
export const checkSummary = async (
  text: string,
  windows: readonly TextWindow[],
  summary: string,
): Promise<SummaryCheck> => {
  const isTurnDue = sliceTimer();
  const inSummary = termsIn(summary);
  const inText = new Set<string>();
  const figures = new Set<string>();
  const covered: CoveredWindow[] = [];
  for (const window of windows) {
    const part = text.slice(window.start, window.end);
    const terms = termsIn(part);
    for (const term of terms.keys()) inText.add(term);
    for (const each of figuresIn(part)) figures.add(each);
    const telling = [...terms].sort((a, b) => b[1] - a[1]).slice(0, tellingTerms);
    const coverage = shareIn(
      telling.map(([term]) => term),
      inSummary,
    );
    covered.push({ ...window, coverage });
    if (isTurnDue()) await yieldToEventLoop();
  }
  const sentences = sentenceSpans(summary).map(({ start, end }) => summary.slice(start, end));
  const isBorneOut = (sentence: string): boolean =>
    shareIn([...termsIn(sentence).keys()], inText) >= 0.5 && figuresIn(sentence).every((each) => figures.has(each));
  return { windows: covered, unsupported: sentences.filter((sentence) => !isBorneOut(sentence)) };
};
