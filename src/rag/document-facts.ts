import type { Document } from '../core/index.js';
import { sentenceSpans } from '../text/index.js';
import { evidenceOf } from './evidence.js';
import type { Evidence } from './types.js';

/** Something in a document that can be looked up: a date, an amount of money, a share, a measure, an address. */
export interface DocumentFact {
  readonly kind: 'date' | 'money' | 'percentage' | 'measure' | 'email' | 'url';
  /** As it stands. */
  readonly text: string;
  /** The sentence that says it, and where it stands. */
  readonly evidence: Evidence;
}

const month =
  'January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec';
const unit =
  'km/h|mph|km|cm|mm|m|miles?|feet|ft|inches|kg|g|mg|tons?|tonnes?|l|ml|°C|°F|K|kW|MW|GW|W|kWh|V|A|Hz|GHz|MHz|bar|Pa|ms|seconds?|minutes?|hours?|days?|weeks?|months?|years?|KB|MB|GB|TB|bytes';

/** In this order: what an earlier one takes is not looked at again. */
const patterns: readonly (readonly [DocumentFact['kind'], RegExp])[] = [
  ['url', /\bhttps?:\/\/[^\s<>)\]"']+[^\s<>)\]"'.,;:!?]/gu],
  ['email', /\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/gu],
  [
    'date',
    new RegExp(
      `\\b\\d{4}-\\d{2}-\\d{2}\\b|\\b\\d{1,2}[./]\\d{1,2}[./]\\d{2,4}\\b|\\b\\d{1,2}\\.? (?:${month})\\.?,? \\d{4}\\b|\\b(?:${month})\\.? (?:\\d{1,2}(?:st|nd|rd|th)?, )?\\d{4}\\b`,
      'gu',
    ),
  ],
  [
    'money',
    /(?:[$€£¥]|\b(?:USD|EUR|GBP|CHF) ?)\d(?:[\d.,]*\d)?(?: ?(?:thousand|million|billion|trillion|[kMB]n?\b))?|\b\d(?:[\d.,]*\d)? ?(?:(?:thousand|million|billion|trillion) )?(?:€|euros?\b|dollars?\b|pounds?\b|USD\b|EUR\b)/giu,
  ],
  ['percentage', /\b\d(?:[\d.,]*\d)? ?(?:%|percent\b|per cent\b|percentage points?\b)/giu],
  ['measure', new RegExp(`\\b\\d(?:[\\d.,]*\\d)? ?(?:${unit})(?![\\p{L}\\p{N}])`, 'gu')],
];

/** The facts of documents, in order, each once; at most `maxFacts`. */
export const factsOf = (documents: readonly Document[], maxFacts: number): readonly DocumentFact[] => {
  const facts: DocumentFact[] = [];
  const seen = new Set<string>();
  for (const document of documents) {
    for (const span of sentenceSpans(document.text)) {
      let left = document.text.slice(span.start, span.end);
      const found: { readonly at: number; readonly kind: DocumentFact['kind']; readonly text: string }[] = [];
      for (const [kind, pattern] of patterns) {
        left = left.replace(pattern, (text, ...rest) => {
          found.push({ kind, text, at: rest.find((one): one is number => typeof one === 'number') ?? 0 });
          return ' '.repeat(text.length);
        });
      }
      for (const { kind, text } of found.sort((a, b) => a.at - b.at)) {
        if (seen.has(`${kind} ${text}`)) continue;
        seen.add(`${kind} ${text}`);
        facts.push({ kind, text, evidence: evidenceOf({ ...document, score: 1 }, span) });
        if (facts.length === maxFacts) return facts;
      }
    }
  }
  return facts;
};
