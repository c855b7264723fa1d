import { messageOf, type Run } from '../core/index.js';
import { type ListedFile, listFiles, loadFile } from '../document/index.js';
import { type LibraryParts, type PreparedSource, prepareSource, settingsOf, writeSources } from './library-write.js';

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

/** Files are written in batches of about so many passages: a durable write takes long, whatever its size. */
const batchPieces = 512;

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

/** Reads and cuts one file, unless it is as it was. Undefined when there is nothing to write. */
const prepareFile = async (
  parts: LibraryParts,
  { path, root, sizeBytes, modifiedMs }: RootedFile,
  tally: Tally,
  run: Run,
): Promise<PreparedSource | undefined> => {
  const known = parts.manifest.get(path);
  const isSame = known?.sizeBytes === sizeBytes && known.modifiedMs === modifiedMs && known.root === root;
  if (isSame && known.settings === settingsOf(parts)) {
    tally.unchanged += 1;
    return undefined;
  }
  try {
    const { documents, notices } = await loadFile(path, {}, run);
    tally.notices.push(...notices.map((notice) => (notice.includes(path) ? notice : `${path}: ${notice}`)));
    const prepared = await prepareSource(parts, { source: path, root, sizeBytes, modifiedMs, documents }, run);
    if (known === undefined) tally.added += 1;
    else if (known.hash === prepared.record.hash) tally.unchanged += 1;
    else tally.changed += 1;
    return prepared;
  } catch (error) {
    run.throwIfAborted();
    tally.failed.push({ source: path, error });
    return undefined;
  }
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
  const isUnknown = (source: string): boolean =>
    failed.some((failure) => source === failure.source || source.startsWith(`${failure.source}/`));
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
  const flush = async (done: number): Promise<void> => {
    if (batch.length > 0) await writeSources(parts, batch, [], run);
    batch = [];
    pieces = 0;
    run.emit({ type: 'progress', label: 'ingest', done, total: files.length });
  };
  for (const [index, file] of files.entries()) {
    run.throwIfAborted();
    const prepared = await prepareFile(parts, file, tally, run);
    if (prepared === undefined) continue;
    batch.push(prepared);
    pieces += prepared.pieces.length;
    if (pieces >= batchPieces) await flush(index + 1);
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
