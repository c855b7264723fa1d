import { Worker } from 'node:worker_threads';
import { messageOf, PipewrightError } from '../../core/index.js';
import { headerLength } from './assembly/layout.js';
import type { KernelParts } from './kernel.js';
import { kernelModule } from './module.js';
import { createScratch, type Scratch } from './scratch.js';

/** Threads that work on jobs in the memory of a kernel. They never keep the process alive by themselves. */
export interface Crew {
  /** Lets all threads work on a job until it is done or stopped. One job at a time. @throws {PipewrightError} `worker-failed` */
  readonly work: (job: number, results: number) => Promise<void>;
  /** Ends the threads. Nobody may be at work. */
  readonly dispose: () => Promise<void>;
}

/** All that a thread does. A text, so that it is there in every bundle; the kernel itself is handed over compiled. */
const program = `
const { parentPort, workerData } = require('node:worker_threads');
const { exports } = new WebAssembly.Instance(workerData.module, { env: { memory: workerData.memory } });
exports.attach();
parentPort.on('message', ({ job, scratch }) => {
  exports.useScratch(scratch);
  exports.work(job, 0xffffffff);
  parentPort.postMessage('done');
});
parentPort.postMessage('ready');
`;

interface Thread {
  readonly post: (message: object) => void;
  /** Settles with the next message of the thread, or when it fails. */
  readonly reply: () => Promise<void>;
  readonly end: () => Promise<unknown>;
}

const failed = (cause: unknown): PipewrightError =>
  new PipewrightError('worker-failed', `A thread of a vector collection ended: ${messageOf(cause)}`, { cause });

const startThread = (memory: WebAssembly.Memory): Thread => {
  const worker = new Worker(program, {
    eval: true,
    // Not the flags of the process: loaders and the like would only slow the start, or take the text for something else.
    execArgv: [],
    workerData: { module: kernelModule(), memory },
    name: 'pipewright',
  });
  let failure: PipewrightError | undefined;
  let settle: ((error?: PipewrightError) => void) | undefined;
  const fail = (cause: unknown): void => {
    failure ??= failed(cause);
    settle?.(failure);
  };
  worker.on('message', () => settle?.());
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new Error(`it left with the code ${code}`)));
  return {
    post: (message) => worker.postMessage(message),
    reply: () =>
      new Promise((resolve, reject) => {
        // Who waits for an answer wants the process to live that long.
        worker.ref();
        settle = (error) => {
          settle = undefined;
          worker.unref();
          if (error === undefined) resolve();
          else reject(error);
        };
        if (failure !== undefined) settle(failure);
      }),
    end: () => worker.terminate(),
  };
};

/** Starts the threads. Undefined where there can be none (by the permissions of the process, say). */
export const startCrew = async (parts: KernelParts, count: number): Promise<Crew | undefined> => {
  const { space, shape, options, header } = parts;
  const threads: Thread[] = [];
  const scratches: Scratch[] = [];
  const dispose = async (): Promise<void> => {
    await Promise.all(threads.map((thread) => thread.end()));
    for (const scratch of scratches) scratch.release();
  };
  try {
    for (let i = 0; i < count; i++) threads.push(startThread(space.memory));
    await Promise.all(threads.map((thread) => thread.reply()));
  } catch {
    await dispose();
    return undefined;
  }
  try {
    for (let i = 0; i < count; i++) scratches.push(createScratch(space, shape.paddedDimensions, options.m));
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    work: async (job, results) => {
      for (const scratch of scratches) scratch.fit(header(headerLength), results);
      const replies = threads.map((thread, i) => {
        const reply = thread.reply();
        thread.post({ job, scratch: scratches[i]?.address });
        return reply;
      });
      // All of them, also when one fails: the others must be out of the job before its memory is used again.
      const outcomes = await Promise.allSettled(replies);
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    },
    dispose,
  };
};
