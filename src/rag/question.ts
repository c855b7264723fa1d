import { PipewrightError } from '../core/index.js';
import type { Question, QuestionWithOptions } from './types.js';

/** A question with its short form spelt out. */
export const asQuestion = (input: Question): QuestionWithOptions => {
  const asked = typeof input === 'string' ? { question: input } : input;
  if (asked.question.trim() === '') throw new PipewrightError('bad-input', 'The question is empty. Ask something.');
  return asked;
};
