import { type Message, textOf } from '../core/index.js';
import { stopWords, words } from '../text/index.js';

/** Words that stand for something said before. */
const leaning = /\b(?:it|its|he|him|his|she|her|they|them|their|this|that|these|those|there|one|ones)\b/iu;
/** A question with fewer words of its own hardly says what it is about: "And in Spain?" */
const minOwnWords = 3;
/** So many questions back; further ones are about something else. */
const maxBack = 3;

/** Whether a question cannot be understood without what was said before. */
export const leans = (question: string): boolean =>
  leaning.test(question) || words(question).filter((word) => !stopWords.has(word)).length < minOwnWords;

/**
 * What to search for when a question may lean on the conversation and no model is there to rewrite it: the question, and where
 * it leans, the user's question before it; where that one leans too, also the one before that.
 * @example queryWithHistory('And in Spain?', [user('When is dinner in France?')]) // => 'When is dinner in France?\nAnd in Spain?'
 */
export const queryWithHistory = (question: string, history: readonly Message[]): string => {
  const before = history.filter(({ role }) => role === 'user').map(textOf);
  const needed = [question];
  while (needed.length <= maxBack && leans(needed[0] ?? '')) {
    const earlier = before.pop();
    if (earlier === undefined) break;
    needed.unshift(earlier);
  }
  return needed.join('\n');
};
