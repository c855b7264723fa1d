import type { QueryPlan } from '../retrieve/index.js';
import { words } from '../text/index.js';
import { leans } from './query-with-history.js';

const asks = '(?:who|whom|whose|what|when|where|why|which|how)';
/** Where one question ends and the next begins: behind a question mark, or before "and when". */
const seams = new RegExp(
  `(?<=\\?)\\s+(?=\\p{L})|(?<![\\s,]),?\\s+(?:and|then|and then|but)\\s+(?=(?:(?:in|on|at|by|for|from|to)\\s+)?${asks}\\b)`,
  'iu',
);
/** A shorter piece is no question of its own: "and why?" */
const minWords = 3;
const maxParts = 5;

/**
 * Takes a question apart without a model, where it is several: "When was Tesla born and where did he die?" A part that
 * leans on the one before waits for it. Anything else stays one part.
 * @example splitQuestion('When was Tesla born and where did he die?').parts.length // => 2
 */
export const splitQuestion = (question: string): QueryPlan => {
  const pieces = question.trim().split(seams);
  const isPlan =
    pieces.length > 1 && pieces.length <= maxParts && pieces.every((piece) => words(piece).length >= minWords);
  const asked = isPlan ? pieces : [question];
  return {
    question,
    analysis: isPlan ? `It asks ${pieces.length} things.` : 'It asks one thing.',
    parts: asked.map((piece, at) => ({
      id: `part-${at + 1}`,
      question: /[?.!]$/u.test(piece.trim()) ? piece.trim() : `${piece.trim()}?`,
      needs: at > 0 && leans(piece) ? [`part-${at}`] : [],
    })),
  };
};
