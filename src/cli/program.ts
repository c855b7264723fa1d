import { Command, CommanderError } from 'commander';
import { isPipewrightError, messageOf, PipewrightError } from '../core/index.js';
import { ask } from './ask.js';
import { chat } from './chat.js';
import { demo } from './demo.js';
import { doctor } from './doctor.js';
import { ingest } from './ingest.js';
import { type CliIo, type ExitCode, exitCodes } from './io.js';
import { colours } from './terminal.js';
import { version } from './version.js';

interface AskFlags {
  readonly model: string;
  readonly index?: string;
  readonly json: boolean;
}

interface IngestFlags {
  readonly index?: string;
  readonly json: boolean;
}

/** The last word is the question, those before it are paths. */
const pathsAndQuestion = (
  words: readonly string[],
): { readonly paths: readonly string[]; readonly question: string } => {
  const question = words.at(-1)?.trim() ?? '';
  if (question === '') throw new PipewrightError('bad-input', 'Ask a question: pipewright ask ./folder "question"');
  return { paths: words.length > 1 ? words.slice(0, -1) : ['.'], question };
};

const indexFlag = ['--index <folder>', 'where the index is kept (default: below .pipewright in this folder)'] as const;
const jsonFlag = ['--json', 'print one JSON object instead of text'] as const;
const modelFlag = [
  '--model <model>',
  'who answers: extractive, openai:MODEL, anthropic:MODEL, ollama:MODEL',
  'extractive',
] as const;

interface ChatFlags extends AskFlags {
  readonly continue: boolean;
  readonly session?: string;
}

const exitHelp = `
Exit codes: 0 done, 1 failed, 2 wrong command line, 3 the documents do not hold the answer, 130 interrupted.`;

const createProgram = (io: CliIo, finish: (code: ExitCode) => void): Command => {
  const program = new Command('pipewright')
    .description('Answers questions from your documents, with citations. Works offline without a key.')
    .version(version)
    .addHelpText('after', exitHelp)
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err });
  program
    .command('ask')
    .description('reads what is new or changed under the paths, then answers a question from it')
    .argument('<words...>', 'paths (default: this folder), then the question')
    .option(...modelFlag)
    .option(...indexFlag)
    .option(...jsonFlag, false)
    .action(async (words: readonly string[], flags: AskFlags) => {
      finish(await ask(io, { ...pathsAndQuestion(words), ...flags }));
    });
  program
    .command('ingest')
    .description('reads what is new or changed under the paths into the index')
    .argument('[paths...]', 'files and folders (default: this folder)')
    .option(...indexFlag)
    .option(...jsonFlag, false)
    .action(async (paths: readonly string[], flags: IngestFlags) => {
      finish(await ingest(io, { paths: paths.length === 0 ? ['.'] : paths, ...flags }));
    });
  program
    .command('chat')
    .description('talks with you, with a memory across sittings, and answers from the documents under the paths')
    .argument('[paths...]', 'files and folders to answer from (default: none)')
    .option(...modelFlag)
    .option(...indexFlag)
    .option('--continue', 'go on with the conversation that changed last', false)
    .option('--session <folder>', 'where conversations and memory are kept (default: .pipewright/chat in this folder)')
    .option('--json', 'print one JSON object a turn, each on a line of its own', false)
    .action(async (paths: readonly string[], flags: ChatFlags) => finish(await chat(io, { paths, ...flags })));
  program
    .command('doctor')
    .description('shows what is installed, which keys are set and what works')
    .option(...jsonFlag, false)
    .action(async (flags: { readonly json: boolean }) => finish(await doctor(io, flags)));
  program
    .command('demo')
    .description('asks the documentation of the packages installed in this folder')
    .argument('[words...]', 'a question of your own, or paths and a question')
    .option(...modelFlag)
    .action(async (words: readonly string[], flags: { readonly model: string }) => {
      finish(await demo(io, words.length === 0 ? undefined : pathsAndQuestion(words), flags.model));
    });
  return program;
};

/** Runs one command line and returns the exit code. Never throws. */
export const main = async (args: readonly string[], io: CliIo): Promise<ExitCode> => {
  let code: ExitCode = exitCodes.ok;
  const program = createProgram(io, (finished) => {
    code = finished;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return report(io, error, args.includes('--json'));
  }
};

const report = (io: CliIo, error: unknown, isJson: boolean): ExitCode => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (io.signal.aborted) {
    io.err('\nInterrupted.\n');
    return exitCodes.interrupted;
  }
  const code = isPipewrightError(error) ? error.code : 'internal';
  if (isJson) io.out(`${JSON.stringify({ error: { code, message: messageOf(error) } }, null, 2)}\n`);
  else io.err(`${colours(io, io.isErrTerminal).red('error')} ${messageOf(error)}\n`);
  return code === 'bad-input' || code === 'bad-option' ? exitCodes.usage : exitCodes.failed;
};
