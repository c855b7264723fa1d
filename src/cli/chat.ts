import { join, resolve } from 'node:path';
import { conversations } from '../conversation/index.js';
import { isPipewrightError, messageOf } from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { composeMemory, episodicMemory, factMemory } from '../memory/index.js';
import { diskStore, scoped } from '../store/index.js';
import { runCommand } from './chat-commands.js';
import { lineInput, type LineInput } from './chat-input.js';
import { type ChatSession, openSession, say } from './chat-session.js';
import { openIngested, printReport } from './ingest.js';
import { type CliIo, type ExitCode, exitCodes } from './io.js';
import { modelOf } from './model-option.js';
import { colours } from './terminal.js';

export interface ChatOptions {
  /** Files and folders to answer from. */
  readonly paths: readonly string[];
  /** Folder of their index. */
  readonly index?: string | undefined;
  readonly model: string;
  readonly json: boolean;
  /** Goes on with the conversation that changed last. */
  readonly continue: boolean;
  /** Folder where conversations and memory are kept. @default .pipewright/chat in the working folder */
  readonly session?: string | undefined;
}

/** `pipewright chat`: talks with a person, or with what a pipe says, until the input ends. */
export const chat = async (io: CliIo, options: ChatOptions): Promise<ExitCode> => {
  await modelOf(options.model);
  await using opened = options.paths.length === 0 ? undefined : await openIngested(io, options);
  if (opened !== undefined && !options.json) printReport(io, opened);
  const folder = resolve(io.cwd, options.session ?? join('.pipewright', 'chat'));
  await using store = await diskStore(folder);
  await using own = conversations({ store });
  await using episodes = await bm25({ store: scoped(store, 'episodes') });
  const facts = factMemory({ store: scoped(store, 'facts') });
  const memory = composeMemory([facts, episodicMemory(episodes)], { maxTokens: 1_500 });
  const parts = { conversations: own, memory, facts, retriever: opened?.library.retriever };
  const session = await openSession(io, parts, options);
  if (options.continue) {
    const [last] = (await own.list({ limit: 1 })).conversations;
    if (last !== undefined) session.conversationId = last.id;
  }
  return await converse(session);
};

const greeting = 'Say something, or /help. Ctrl-C stops an answer; twice, it ends the chat.\n';

/** Takes line after line; a turn that fails is reported and the next one is taken. */
export const converse = async (session: ChatSession): Promise<ExitCode> => {
  const { io } = session;
  const { cyan, dim } = colours(io, io.isOutTerminal);
  let interrupts = 0;
  const interrupt = (input: LineInput): void => {
    interrupts++;
    if (session.answering !== undefined) {
      session.answering.cancel(new DOMException('Stopped by the user.', 'AbortError'));
    } else if (interrupts > 1) input[Symbol.dispose]();
    else {
      io.err(`\n${dim('Ctrl-C once more, or /quit, ends the chat.')}\n`);
      input.prompt();
    }
  };
  using input: LineInput = lineInput(io, cyan('> '), () => interrupt(input));
  if (io.isInTerminal) io.err(dim(greeting));
  let hasFailed = false;
  input.prompt();
  for await (const line of input.lines) {
    interrupts = 0;
    const text = line.trim();
    if (text !== '') {
      try {
        if (!text.startsWith('/')) await say(session, { text });
        else if (await runCommand(session, text)) return exitCodes.ok;
      } catch (error) {
        if (io.signal.aborted) break;
        hasFailed = !reportTurn(session, error) || hasFailed;
      }
    }
    input.prompt();
  }
  io.signal.throwIfAborted();
  // A person has seen what failed; a program reads the exit code.
  return hasFailed && !io.isInTerminal ? exitCodes.failed : exitCodes.ok;
};

/** Tells of a turn that failed. Returns whether the person wanted it so. */
const reportTurn = ({ io, isJson }: ChatSession, error: unknown): boolean => {
  const { red, dim } = colours(io, io.isErrTerminal);
  if (error instanceof DOMException && error.name === 'AbortError') {
    io.err(`\n${dim('(stopped)')}\n`);
    return true;
  }
  const code = isPipewrightError(error) ? error.code : 'internal';
  if (isJson) io.out(`${JSON.stringify({ error: { code, message: messageOf(error) } })}\n`);
  else io.err(`${red('error')} ${messageOf(error)}\n`);
  return false;
};
