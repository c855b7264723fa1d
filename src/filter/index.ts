export { type FilterIndex, filterIndex } from './filter-index.js';
export { type PartitionedMap, partitionedMap } from './partitioned-map.js';
export type { RowSet } from './row-set.js';
