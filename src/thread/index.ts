export { type HelperThread, type HelperThreadOptions, helperThread, isInHelperThread } from './helper-thread.js';
export { entryUrl, moduleUrl } from './module-url.js';
