import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Document } from '../../src/index.js';
import type { Judgements } from './metrics.js';

/** A test collection: documents, questions, and which documents answer which question. */
export interface Collection {
  readonly name: string;
  readonly documents: readonly Document[];
  readonly queries: readonly { readonly id: string; readonly text: string }[];
  /** By query id. Grades are as in `qrels.tsv`; -1 is kept and counts as not relevant. */
  readonly judgements: ReadonlyMap<string, Judgements>;
}

const linesOf = async (path: string): Promise<readonly string[]> =>
  (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '');

const parseLines = <T>(lines: readonly string[]): readonly T[] => lines.map((line) => JSON.parse(line) as T);

/** Reads `corpus.jsonl`, `queries.jsonl` and `qrels.tsv` of one folder. */
export const readCollection = async (folder: string, name: string): Promise<Collection> => {
  const path = join(folder, name);
  const documents = parseLines<Document>(await linesOf(join(path, 'corpus.jsonl')));
  const queries = parseLines<{ id: string; text: string }>(await linesOf(join(path, 'queries.jsonl')));
  const judgements = new Map<string, Map<string, number>>();
  for (const line of await linesOf(join(path, 'qrels.tsv'))) {
    const [query = '', document = '', grade = ''] = line.split('\t');
    if (!Number.isFinite(Number(grade)) || grade === '') continue;
    const judged = judgements.get(query) ?? new Map<string, number>();
    judgements.set(query, judged.set(document, Number(grade)));
  }
  return { name, documents, queries, judgements };
};

/** Names of the collections in a folder; empty when the folder is absent. */
export const collectionsIn = async (folder: string): Promise<readonly string[]> => {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return [];
  }
};
