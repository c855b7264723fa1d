import { excerpt, type Hit } from '../core/index.js';
import { sentenceSpans, type TextSpan } from '../text/index.js';
import { questionTerms, shareOf, termsIn, type WeightedTerms } from './coverage.js';

/** A sentence that holds less of the question, measured by the best one of its passage, is left out. */
const relevantRatio = 0.5;

/** Sentences next to each other, or with one between them, as one stretch. */
const joined = (spans: readonly TextSpan[], isRelevant: readonly boolean[]): readonly TextSpan[] => {
  const stretches: TextSpan[] = [];
  let lastAt = Number.NEGATIVE_INFINITY;
  for (const [at, { start, end }] of spans.entries()) {
    if (isRelevant[at] !== true) continue;
    const before = stretches.at(-1);
    if (before !== undefined && at - lastAt <= 2) stretches[stretches.length - 1] = { start: before.start, end };
    else stretches.push({ start, end });
    lastAt = at;
  }
  return stretches;
};

const sharesOf = (wanted: WeightedTerms, { text }: Hit, spans: readonly TextSpan[]): readonly number[] =>
  spans.map(({ start, end }) => shareOf(wanted, termsIn(text.slice(start, end))));

/**
 * The sentences of a passage that speak of what is asked, neighbours together, each as a passage of its own with its exact place
 * in the document. A passage none of whose sentences does stays whole.
 */
export const relevantStrips = (question: string, hit: Hit): readonly Hit[] => {
  const spans = sentenceSpans(hit.text);
  const shares = sharesOf(questionTerms(question), hit, spans);
  const best = Math.max(0, ...shares);
  if (best === 0) return [hit];
  const stretches = joined(
    spans,
    shares.map((share) => share >= relevantRatio * best),
  );
  return stretches.map((span) => excerpt(hit, span));
};
