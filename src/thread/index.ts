export {
  type AskBack,
  type HelperThread,
  type HelperThreadOptions,
  helperThread,
  isInHelperThread,
} from './helper-thread.js';
export { entryUrl, packagePath } from './module-places.js';
