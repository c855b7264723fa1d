import { messageOf, type Run } from '../core/index.js';
import { type ListedFile, listFiles, loadFile } from '../document/index.js';
import { ahead } from './ahead.js';
import {
  batchPieces,
  type LibraryParts,
  type PreparedSource,
  prepareSource,
  settingsOf,
  writeSources,
} from './library-write.js';

export interface IngestFailure {
  readonly source: string;
  readonly error: unknown;
}

/** What an ingest did, in numbers of files. */
export interface IngestReport {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly removed: number;
  /** Files that could not be read; an earlier version of them stays. */
  readonly failed: readonly IngestFailure[];
  /** What loaders want a person to know: a scanned page without text, … */
  readonly notices: readonly string[];
  readonly durationMs: number;
}

interface Tally {
  added: number;
  changed: number;
  unchanged: number;
  readonly failed: IngestFailure[];
  readonly notices: string[];
}

interface RootedFile extends ListedFile {
  readonly root: string;
}

/** Files that are read while earlier ones are written; what they gave lies in memory. */
const filesAhead = 4;

const listRoots = async (paths: readonly string[], tally: Tally, run: Run): Promise<readonly RootedFile[]> => {
  const files = new Map<string, RootedFile>();
  for (const root of paths) {
    for await (const entry of listFiles(root, {}, run)) {
      if (entry.type === 'failed') tally.failed.push({ source: entry.source, error: entry.error });
      else if (!files.has(entry.path)) files.set(entry.path, { ...entry, root });
    }
  }
  return [...files.values()];
};

/** What became of one file; with something to write where it is new or changed. */
type FileOutcome =
  | { readonly kind: 'failed'; readonly error: unknown }
  | {
      readonly kind: 'added' | 'changed' | 'unchanged';
      readonly prepared?: PreparedSource;
      readonly notices: readonly string[];
    };

/** Reads and cuts one file, unless it is as it was. */
const prepareFile = async (
  parts: LibraryParts,
  { path, root, sizeBytes, modifiedMs }: RootedFile,
  run: Run,
): Promise<FileOutcome> => {
  const known = parts.manifest.get(path);
  const isSame = known?.sizeBytes === sizeBytes && known.modifiedMs === modifiedMs && known.root === root;
  if (isSame && known.settings === settingsOf(parts)) return { kind: 'unchanged', notices: [] };
  try {
    const { documents, notices } = await loadFile(path, {}, run);
    const prepared = await prepareSource(parts, { source: path, root, sizeBytes, modifiedMs, documents }, run);
    const isUnchanged = known?.hash === prepared.record.hash;
    const kind = known === undefined ? 'added' : isUnchanged ? 'unchanged' : 'changed';
    return { kind, prepared, notices };
  } catch (error) {
    run.throwIfAborted();
    return { kind: 'failed', error };
  }
};

/** Counts what became of a file; returns what there is to write. */
const tallied = (tally: Tally, path: string, outcome: FileOutcome): PreparedSource | undefined => {
  if (outcome.kind === 'failed') {
    tally.failed.push({ source: path, error: outcome.error });
    return undefined;
  }
  tally[outcome.kind] += 1;
  tally.notices.push(...outcome.notices.map((notice) => (notice.includes(path) ? notice : `${path}: ${notice}`)));
  return outcome.prepared;
};

/** Files of these roots that are no longer there. What could not be looked at is not gone. */
const goneFrom = (
  { manifest }: LibraryParts,
  paths: readonly string[],
  files: readonly RootedFile[],
  failed: readonly IngestFailure[],
): readonly string[] => {
  const roots = new Set(paths);
  const listed = new Set(files.map((file) => file.path));
  const unseen = new Set(failed.map((failure) => failure.source));
  const isUnknown = (source: string): boolean => {
    for (let path = source; path !== ''; path = path.slice(0, Math.max(0, path.lastIndexOf('/')))) {
      if (unseen.has(path)) return true;
    }
    return false;
  };
  return manifest
    .all()
    .filter(({ root, source }) => root !== undefined && roots.has(root) && !listed.has(source) && !isUnknown(source))
    .map(({ source }) => source);
};

/** Brings the library up to date with files and folders; see `Library.ingest`. */
export const ingest = async (parts: LibraryParts, paths: readonly string[], run: Run): Promise<IngestReport> => {
  const startedMs = run.clock.now();
  const tally: Tally = { added: 0, changed: 0, unchanged: 0, failed: [], notices: [] };
  const files = await listRoots(paths, tally, run);
  const gone = goneFrom(parts, paths, files, tally.failed);
  let batch: PreparedSource[] = [];
  let pieces = 0;
  const flush = async (filesDone: number): Promise<void> => {
    if (batch.length > 0) await writeSources(parts, batch, [], run);
    batch = [];
    pieces = 0;
    run.emit({ type: 'progress', label: 'ingest', done: filesDone, total: files.length });
  };
  let done = 0;
  for await (const [file, outcome] of ahead(files, filesAhead, (file) => prepareFile(parts, file, run))) {
    done += 1;
    const prepared = tallied(tally, file.path, outcome);
    if (prepared === undefined) continue;
    batch.push(prepared);
    pieces += prepared.pieces.length;
    if (pieces >= batchPieces) await flush(done);
  }
  await flush(files.length);
  if (gone.length > 0) await writeSources(parts, [], gone, run);
  return { ...tally, removed: gone.length, durationMs: run.clock.now() - startedMs };
};

/** The failures of an ingest as plain lines: `report.pdf: The file is encrypted …`. */
export const failureLines = ({ failed }: IngestReport): readonly string[] =>
  failed.map(({ source, error }) => {
    const message = messageOf(error);
    return message.includes(source) ? message : `${source}: ${message}`;
  });
