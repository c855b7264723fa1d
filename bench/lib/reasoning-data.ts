import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** An answer of a model, with its published verdict. */
export interface RecordedSample {
  readonly model: string;
  readonly text: string;
  readonly answer: string | null;
  readonly isCorrect: boolean;
}

/** A question with its right answer and what several models wrote. */
export interface RecordedQuestion {
  readonly id: string;
  readonly question: string;
  readonly answer: string;
  readonly solution: string;
  readonly samples: readonly RecordedSample[];
}

/** The questions of `gsm8k-200.jsonl` in a folder. */
export const readRecorded = async (folder: string): Promise<readonly RecordedQuestion[]> => {
  const text = await readFile(join(folder, 'gsm8k-200.jsonl'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordedQuestion);
};
