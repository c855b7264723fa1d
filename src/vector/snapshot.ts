import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Metadata, PipewrightError, randomId, sliceTimer, systemRandom, yieldToEventLoop } from '../core/index.js';
import { createKernel, type VectorKernel } from './kernel/index.js';
import type { Meta, Records, SnapshotPoint } from './records.js';
import { eachInSlices } from './slices.js';
import { type FrameReader, type FrameWriter, readFrames, writeFrames } from './snapshot-file.js';
import { createTable, type Table } from './table.js';
import { kernelOptions, type SpaceSettings } from './vector-space.js';

// A snapshot is what makes opening fast: ids, metadata, vectors and the graph in one file that is read from its beginning to its
// end. The store is the truth; its head names the one snapshot that belongs to it and tells what changed since. Frames: the
// header, rows until an empty frame, vectors until an empty frame, the graph until an empty frame. Vectors follow each other as
// they lie in memory, so that they lie so again.

/** What a snapshot must agree with, as JSON in the first frame. */
interface Header extends SpaceSettings {
  readonly version: number;
  readonly collection: string;
  readonly name: string;
}

/** A row of the snapshot. One with its number alone was deleted, and is in the graph still. */
type SavedRow = readonly [row: number, key: number, id: string, metadata?: Metadata] | readonly [row: number];

const formatVersion = 2;
const extension = '.vectors';
const rowsPerFrame = 1_000;
const vectorFrameBytes = 524_288;
/** Where so many rows stand for each entry that is left, reading the store anew gives the memory back. */
const maxSpread = 4;

const headerOf = (settings: SpaceSettings, collection: string, name: string): Header => {
  const { dimensions, metric, m, efConstruction, precision, keepsOriginals } = settings;
  return { version: formatVersion, collection, name, dimensions, metric, m, efConstruction, precision, keepsOriginals };
};

const fileOf = (folder: string, name: string): string => join(folder, name + extension);

/** Deletes the snapshots of the folder except the one that is named. */
export const removeOthers = async (folder: string, kept: string | undefined): Promise<void> => {
  const names = await readdir(folder).catch((): string[] => []);
  for (const file of names) {
    if (file.endsWith(extension) && file !== `${kept}${extension}`) await rm(join(folder, file), { force: true });
  }
};

/** The parts of a collection that a snapshot shows. */
export interface SnapshotParts {
  readonly folder: string;
  readonly settings: SpaceSettings;
  readonly records: Records;
}

const frameOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const emptyFrame = new Uint8Array(0);

/** Writes the rows that have an entry older than the snapshot, and those that only the graph holds. Tells which. */
const writeRows = async (
  writer: FrameWriter,
  records: Records,
  table: Table,
  kernel: VectorKernel,
  nextKey: number,
): Promise<Uint8Array> => {
  const isWritten = new Uint8Array(kernel.length);
  let frame: SavedRow[] = [];
  const put = async (row: SavedRow): Promise<void> => {
    isWritten[row[0]] = 1;
    if (frame.push(row) < rowsPerFrame) return;
    await writer.write(frameOf(frame));
    frame = [];
  };
  const isTimeUp = sliceTimer();
  // The texts pass by as well: metadata is nowhere else. Entries that are added meanwhile have larger keys.
  for await (const [key, { id, metadata }] of records.documents(0)) {
    if (key >= nextKey) break;
    const row = table.rowOf(id);
    if (row !== undefined && table.keyOf(row) === key) {
      await put(metadata === undefined ? [row, key, id] : [row, key, id, metadata]);
    }
    if (isTimeUp()) await yieldToEventLoop();
  }
  for (let row = 0; row < isWritten.length; row++) {
    if (isWritten[row] === 0 && kernel.isLinked(row)) await put([row]);
    if (isTimeUp()) await yieldToEventLoop();
  }
  if (frame.length > 0) await writer.write(frameOf(frame));
  await writer.write(emptyFrame);
  return isWritten;
};

/** Each frame holds numbers of rows, then their vectors. */
const writeVectors = async (writer: FrameWriter, kernel: VectorKernel, isWritten: Uint8Array): Promise<void> => {
  const { dimensions } = kernel.options;
  const perFrame = Math.max(1, Math.floor(vectorFrameBytes / (dimensions * Float32Array.BYTES_PER_ELEMENT)));
  const isTimeUp = sliceTimer();
  let part: number[] = [];
  const flush = async (): Promise<void> => {
    const frame = new Float32Array(part.length * (1 + dimensions));
    new Uint32Array(frame.buffer).set(part);
    for (const [i, row] of part.entries()) {
      // One that was freed meanwhile stays empty: the store tells that its entry is gone.
      if (kernel.isLive(row) || kernel.isLinked(row)) frame.set(kernel.get(row), part.length + i * dimensions);
    }
    part = [];
    await writer.write(new Uint8Array(frame.buffer));
  };
  for (const row of kernel.rowsInOrder()) {
    if (isWritten[row] === 1 && part.push(row) === perFrame) await flush();
    if (isTimeUp()) await yieldToEventLoop();
  }
  if (part.length > 0) await flush();
  await writer.write(emptyFrame);
};

/**
 * Writes a snapshot of what the collection is at this moment, beside the one that counts. Writes may go on; only the graph may
 * not change. The snapshot counts once the head of the store names it.
 */
export const writeSnapshot = async (
  { folder, settings, records }: SnapshotParts,
  { id, nextKey, nextDeletion }: Meta,
  table: Table,
  kernel: VectorKernel,
): Promise<SnapshotPoint> => {
  const point: SnapshotPoint = { name: randomId(systemRandom), nextKey, nextDeletion };
  await mkdir(folder, { recursive: true });
  await writeFrames(fileOf(folder, point.name), async (writer) => {
    await writer.write(frameOf(headerOf(settings, id, point.name)));
    const isWritten = await writeRows(writer, records, table, kernel, nextKey);
    await writeVectors(writer, kernel, isWritten);
    for (const piece of kernel.exportGraph()) {
      await writer.write(piece);
      await yieldToEventLoop();
    }
    await writer.write(emptyFrame);
  });
  return point;
};

/** What a snapshot holds, brought up to date with what was deleted since. */
export interface Restored {
  readonly table: Table;
  readonly kernel: VectorKernel;
  /** Rows that are in no graph. */
  readonly pending: readonly number[];
}

const nextRows = async (reader: FrameReader): Promise<readonly SavedRow[]> => {
  const frame = await reader.next();
  return frame.byteLength === 0 ? [] : (JSON.parse(Buffer.from(frame.buffer).toString()) as readonly SavedRow[]);
};

/** Fills the table; returns all rows in their order, and those that are dead. */
const readRows = async (
  reader: FrameReader,
  table: Table,
  deleted: ReadonlySet<number>,
): Promise<{ readonly rows: readonly number[]; readonly dead: readonly number[] }> => {
  const rows: number[] = [];
  const dead: number[] = [];
  const isTimeUp = sliceTimer();
  for (let frame = await nextRows(reader); frame.length > 0; frame = await nextRows(reader)) {
    for (const [row, key, id, metadata] of frame) {
      rows.push(row);
      if (key === undefined || id === undefined || deleted.has(key)) dead.push(row);
      else table.restore(row, { id, key, metadata });
    }
    if (isTimeUp()) await yieldToEventLoop();
  }
  return { rows, dead };
};

const readVectors = async (reader: FrameReader, kernel: VectorKernel, count: number): Promise<void> => {
  const { dimensions } = kernel.options;
  const isTimeUp = sliceTimer();
  let read = 0;
  for (let frame = await reader.next(); frame.byteLength > 0; frame = await reader.next()) {
    const words = new Float32Array(frame.buffer as ArrayBuffer);
    const rows = new Uint32Array(words.buffer, 0, words.length / (1 + dimensions));
    for (const [i, row] of rows.entries()) {
      const at = rows.length + i * dimensions;
      kernel.set(row, words.subarray(at, at + dimensions));
    }
    read += rows.length;
    if (isTimeUp()) await yieldToEventLoop();
  }
  if (read !== count) throw new PipewrightError('store-damaged', 'The snapshot lacks vectors.');
};

/** In the pieces in which it was written: copied together, a large one would hold the event loop. */
const readGraph = async (reader: FrameReader): Promise<readonly Uint8Array[]> => {
  const pieces: Uint8Array[] = [];
  for (let frame = await reader.next(); frame.byteLength > 0; frame = await reader.next()) pieces.push(frame);
  return pieces;
};

/** Lets rows without an entry be used again that the graph does not need. Returns the live ones that are not in it. */
const sortOut = async (table: Table, kernel: VectorKernel, rows: readonly number[]): Promise<readonly number[]> => {
  const pending: number[] = [];
  await eachInSlices(rows, (row) => {
    if (kernel.isLive(row) && !kernel.isLinked(row)) pending.push(row);
  });
  const isTimeUp = sliceTimer();
  for (let row = 0; row < table.length; row++) {
    if (table.keyOf(row) === -1 && !kernel.isLinked(row)) table.release(row);
    if (isTimeUp()) await yieldToEventLoop();
  }
  return pending;
};

const readSnapshot = async (
  reader: FrameReader,
  header: Header,
  kernel: VectorKernel,
  deleted: ReadonlySet<number>,
): Promise<Restored | undefined> => {
  // Written by the same code for the same settings, so the same text.
  if (!Buffer.from(frameOf(header)).equals(await reader.next())) return undefined;
  const table = createTable();
  const { rows, dead } = await readRows(reader, table, deleted);
  await readVectors(reader, kernel, rows.length);
  const graph = await readGraph(reader);
  await reader.finish();
  if (kernel.length > maxSpread * (rows.length - dead.length) + rowsPerFrame) return undefined;
  if (graph.length > 0) await kernel.importGraph(graph);
  await eachInSlices(dead, (row) => void kernel.remove(row));
  table.grow(kernel.length);
  return { table, kernel, pending: await sortOut(table, kernel, rows) };
};

/**
 * Reads the snapshot that the head of the store names. Undefined where there is none, or where it is damaged, missing, or made
 * with other settings: then everything is read from the store.
 */
export const loadSnapshot = async (
  { folder, settings, records }: SnapshotParts,
  { id, snapshot }: Meta,
): Promise<Restored | undefined> => {
  if (snapshot === undefined) return undefined;
  const deleted = await records.deletedSince(snapshot);
  const kernel = createKernel(kernelOptions(settings));
  let restored: Restored | undefined;
  try {
    restored = await readFrames(fileOf(folder, snapshot.name), (reader) =>
      readSnapshot(reader, headerOf(settings, id, snapshot.name), kernel, deleted),
    );
  } catch {
    // No snapshot is as good as a damaged one: both are made anew.
  }
  if (restored === undefined) kernel.dispose();
  return restored;
};
