import { crc32 } from 'node:zlib';
import { sliceTimer, type Store, type StoreChange, yieldToEventLoop } from '../core/index.js';
import { goneKey, gonePrefix } from './document-log.js';
import { addRow, emptyPostings, type Postings, removeRow, type Saturation, type StoredDocument } from './postings.js';
import { rowOf } from './segment.js';

/**
 * The postings of an index as they stood once, so that opening need not analyse all documents again. It is derived: one that is
 * damaged, of another analysis or of another version is passed over. Parts lie under `snapshot/a/…` or `snapshot/b/…`; the entry
 * `snapshot` says which, and is written last, in one batch with the removal of what came before.
 */
interface Head {
  readonly version: number;
  readonly place: 'a' | 'b';
  /** What the terms were made with. */
  readonly analysis: string;
  /** Documents with lower sequence numbers are in it, but for those noted as gone. */
  readonly next: number;
  readonly rowCount: number;
  readonly termCount: number;
  readonly postingCount: number;
  readonly averageLength: number;
  /** In order: what each part is, and its checksum. */
  readonly parts: readonly (readonly [PartKind, number])[];
}

type PartKind = 'names' | 'rows' | 'lengths' | 'offsets' | 'maxima' | 'postings' | 'odd-counts';
/** Counts of a row that its postings do not hold. */
type OddRecord = readonly [row: number, counts: readonly (readonly [term: number, count: number])[]];

const version = 2;
const headKey = 'snapshot';
const partPrefix = (place: Head['place']): string => `snapshot/${place}/`;
const partKey = (place: Head['place'], index: number): string => partPrefix(place) + String(index).padStart(8, '0');
const itemsPerPart = 2048;
const bytesPerPart = 1 << 20;

const parse = <T>(bytes: Uint8Array): T => JSON.parse(Buffer.from(bytes).toString()) as T;
const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

const readHead = async (store: Store): Promise<Head | undefined> => {
  try {
    const bytes = await store.get(headKey);
    const head = bytes === undefined ? undefined : parse<Head>(bytes);
    return head?.version === version ? head : undefined;
  } catch {
    return undefined; // a damaged one is as good as none
  }
};

/** Whether there is one at all, fitting or not: what is deleted must be noted for it. */
export const hasSnapshot = async (store: Store): Promise<boolean> => {
  try {
    return (await store.get(headKey)) !== undefined;
  } catch {
    return true; // unreadable now; noting too much does no harm
  }
};

function* partsOf(postings: Postings): Generator<readonly [PartKind, Uint8Array], void, undefined> {
  const { names, documents, segments } = postings;
  const segment = segments[0];
  for (let from = 0; from < names.length; from += itemsPerPart) {
    yield ['names', bytesOf(names.slice(from, from + itemsPerPart))];
  }
  for (let from = 0; from < documents.length; from += itemsPerPart) {
    yield ['rows', bytesOf(documents.slice(from, from + itemsPerPart))];
  }
  const odd: OddRecord[] = [];
  for (const [row, counts] of postings.oddCounts) {
    odd.push([row, [...counts]]);
    if (odd.length === itemsPerPart) yield ['odd-counts', bytesOf(odd.splice(0))];
  }
  yield ['odd-counts', bytesOf(odd)];
  const arrays: readonly (readonly [PartKind, Int32Array | Uint32Array | Float32Array])[] = [
    ['lengths', postings.lengths.subarray(0, documents.length)],
    ['offsets', segment?.offsets ?? new Int32Array(1)],
    ['maxima', segment?.maxima ?? new Float32Array(0)],
    ['postings', segment?.packed ?? new Uint32Array(0)],
  ];
  for (const [kind, { buffer, byteOffset, byteLength }] of arrays) {
    for (let from = 0; from < byteLength; from += bytesPerPart) {
      yield [kind, new Uint8Array(buffer, byteOffset + from, Math.min(bytesPerPart, byteLength - from))];
    }
  }
}

/** Writes a snapshot of postings that were just compacted, beside the last one and then in its place. */
export const writeSnapshot = async (
  store: Store,
  postings: Postings,
  { analysis, next }: Pick<Head, 'analysis' | 'next'>,
): Promise<void> => {
  const before = await readHead(store);
  const place = before?.place === 'a' ? 'b' : 'a';
  const free = await keysBelow(store, partPrefix(place));
  await store.write(free.map((key) => ({ type: 'delete', key })));
  const parts: [PartKind, number][] = [];
  const isTimeUp = sliceTimer();
  for (const [kind, value] of partsOf(postings)) {
    await store.write([{ type: 'put', key: partKey(place, parts.length), value }]);
    parts.push([kind, crc32(value)]);
    if (isTimeUp()) await yieldToEventLoop();
  }
  const [segment] = postings.segments;
  const head: Head = {
    version,
    place,
    analysis,
    next,
    rowCount: postings.documents.length,
    termCount: postings.names.length,
    postingCount: segment?.packed.length ?? 0,
    averageLength: segment?.averageLength ?? 0,
    parts,
  };
  const old = [
    ...(await keysBelow(store, gonePrefix)),
    ...(before?.parts.map((_, index) => partKey(before.place, index)) ?? []),
  ];
  await store.write([
    { type: 'put', key: headKey, value: bytesOf(head) },
    ...old.map((key): StoreChange => ({ type: 'delete', key })),
  ]);
};

const keysBelow = async (store: Store, prefix: string): Promise<readonly string[]> => {
  const keys: string[] = [];
  for await (const [key] of store.range({ from: prefix, to: `${prefix.slice(0, -1)}0` })) keys.push(key);
  return keys;
};

export interface Restored {
  readonly postings: Postings;
  /** Documents from this sequence number on are not in it yet. */
  readonly next: number;
}

/** Reads the snapshot; undefined where there is none that fits. What was deleted since is taken out. */
export const readSnapshot = async (
  store: Store,
  saturation: Saturation,
  analysis: string,
): Promise<Restored | undefined> => {
  const head = await readHead(store);
  if (head === undefined || head.analysis !== analysis) return undefined;
  try {
    const postings = await readParts(store, head, saturation);
    await removeGone(store, postings);
    return { postings, next: head.next };
  } catch {
    return undefined; // derived state: the documents are all there, and are analysed again
  }
};

const readParts = async (store: Store, head: Head, saturation: Saturation): Promise<Postings> => {
  const postings = emptyPostings(saturation);
  const { rowCount, termCount, postingCount, averageLength, place } = head;
  const arrays = {
    lengths: new Float32Array(rowCount),
    offsets: new Int32Array(termCount + 1),
    maxima: new Float32Array(termCount),
    postings: new Uint32Array(postingCount),
  };
  const records: StoredDocument[] = [];
  const filled = new Map<PartKind, number>();
  const isTimeUp = sliceTimer();
  for (const [index, [kind, checksum]] of head.parts.entries()) {
    const bytes = await store.get(partKey(place, index));
    if (bytes === undefined || crc32(bytes) !== checksum) throw new Error('a part is missing or damaged');
    if (kind === 'names') for (const name of parse<readonly string[]>(bytes)) addName(postings, name);
    else if (kind === 'rows') for (const record of parse<readonly StoredDocument[]>(bytes)) records.push(record);
    else if (kind === 'odd-counts') {
      for (const [row, counts] of parse<readonly OddRecord[]>(bytes)) postings.oddCounts.set(row, new Map(counts));
    } else {
      const from = filled.get(kind) ?? 0;
      new Uint8Array(arrays[kind].buffer).set(bytes, from);
      filled.set(kind, from + bytes.byteLength);
    }
    if (isTimeUp()) await yieldToEventLoop();
  }
  for (const [row, kept] of records.entries()) {
    addRow(postings, kept, arrays.lengths[row] as number);
    if (isTimeUp()) await yieldToEventLoop();
  }
  const { offsets, maxima, postings: packed } = arrays;
  postings.documentFrequency = offsets.slice(1).map((end, term) => end - (offsets[term] as number));
  const terms = Int32Array.from(postings.names.keys());
  postings.segments = [{ terms, offsets, maxima, packed, averageLength }];
  return postings;
};

const addName = ({ names, terms }: Postings, name: string): void => {
  terms.set(name, names.push(name) - 1);
};

/** Takes out what was deleted since the snapshot. Its text is gone, so its terms are found by going through all postings. */
const removeGone = async (store: Store, postings: Postings): Promise<void> => {
  const gone = new Set<string>();
  for await (const [key] of store.range({ from: gonePrefix, to: 'gone0' })) gone.add(key);
  const [segment] = postings.segments;
  if (gone.size === 0 || segment === undefined) return;
  const isTimeUp = sliceTimer();
  for (const [row, kept] of postings.documents.entries()) {
    if (kept !== undefined && 'sequence' in kept && gone.has(goneKey(kept.sequence))) removeRow(postings, row);
    if (row % 1024 === 0 && isTimeUp()) await yieldToEventLoop();
  }
  for (let term = 0; term < segment.terms.length; term++) {
    const to = segment.offsets[term + 1] as number;
    let living = 0;
    for (let at = segment.offsets[term] as number; at < to; at++) {
      if (postings.documents[rowOf(segment.packed[at] as number)] !== undefined) living++;
    }
    postings.documentFrequency[term] = living;
    if (isTimeUp()) await yieldToEventLoop();
  }
};
