/** Gives rows other numbers, which is to say: other places in memory. Nobody else may search or link meanwhile. */
import { headerEntry, headerLength, noRow } from './layout';
import {
  batch,
  dimensions,
  fetchList,
  floatsOf,
  hasOriginals,
  isInt8,
  labelOf,
  levelOf,
  listOf,
  nodeOf,
  nodeStride,
  setLabel,
  vectorOffset,
} from './state';

/** Lets the links of a row that led to `from` lead to `to`. */
function relinkRow(row: u32, from: u32, to: u32): void {
  const node = nodeOf(row);
  for (let level: u32 = 0; level <= levelOf(node); level++) {
    const list = listOf(node, level);
    const end = list + ((<usize>load<u32>(list)) << 2);
    for (let at = list + 4; at <= end; at += 4) {
      if (load<u32>(at) === from) store<u32>(at, to);
    }
  }
}

/** The same for the `count` rows in the batch. */
export function relink(count: u32, from: u32, to: u32): void {
  const end = batch + ((<usize>count) << 2);
  for (let at = batch; at < end; at += 4) fetchList(load<u32>(at));
  for (let at = batch; at < end; at += 4) relinkRow(load<u32>(at), from, to);
}

/** Moves a row to a place that no row has. The links that lead to it are then made right by `relink`. */
export function move(from: u32, to: u32): void {
  const source = nodeOf(from);
  memory.copy(nodeOf(to), source, nodeStride);
  // What stands there next draws a level of its own.
  memory.fill(source, 0, vectorOffset);
  if (isInt8 && hasOriginals) memory.copy(floatsOf(to), floatsOf(from), (<usize>dimensions) << 2);
  setLabel(to, labelOf(from));
  setLabel(from, noRow);
  if (load<u32>(headerEntry) === from) atomic.store<u32>(headerEntry, to);
  if (to >= load<u32>(headerLength)) atomic.store<u32>(headerLength, to + 1);
}
