import { resolve } from 'node:path';
import { createRun, systemClock } from '../core/index.js';
import { failureLines, type IngestReport, type Library, type LibraryStats, openLibrary } from '../rag/index.js';
import { indexFolder } from './index-folder.js';
import { type CliIo, type ExitCode, exitCodes } from './io.js';
import { colours, count, duration, progress } from './terminal.js';

export interface LibraryPlace {
  /** Files and folders as the person wrote them. */
  readonly paths: readonly string[];
  /** Folder of the index. @default one below `.pipewright` in the working folder */
  readonly index?: string | undefined;
}

export interface OpenedLibrary extends AsyncDisposable {
  readonly library: Library;
  readonly report: IngestReport;
  readonly stats: LibraryStats;
}

/** Opens the library of some paths and brings it up to date, with progress on `err`. */
export const openIngested = async (io: CliIo, place: LibraryPlace): Promise<OpenedLibrary> => {
  const index = place.index === undefined ? indexFolder(io.cwd, place.paths) : resolve(io.cwd, place.index);
  const library = await openLibrary({ path: index });
  const bar = progress(io, 'Reading', systemClock.now);
  try {
    const run = createRun({
      signal: io.signal,
      on: (event) => {
        if (event.type === 'progress') bar.update(event.done, event.total);
      },
    });
    const report = await library.ingest(
      place.paths.map((path) => resolve(io.cwd, path)),
      run,
    );
    const stats = await library.stats();
    return { library, report, stats, [Symbol.asyncDispose]: () => library.close() };
  } catch (error) {
    await library.close();
    throw error;
  } finally {
    bar.end();
  }
};

/** What an ingest did, in one or two lines, and every file that could not be read. */
export const printReport = (io: CliIo, { report, stats }: Omit<OpenedLibrary, 'library'>): void => {
  const { dim, yellow } = colours(io, io.isErrTerminal);
  const changes = [
    [report.added, 'new'],
    [report.changed, 'changed'],
    [report.removed, 'removed'],
  ] as const;
  const told = changes.filter(([number]) => number > 0).map(([number, word]) => `${count(number)} ${word}`);
  const size = `${count(stats.sources)} files, ${count(stats.passages)} passages, about ${count(stats.tokens)} tokens`;
  io.err(
    `${dim(`${size} (${told.length === 0 ? 'nothing changed' : told.join(', ')}; ${duration(report.durationMs)})`)}\n`,
  );
  for (const line of failureLines(report)) io.err(`${yellow('skipped')} ${line}\n`);
  for (const notice of report.notices) io.err(`${dim(`note ${notice}`)}\n`);
};

export interface IngestOptions extends LibraryPlace {
  readonly json: boolean;
}

/** `pipewright ingest`: reads what is new or changed and says what it did. */
export const ingest = async (io: CliIo, options: IngestOptions): Promise<ExitCode> => {
  await using opened = await openIngested(io, options);
  const { report, stats } = opened;
  if (options.json) {
    io.out(`${JSON.stringify({ ...report, failed: failureLines(report), stats }, null, 2)}\n`);
  } else printReport(io, opened);
  return stats.sources === 0 && report.failed.length > 0 ? exitCodes.failed : exitCodes.ok;
};
