import { type LibraryPlace, openIngested, printReport } from './ingest.js';
import { type CliIo, type ExitCode, exitCodes } from './io.js';
import { modelOf } from './model-option.js';
import { answerJson, askLibrary, printCitations, printTook } from './print-answer.js';

export interface AskOptions extends LibraryPlace {
  readonly question: string;
  readonly model: string;
  readonly json: boolean;
}

/** `pipewright ask`: brings the index up to date, answers, and lists what the answer rests on. */
export const ask = async (io: CliIo, options: AskOptions): Promise<ExitCode> => {
  const model = await modelOf(options.model);
  await using opened = await openIngested(io, options);
  const { report, stats, library } = opened;
  if (!options.json) printReport(io, opened);
  if (stats.sources === 0) {
    io.err(`There is nothing to read in ${options.paths.join(', ')}.\n`);
    return exitCodes.failed;
  }
  const timed = await askLibrary(io, library, model, options.question, !options.json);
  if (options.json) {
    const failed = report.failed.map(({ source }) => source);
    io.out(`${JSON.stringify({ ...answerJson(io, timed), library: { ...stats, failed } }, null, 2)}\n`);
  } else {
    printCitations(io, timed.answer);
    printTook(io, timed);
  }
  return timed.answer.isAnswered ? exitCodes.ok : exitCodes.notAnswered;
};
