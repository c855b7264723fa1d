export {
  type AskBack,
  type HelperThread,
  type HelperThreadOptions,
  helperThread,
  mayStartThreads,
} from './helper-thread.js';
export { packagePath } from './module-places.js';
export { callOnThread, type StepCall, stepThreads } from './step-threads.js';
export { type ThreadPool, threadPool } from './thread-pool.js';
