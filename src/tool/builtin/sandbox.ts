import { checkAtLeast, isPipewrightError, messageOf, PipewrightError, type Run } from '../../core/index.js';
import { type AskBack, type HelperThread, packagePath, type ThreadPool, threadPool } from '../../thread/index.js';
import { sandboxProgram } from './sandbox-program.js';

export interface SandboxLimits {
  readonly timeoutMs: number;
  readonly maxMemoryBytes: number;
  readonly maxOutputLength: number;
}

export interface SandboxTask {
  readonly code: string;
  /** JSON of what the code sees as `input`. */
  readonly input: string;
  /** Names of the functions that the code may call. */
  readonly names: readonly string[];
  /** Answers such a call: the JSON of what was given, to the JSON of what comes back. */
  readonly call: (name: string, given: string, run: Run) => Promise<string>;
}

export interface SandboxResult {
  /** JSON of the result; undefined where there is none. */
  readonly json?: string;
  /** What was printed, and whether more was. */
  readonly printed: string;
  readonly isCut: boolean;
}

interface Reply extends SandboxResult {
  /** Why there is no result: the error and where it was thrown. */
  readonly failure?: string;
}

/** Code that is told to stop does so at the next loop or call; only a long step of the engine itself takes longer. */
const graceMs = 250;
const maxFailureLength = 1_500;
const maxFailureLines = 8;

/** Where the thread finds what it needs. A bundle that has packed it in has no such files. */
const placesOf = (): Readonly<Record<string, string>> => {
  const names = {
    core: 'quickjs-emscripten-core',
    variant: '@jitl/quickjs-wasmfile-release-sync',
    wasm: '@jitl/quickjs-wasmfile-release-sync/wasm',
  };
  return Object.fromEntries(
    Object.entries(names).map(([key, name]) => {
      const path = packagePath(name);
      if (path !== undefined) return [key, path];
      throw new PipewrightError(
        'dependency-missing',
        `Running JavaScript needs the package \`${names.core}\` and \`${names.variant}\`. Run: npm install ${names.core} ${names.variant}`,
      );
    }),
  );
};

/** The error and the first places, those in the code of the sandbox left out: a recursion has hundreds. */
const placesIn = (failure: string): string => {
  const lines = failure.split('\n').filter((line) => !line.includes('(sandbox.js:'));
  return lines.slice(0, maxFailureLines).join('\n').trimEnd().slice(0, maxFailureLength);
};

/** What was wrong, where in the code, and what it had printed by then. */
const told = (what: string, { failure = '', printed = '' }: Partial<Reply>): string =>
  [what, placesIn(failure), printed === '' ? '' : `It printed:\n${printed.slice(-maxFailureLength)}`]
    .filter((part) => part !== '')
    .join('\n');

const failureOf = (reply: Partial<Reply>): PipewrightError =>
  new PipewrightError('bad-input', told('The code failed.', reply));

const tooSlow = (timeoutMs: number, reply: Partial<Reply> = {}): PipewrightError =>
  new PipewrightError('timeout', told(`The code did not end within ${timeoutMs} ms and was stopped.`, reply));

/** Runs code on threads of its own: one for each run at a time, kept for the next while it is not long idle. */
export type Sandbox = (task: SandboxTask, run: Run) => Promise<SandboxResult>;

const runOn = async (
  thread: HelperThread,
  { code, input, names, call }: SandboxTask,
  { timeoutMs, maxMemoryBytes, maxOutputLength }: SandboxLimits,
  run: Run,
): Promise<SandboxResult> => {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  using thinking = run.scope();
  using calling = run.scope();
  let forgetTimer = (): void => undefined;
  const onTime = (): void => {
    Atomics.store(stop, 0, 1);
    calling.abort(tooSlow(timeoutMs));
    // An abort of the question ends the thread, whatever it is lost in.
    forgetTimer = run.clock.after(graceMs, () => thinking.abort(tooSlow(timeoutMs)));
  };
  const onAskBack: AskBack = async (question) => {
    if (question === undefined) {
      forgetTimer = run.clock.after(timeoutMs, onTime);
      return;
    }
    const [name, given] = question as readonly [string, string];
    try {
      return await call(name, given, calling.run);
    } catch (error) {
      // Not for the code to catch: it ends the whole run.
      if (isPipewrightError(error) && error.code === 'budget-exceeded') thinking.abort(error);
      throw error;
    }
  };
  try {
    const question = { code, input, names, maxMemoryBytes, maxOutputLength, stop };
    const reply = (await thread.ask(question, thinking.run, onAskBack)) as Reply;
    if (Atomics.load(stop, 0) !== 0) throw tooSlow(timeoutMs, reply);
    if (reply.failure !== undefined) throw failureOf(reply);
    return reply;
  } catch (error) {
    run.throwIfAborted();
    if (isPipewrightError(error)) throw error;
    if (Atomics.load(stop, 0) !== 0) throw tooSlow(timeoutMs);
    throw failureOf({ failure: `The sandbox broke off: ${messageOf(error)}` });
  } finally {
    forgetTimer();
    calling.abort(new PipewrightError('not-allowed', 'The code that called this tool has ended.'));
  }
};

/**
 * @throws {PipewrightError} `bad-option`. Running throws `bad-input` for code that fails, with its error, place and output; `timeout`;
 * `dependency-missing`; `worker-failed`.
 */
export const sandbox = (limits: SandboxLimits): Sandbox => {
  checkAtLeast('timeoutMs', limits.timeoutMs, 1);
  checkAtLeast('maxMemoryBytes', limits.maxMemoryBytes, 1_048_576);
  checkAtLeast('maxOutputLength', limits.maxOutputLength, 1);
  let threads: ThreadPool | undefined;
  return async (task, run) => {
    threads ??= threadPool({ program: sandboxProgram, data: placesOf() });
    return await threads.use((thread) => runOn(thread, task, limits, run), run);
  };
};
