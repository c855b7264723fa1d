export { type FilterIndex, filterIndex } from './filter-index.js';
export type { RowSet } from './row-set.js';
