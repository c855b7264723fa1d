import { type Message, textOf } from '../core/index.js';
import { stopWords, words } from '../text/index.js';

/** Words that stand for something said before. */
const leaning = /\b(?:it|its|he|him|his|she|her|they|them|their|this|that|these|those|there|one|ones)\b/iu;
/** A question with fewer words of its own hardly says what it is about: "And in Spain?" */
const minOwnWords = 3;

/**
 * What to search for when a question may lean on the conversation and no model is there to rewrite it: the question, and where
 * it leans, the user's question before it.
 */
export const queryWithHistory = (question: string, history: readonly Message[]): string => {
  const before = history.findLast(({ role }) => role === 'user');
  if (before === undefined) return question;
  const ownWords = words(question).filter((word) => !stopWords.has(word));
  return leaning.test(question) || ownWords.length < minOwnWords ? `${textOf(before)}\n${question}` : question;
};
