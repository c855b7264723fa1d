import { Worker, workerData } from 'node:worker_threads';
import { type ErrorCode, type ErrorDetails, messageOf, onAbort, PipewrightError, type Run } from '../core/index.js';

export interface HelperThreadOptions {
  /**
   * JavaScript of a function that gets `data` when the thread starts and gives the function that answers questions. A text, so that
   * it is there in every bundle; what it imports, it is told by `data`.
   */
  readonly program: string;
  readonly data: unknown;
}

/** Does work on a thread that would hold the event loop of this one. It starts with the first question, and ends when idle. */
export interface HelperThread {
  /**
   * The answer, which like the question must be data that can be cloned. An abort rejects at once; it ends the thread unless that
   * works for others as well.
   * @throws {PipewrightError} what the program throws; `worker-failed` when the thread does not start, or ends too early.
   */
  readonly ask: (question: unknown, run: Run) => Promise<unknown>;
}

/** A thread that had nothing to do for so long ends: starting one takes a tenth of a second. */
const idleMs = 2_000;

const serverOf = (program: string): string => `
const { parentPort, workerData } = require('node:worker_threads');
const answer = (${program})(workerData.pipewright);
let idle;
let open = 0;
parentPort.on('message', async ({ id, question }) => {
  clearTimeout(idle);
  open++;
  try {
    parentPort.postMessage({ id, answer: await answer(question) });
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

interface Failure {
  readonly code?: ErrorCode;
  readonly message: string;
  readonly details?: ErrorDetails;
  readonly retryable?: boolean;
}

interface Reply {
  readonly id: number;
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
}

/** A running thread and who waits for it. */
interface Running {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
}

const start = ({ program, data }: HelperThreadOptions, onEnd: () => void): Running => {
  const worker = new Worker(serverOf(program), {
    eval: true,
    // Not the flags of the process: loaders and the like would only slow the start, or take the text for something else.
    execArgv: [],
    workerData: { pipewright: data },
    name: 'pipewright',
  });
  worker.unref();
  const waiting = new Map<number, Waiting>();
  const end = (cause: unknown): void => {
    onEnd();
    for (const { reject } of waiting.values()) reject(failed(cause));
    waiting.clear();
  };
  worker.on('message', ({ id, answer, error }: Reply) => {
    const asker = waiting.get(id);
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
    ask: async (question, run) => {
      run.throwIfAborted();
      running ??= startOnce();
      const { worker, waiting } = running;
      const id = ++lastId;
      let forget: (() => void) | undefined;
      try {
        return await new Promise((resolve, reject) => {
          waiting.set(id, { resolve, reject });
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
