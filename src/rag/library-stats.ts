import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { DocumentStore } from '../core/index.js';
import type { SourceRecord } from './library-manifest.js';

/** Sources of one kind. */
export interface LibraryTypeStats {
  /** The ending of the file names, in lower case with its dot; empty for names without one, and for most that were `put`. */
  readonly type: string;
  readonly sources: number;
  readonly documents: number;
  readonly passages: number;
  readonly tokens: number;
}

export interface LibraryStats {
  /** Files, and what was put under a name. */
  readonly sources: number;
  /** Documents that they gave: a PDF gives one a page. */
  readonly documents: number;
  readonly passages: number;
  /** Estimated tokens of all passages. */
  readonly tokens: number;
  /** The same by file type, most passages first. */
  readonly types: readonly LibraryTypeStats[];
  /** Memory of both indexes. */
  readonly memoryBytes: number;
  /** Size of all files in the library's folder; undefined for one in memory. */
  readonly diskBytes?: number;
  /** Milliseconds since 1970; undefined while empty. */
  readonly lastChangedMs?: number;
}

const noStats: Omit<LibraryTypeStats, 'type'> = { sources: 0, documents: 0, passages: 0, tokens: 0 };

const withRecord = <Stats extends typeof noStats>(stats: Stats, { documents, ids, tokens }: SourceRecord): Stats => ({
  ...stats,
  sources: stats.sources + 1,
  documents: stats.documents + documents,
  passages: stats.passages + ids.length,
  tokens: stats.tokens + tokens,
});

const typesOf = (records: readonly SourceRecord[]): readonly LibraryTypeStats[] => {
  const types = new Map<string, LibraryTypeStats>();
  for (const record of records) {
    const type = extname(record.source).toLowerCase();
    types.set(type, withRecord(types.get(type) ?? { type, ...noStats }, record));
  }
  return [...types.values()].sort((a, b) => b.passages - a.passages || (a.type < b.type ? -1 : 1));
};

const sizeOf = async (folder: string): Promise<number> => {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    // A file may go between the two: the graph is written anew beside the old one.
    if (entry.isFile())
      bytes += await stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      );
  }
  return bytes;
};

export const libraryStats = async (
  records: readonly SourceRecord[],
  indexes: readonly DocumentStore[],
  path: string | undefined,
): Promise<LibraryStats> => {
  const stats = await Promise.all(indexes.map((index) => index.stats()));
  const changes = stats.flatMap(({ lastChangedMs }) => lastChangedMs ?? []);
  return {
    ...records.reduce(withRecord, noStats),
    // Of the indexes, not of the list: what a crash had left over would be found, so it is told.
    passages: Math.max(...stats.map(({ count }) => count)),
    types: typesOf(records),
    memoryBytes: stats.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    ...(path === undefined ? {} : { diskBytes: await sizeOf(path) }),
    ...(changes.length === 0 ? {} : { lastChangedMs: Math.max(...changes) }),
  };
};
