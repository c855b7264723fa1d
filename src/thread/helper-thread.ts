import { Worker, workerData } from 'node:worker_threads';
import { type ErrorCode, type ErrorDetails, messageOf, onAbort, PipewrightError, type Run } from '../core/index.js';

export interface HelperThreadOptions {
  /**
   * JavaScript of a function that gets `data` when the thread starts and gives the function that answers questions. A text, so that
   * it is there in every bundle; what it imports, it is told by `data`. Beside each question it gets a function that asks back.
   */
  readonly program: string;
  readonly data: unknown;
}

/** Answers a question of the thread. What it throws, the thread gets as an error with that message. */
export type AskBack = (question: unknown) => Promise<unknown>;

/** Does work on a thread that would hold the event loop of this one. It starts with the first question, and ends when idle. */
export interface HelperThread {
  /**
   * The answer, which like the question must be data that can be cloned. An abort rejects at once; it ends the thread unless that
   * works for others as well. `onAskBack` answers what the program asks back meanwhile.
   * @throws {PipewrightError} what the program throws; `worker-failed` when the thread does not start, or ends too early.
   */
  readonly ask: (question: unknown, run: Run, onAskBack?: AskBack) => Promise<unknown>;
}

/** A thread that had nothing to do for so long ends: starting one takes a tenth of a second. */
const idleMs = 2_000;

const serverOf = (program: string): string => `
const { parentPort, workerData } = require('node:worker_threads');
const answer = (${program})(workerData.pipewright);
const asked = new Map();
let lastAsked = 0;
let idle;
let open = 0;
parentPort.on('message', async ({ id, question, back, error, answer: given }) => {
  if (back !== undefined) {
    const { resolve, reject } = asked.get(back);
    asked.delete(back);
    return error === undefined ? resolve(given) : reject(new Error(error));
  }
  const askBack = (question) =>
    new Promise((resolve, reject) => {
      asked.set(++lastAsked, { resolve, reject });
      parentPort.postMessage({ id, back: lastAsked, question });
    });
  clearTimeout(idle);
  open++;
  try {
    parentPort.postMessage({ id, answer: await answer(question, askBack) });
  } catch (error) {
    const { code, message = String(error), details, retryable } = Object(error);
    const isOurs = Object(error)[Symbol.for('pipewright.error')] !== undefined;
    parentPort.postMessage({ id, error: isOurs ? { code, message, details, retryable } : { message } });
  }
  if (--open === 0) idle = setTimeout(() => parentPort.close(), ${idleMs});
});
`;

/** Whether this code runs on a helper thread, which needs no other one. */
export const isInHelperThread = (): boolean =>
  typeof workerData === 'object' && workerData !== null && 'pipewright' in workerData;

/** False where the process may start no threads: under Node's permission model without `--allow-worker`. */
export const mayStartThreads = (): boolean => process.permission?.has('worker') ?? true;

interface Failure {
  readonly code?: ErrorCode;
  readonly message: string;
  readonly details?: ErrorDetails;
  readonly retryable?: boolean;
}

interface Reply {
  readonly id: number;
  /** The number of what is asked back; the reply is none yet. */
  readonly back?: number;
  readonly question?: unknown;
  readonly answer?: unknown;
  readonly error?: Failure;
}

const errorOf = ({ code, message, details = {}, retryable = false }: Failure): Error =>
  code === undefined ? new Error(message) : new PipewrightError(code, message, { details, retryable });

const failed = (cause: unknown): PipewrightError =>
  new PipewrightError('worker-failed', `A thread ended before it had answered: ${messageOf(cause)}`, { cause });

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onAskBack: AskBack;
}

const noAnswer: AskBack = async () => {
  throw new Error('Nobody answers here.');
};

const answerBack = async (worker: Worker, { onAskBack }: Waiting, { back, question }: Reply): Promise<void> => {
  try {
    worker.postMessage({ back, answer: await onAskBack(question) });
  } catch (error) {
    worker.postMessage({ back, error: messageOf(error) });
  }
};

/** A running thread and who waits for it. */
interface Running {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
}

const startWorker = ({ program, data }: HelperThreadOptions): Worker => {
  try {
    return new Worker(serverOf(program), {
      eval: true,
      // Not the flags of the process: loaders and the like would only slow the start, or take the text for something else.
      execArgv: [],
      workerData: { pipewright: data },
      name: 'pipewright',
    });
  } catch (error) {
    throw failed(error);
  }
};

const start = (options: HelperThreadOptions, onEnd: () => void): Running => {
  const worker = startWorker(options);
  worker.unref();
  const waiting = new Map<number, Waiting>();
  const end = (cause: unknown): void => {
    onEnd();
    for (const { reject } of waiting.values()) reject(failed(cause));
    waiting.clear();
  };
  worker.on('message', (reply: Reply) => {
    const { id, answer, error } = reply;
    const asker = waiting.get(id);
    if (reply.back !== undefined) {
      if (asker !== undefined) void answerBack(worker, asker, reply);
      return;
    }
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    if (error === undefined) asker?.resolve(answer);
    else asker?.reject(errorOf(error));
  });
  worker.on('error', end);
  worker.on('exit', (code) => end(new Error(`it left with the code ${code}`)));
  return { worker, waiting };
};

/** A thread that starts with the first question. It does not keep the process alive but while someone waits for an answer. */
export const helperThread = (options: HelperThreadOptions): HelperThread => {
  let running: Running | undefined;
  let lastId = 0;

  const startOnce = (): Running => {
    const started = start(options, () => {
      if (running === started) running = undefined;
    });
    return started;
  };
  return {
    ask: async (question, run, onAskBack = noAnswer) => {
      run.throwIfAborted();
      running ??= startOnce();
      const { worker, waiting } = running;
      const id = ++lastId;
      let forget: (() => void) | undefined;
      try {
        return await new Promise((resolve, reject) => {
          waiting.set(id, { resolve, reject, onAskBack });
          // Who waits for an answer wants the process to live that long.
          worker.ref();
          forget = onAbort(run.signal, () => {
            reject(run.signal.reason);
            waiting.delete(id);
            if (waiting.size > 0) return;
            if (running?.worker === worker) running = undefined;
            void worker.terminate();
          });
          worker.postMessage({ id, question });
        });
      } finally {
        forget?.();
      }
    },
  };
};
