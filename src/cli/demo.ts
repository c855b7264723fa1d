import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PipewrightError } from '../core/index.js';
import { ask } from './ask.js';
import { type LibraryPlace, openIngested, printReport } from './ingest.js';
import { type CliIo, type ExitCode, exitCodes } from './io.js';
import { modelOf } from './model-option.js';
import { askLibrary, printCitations, printTook } from './print-answer.js';
import { colours } from './terminal.js';

/** The documentation that installed packages bring along. */
const documentation: readonly string[] = [
  'node_modules/*/{README,readme,Readme}*.md',
  'node_modules/*/docs/**/*.md',
  'node_modules/@*/*/{README,readme,Readme}*.md',
  'node_modules/@*/*/docs/**/*.md',
];

const questions: readonly string[] = [
  'How do I set a timeout in the openai client?',
  'How do I validate an e-mail with valibot?',
  'How can I abort retrying with p-retry?',
];

export interface DemoQuestion {
  readonly paths: readonly string[];
  readonly question: string;
}

const documentationPlace = (io: CliIo): LibraryPlace => {
  if (!existsSync(join(io.cwd, 'node_modules'))) {
    throw new PipewrightError(
      'not-found',
      'There is no node_modules here. Run this in a folder with installed packages, or name a folder: pipewright ask ./folder "question".',
    );
  }
  return { paths: documentation };
};

/**
 * `pipewright demo`: asks the documentation of the packages installed here, three questions of its own or yours. With paths it
 * is `pipewright ask`.
 */
export const demo = async (io: CliIo, asked: DemoQuestion | undefined, modelName: string): Promise<ExitCode> => {
  if (asked?.paths.some((path) => path !== '.')) {
    return ask(io, { ...asked, model: modelName, json: false });
  }
  const model = await modelOf(modelName);
  const { bold, dim } = colours(io, io.isErrTerminal);
  io.err(`${dim('Reading the documentation of the packages installed here …')}\n`);
  await using opened = await openIngested(io, documentationPlace(io));
  printReport(io, opened);
  let isEachAnswered = true;
  for (const question of asked === undefined ? questions : [asked.question]) {
    io.out(`\n${bold(question)}\n`);
    const timed = await askLibrary(io, opened.library, model, question, true);
    printCitations(io, timed.answer);
    printTook(io, timed);
    isEachAnswered &&= timed.answer.isAnswered;
  }
  if (asked === undefined)
    io.err(`\n${dim('Ask your own: npm start -- "question", or npm start -- ./folder "question"')}\n`);
  return isEachAnswered ? exitCodes.ok : exitCodes.notAnswered;
};
