export { diskStore, type DiskStoreOptions } from './disk.js';
export { memoryStore, type MemoryStoreOptions } from './memory.js';
export { scoped } from './scoped.js';
