import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { RecordedExchange } from '../../src/testing/index.js';

/** One recorded exchange with a provider; see the README beside the data. */
export interface Recording extends RecordedExchange {
  /** Path below the folder of recordings. */
  readonly file: string;
  readonly provider: string;
  readonly api: string;
  readonly kind: string;
  readonly tags: readonly string[];
  readonly model: string | null;
}

/** Where the recordings are: a folder of one's own, or that of the shared data. */
export const recordingsFolder: string =
  process.env.PIPEWRIGHT_WIRE ?? join(process.env.PIPEWRIGHT_DATA ?? '../shared/data', 'wire');

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesIn(path);
      return entry.name.endsWith('.json') ? [path] : [];
    })
    .sort();

const load = (): readonly Recording[] => {
  if (!existsSync(recordingsFolder)) {
    console.warn(`Recorded provider traffic is left out: there is no ${recordingsFolder}.`);
    return [];
  }
  return filesIn(recordingsFolder).map((path) => ({
    ...(JSON.parse(readFileSync(path, 'utf8')) as Omit<Recording, 'file'>),
    file: relative(recordingsFolder, path),
  }));
};

/** All of them, in the order of their names. */
export const recordings: readonly Recording[] = load();
