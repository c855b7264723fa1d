import { availableParallelism } from 'node:os';
import type { Run, RunEventBody } from '../core/index.js';
import { type HelperThread, isInHelperThread, mayStartThreads } from './helper-thread.js';
import { entryUrl } from './module-places.js';
import { type ThreadPool, threadPool } from './thread-pool.js';

/** A call of a public step of this package. All of it must be data that can be cloned. */
export interface StepCall {
  /** Name of the function that makes the step, or of the step itself. */
  readonly name: string;
  /** Arguments of the function that makes the step; undefined for a function that is the step itself. */
  readonly options?: readonly unknown[];
  /** Arguments of the step before the run. */
  readonly input: readonly unknown[];
}

/** What the thread does: the same as the caller would, from the same files. */
const program = `({ entry, index }) => {
  const [folder, core] = [import(entry), import(index)];
  return async ({ name, options, input }, askBack) => {
    const made = (await folder)[name];
    const on = ({ span, atMs, ...body }) => void (body.type === 'progress' && askBack(body));
    const run = (await core).createRun({ on });
    return (options === undefined ? made : made(...options))(...input, run);
  };
}`;

/** One core stays for the thread that asks. */
const most = Math.max(1, Math.min(4, availableParallelism() - 1));

/** The public folders whose steps are worked on in threads. */
export type StepFolder = 'document' | 'graph';

const pools = new Map<StepFolder, ThreadPool>();

/**
 * Threads that run the steps of a public folder. Undefined where there is no file that a thread could load, as in a bundle, where no
 * threads are allowed, and on such a thread: then the caller does the work itself.
 */
export const stepThreads = (folder: StepFolder): ThreadPool | undefined => {
  const known = pools.get(folder);
  if (known !== undefined || isInHelperThread() || !mayStartThreads()) return known;
  const [entry, index] = [entryUrl(folder), entryUrl('index')];
  if (entry === undefined || index === undefined) return undefined;
  const pool = threadPool({ program, data: { entry, index } }, most);
  pools.set(folder, pool);
  return pool;
};

/** What the step gives. Its progress is the run's. */
export const callOnThread = (thread: HelperThread, call: StepCall, run: Run): Promise<unknown> =>
  thread.ask(call, run, async (event) => run.emit(event as RunEventBody));
