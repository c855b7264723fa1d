/** The kernel: vectors and an HNSW graph in shared linear memory. `layout.ts` says where everything lies. */
import { writeVector } from './distance';
import { headerLength, isLive, isQueued, nodeFlags } from './layout';
import { nodeOf } from './state';

export { placeBits } from './filter';
export { work } from './job';
export { link, remove } from './link';
export { move, relink } from './move';
export { distance, reserveFor, scan, scanBits, scanList, search } from './search';
export { attach, flagsOf as flags, useScratch } from './state';

/** Writes the vector in the query's place into a row, and makes it live. */
export function set(row: u32): void {
  writeVector(row);
  atomic.or<u32>(nodeOf(row) + nodeFlags, isLive);
  if (row >= load<u32>(headerLength)) atomic.store<u32>(headerLength, row + 1);
}

/** Marks a row as handed to a builder, or no longer so. */
export function queue(row: u32, isHandedOver: bool): void {
  const flags = nodeOf(row) + nodeFlags;
  if (isHandedOver) atomic.or<u32>(flags, isQueued);
  else atomic.and<u32>(flags, ~isQueued);
}
