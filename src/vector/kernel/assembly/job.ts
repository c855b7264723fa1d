/** Work that several threads share: each takes the next item until none is left. */
import { condemn, pardon, release, repair, replaceEntry } from './consolidate';
import {
  condemnJob,
  entryJob,
  headerLength,
  isQueued,
  jobBitRows,
  jobBits,
  jobCount,
  jobEf,
  jobFound,
  jobK,
  jobKind,
  jobNext,
  jobQueries,
  jobRows,
  jobStop,
  linkJob,
  nodeFlags,
  releaseJob,
  repairJob,
  rowsPerItem,
  searchJob,
} from './layout';
import { link } from './link';
import { search } from './search';
import { dimensions, nodeOf, query } from './state';

function linkItem(job: usize, item: u32): void {
  const row = load<u32>(load<usize>(job, jobRows) + ((<usize>item) << 2));
  link(row);
  atomic.and<u32>(nodeOf(row) + nodeFlags, ~isQueued);
}

function searchItem(job: usize, item: u32): void {
  const k = load<u32>(job, jobK);
  const found = load<usize>(job, jobFound) + ((<usize>item * (1 + 2 * k)) << 2);
  memory.copy(query, load<usize>(job, jobQueries) + ((<usize>item * dimensions) << 2), (<usize>dimensions) << 2);
  const labels = found + 4;
  const count = search(
    k,
    load<u32>(job, jobEf),
    load<usize>(job, jobBits),
    load<u32>(job, jobBitRows),
    labels,
    labels + ((<usize>k) << 2),
  );
  store<u32>(found, count);
}

function rowsItem(kind: u32, item: u32): void {
  const end = min<u32>((item + 1) * rowsPerItem, load<u32>(headerLength));
  for (let row = item * rowsPerItem; row < end; row++) {
    if (kind === repairJob) repair(row);
    else if (kind === condemnJob) condemn(row);
    else if (kind === releaseJob) release(row);
    else pardon(row);
  }
}

/** Does up to `most` items of a job. Returns whether there may be more. */
export function work(job: usize, most: u32): bool {
  const kind = load<u32>(job, jobKind);
  const count = load<u32>(job, jobCount);
  for (let done: u32 = 0; done < most; done++) {
    if (atomic.load<u32>(job + jobStop) !== 0) return false;
    const item = atomic.add<u32>(job + jobNext, 1);
    if (item >= count) return false;
    if (kind === linkJob) linkItem(job, item);
    else if (kind === searchJob) searchItem(job, item);
    else if (kind === entryJob) replaceEntry();
    else rowsItem(kind, item);
  }
  return true;
}
