import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { sliceTimer, yieldToEventLoop } from '../core/index.js';
import { type Graph, type GraphSettings, type Labels, readGraph } from './graph.js';
import type { Hnswlib } from './hnswlib.js';
import type { Table } from './table.js';

/**
 * What stands in `graph.meta`, as a line of JSON: which file holds the graph, and what must hold for it to be read. Behind it
 * stand the keys of the entries by label, as 64-bit floats.
 */
interface Header extends GraphSettings {
  readonly version: number;
  /** Id of the collection. */
  readonly collection: string;
  /** The collection's next key when the graph was written. A collection that is behind was restored from a backup. */
  readonly nextKey: number;
  readonly file: string;
  readonly fileBytes: number;
  readonly fileCrc32: number;
  readonly keysCrc32: number;
}

/** What a graph file must agree with. */
export interface GraphIdentity {
  readonly collection: string;
  readonly nextKey: number;
  readonly settings: GraphSettings;
}

const formatVersion = 1;
const metaFile = 'graph.meta';
// The graph is written beside the last good one, into the name that is free.
const graphFiles = ['graph-a.hnsw', 'graph-b.hnsw'] as const;

const checksumOf = async (path: string): Promise<number> => {
  let sum = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) sum = crc32(chunk as Buffer, sum);
  return sum;
};

const sync = async (path: string): Promise<void> => {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
};

const readMeta = async (
  folder: string,
): Promise<{ readonly header: Header; readonly keys: Float64Array } | undefined> => {
  const bytes = await readFile(join(folder, metaFile)).catch(() => undefined);
  const end = bytes?.indexOf('\n') ?? -1;
  if (bytes === undefined || end < 0) return undefined;
  try {
    const header = JSON.parse(bytes.toString('utf8', 0, end)) as Header;
    const keys = new Float64Array(new Uint8Array(bytes.subarray(end + 1)).buffer);
    return { header, keys };
  } catch {
    return undefined; // no graph is as good as a damaged one: both are built anew
  }
};

const isWhole = async (folder: string, header: Header, keys: Float64Array): Promise<boolean> => {
  if (!graphFiles.some((name) => name === header.file)) return false;
  const path = join(folder, header.file);
  if (crc32(new Uint8Array(keys.buffer)) !== header.keysCrc32) return false;
  if ((await stat(path)).size !== header.fileBytes) return false;
  return (await checksumOf(path)) === header.fileCrc32;
};

const fits = (header: Header, { collection, nextKey, settings }: GraphIdentity): boolean =>
  header.version === formatVersion &&
  header.collection === collection &&
  header.nextKey <= nextKey &&
  header.m === settings.m &&
  header.efConstruction === settings.efConstruction &&
  header.dimensions === settings.dimensions &&
  header.metric === settings.metric;

const labelsOf = async (keys: Float64Array, table: Table): Promise<Labels> => {
  const rowOfKey = new Map<number, number>();
  const isTimeUp = sliceTimer();
  for (let row = 0; row < table.length; row++) {
    const key = table.at(row)?.key;
    if (key !== undefined) rowOfKey.set(key, row);
    if (row % 1_024 === 0 && isTimeUp()) await yieldToEventLoop();
  }
  const rowOfLabel: number[] = [];
  const gone: number[] = [];
  for (const [label, key] of keys.entries()) {
    const row = rowOfKey.get(key) ?? -1;
    rowOfLabel.push(row);
    if (row === -1 && key !== -1) gone.push(label);
    if (label % 1_024 === 0 && isTimeUp()) await yieldToEventLoop();
  }
  return { rowOfLabel, gone };
};

/**
 * Reads the graph that was saved in the folder. Undefined where there is none, or one that is damaged, of another collection,
 * other settings or a later state: the library would open such a file without a word.
 */
export const loadGraph = async (
  hnswlib: Hnswlib,
  folder: string,
  table: Table,
  identity: GraphIdentity,
): Promise<Graph | undefined> => {
  const meta = await readMeta(folder);
  if (meta === undefined) return undefined;
  const { header, keys } = meta;
  try {
    if (fits(header, identity) && (await isWhole(folder, header, keys))) {
      const labels = await labelsOf(keys, table);
      const graph = await readGraph(hnswlib, join(folder, header.file), table, labels, identity.settings);
      if (graph !== undefined) return graph;
    }
  } catch {
    // A file is missing, or the library refused it: the graph is built anew.
  }
  // Gone for good: the collection may grow until a stale file seems to fit.
  await rm(join(folder, metaFile), { force: true });
  return undefined;
};

/** Saves the graph: a crash at any moment leaves the old one or the new one. */
export const saveGraph = async (graph: Graph, folder: string, identity: GraphIdentity): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const last = (await readMeta(folder))?.header.file;
  const [name, other] = last === graphFiles[0] ? [graphFiles[1], graphFiles[0]] : graphFiles;
  const path = join(folder, name);
  const keys = Float64Array.from(await graph.write(path));
  // The library tells of no failure, so look at what it left.
  await sync(path);
  const header: Header = {
    version: formatVersion,
    collection: identity.collection,
    nextKey: identity.nextKey,
    ...identity.settings,
    file: name,
    fileBytes: (await stat(path)).size,
    fileCrc32: await checksumOf(path),
    keysCrc32: crc32(new Uint8Array(keys.buffer)),
  };
  const draft = join(folder, `${metaFile}.draft`);
  const file = await open(draft, 'w');
  try {
    await file.writeFile(Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), new Uint8Array(keys.buffer)]));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, join(folder, metaFile));
  await sync(folder);
  await rm(join(folder, other), { force: true });
};
