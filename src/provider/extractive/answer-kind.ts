import type { Question } from './question.js';
import type { Token } from './tokens.js';

const numberWord =
  /\p{N}|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|twenty|thirty|forty|fifty|hundred|thousand|million|billion|half|third|once|twice|several|no)\b/iu;
const date =
  /\b(?:1\d{3}|20\d{2})s?\b|\b(?:january|february|march|april|may|june|july|august|september|october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|century|centuries|decade|today|yesterday|bc|ad|bce|ce)\b/iu;
const timeUnit =
  /\b(?:milliseconds?|ms|seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|century|centuries)\b/iu;
const money = /[$€£¥%]/u;
const because =
  /\b(?:because|since|due|so that|as a result|caused?|causes|reasons?|therefore|in order to|led to|to (?:avoid|prevent|make|protect|ensure))\b/iu;
const instruction =
  /^(?:to \w+.*, )?(?:use|set|pass|call|add|create|run|install|import|provide|specify|configure|wrap|throw|return|enable|make|put|write|choose|open|click)\b|\byou (?:can|should|must|need to)\b|\bby (?:\w+ing)\b|\bfor example\b|:\s*$/iu;

/**
 * How well a sentence can hold an answer of the kind asked for, from 0 to 1; undefined where any sentence can. Only words that the
 * question does not hold already count.
 */
export const holdsAnswer = (question: Question, text: string, tokens: readonly Token[]): number | undefined => {
  const fresh = tokens.filter(({ term }) => !question.known.has(term));
  const news = fresh.map(({ raw }) => raw).join(' ');
  switch (question.kind) {
    case 'person':
    case 'place':
      return fresh.some(({ isName, isNumber, isStop }) => isName && !isNumber && !isStop) ? 1 : 0;
    case 'time':
      return date.test(news) ? 1 : numberWord.test(news) ? 0.5 : 0;
    case 'count':
      return numberWord.test(news) ? 1 : 0;
    case 'amount':
      return /\p{N}/u.test(news) || money.test(text) ? 1 : numberWord.test(news) ? 0.7 : 0;
    case 'duration':
      return numberWord.test(news) ? (timeUnit.test(news) ? 1 : 0.6) : 0;
    case 'reason':
      return because.test(text) ? 1 : 0;
    case 'instruction':
      return instruction.test(text) ? 1 : 0;
    case 'other':
      return undefined;
  }
};
