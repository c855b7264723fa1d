import { createHash } from 'node:crypto';
import type { Document, DocumentStore, Run } from '../core/index.js';
import { splitDocument, type DocumentSplitterOptions } from '../document/index.js';
import { estimateTokens } from '../model/index.js';
import type { Manifest, SourceRecord } from './library-manifest.js';

/** The two indexes of a library and the list of what is in them. */
export interface LibraryParts {
  readonly manifest: Manifest;
  readonly indexes: readonly DocumentStore[];
  readonly split: DocumentSplitterOptions;
}

/** A file as a loader gave it. */
export interface LoadedSource {
  readonly source: string;
  readonly root?: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly documents: readonly Document[];
}

/** What a file became, ready to be written. */
export interface PreparedSource {
  readonly record: SourceRecord;
  readonly pieces: readonly Document[];
}

/** How passages are made, as text; when it changes, all files are cut anew. */
export const settingsOf = ({ split }: LibraryParts): string => JSON.stringify([1, split.maxChars, split.overlapChars]);

const hashOf = (settings: string, documents: readonly Document[]): string => {
  const hash = createHash('sha256').update(settings);
  for (const document of documents) hash.update(JSON.stringify(document));
  return hash.digest('hex');
};

/** The end of a path that tells what a file is of: `openai/README.md`, `@anthropic-ai/sdk/README.md`. */
const tellingPath = (source: string): string => {
  const names = source.split(/[\\/]/);
  return names.slice(names.at(-3)?.startsWith('@') ? -3 : -2).join('/');
};

/** The title with that before it: people ask for things by the name of a package or chapter, which often stands in the path only. */
const titleWithPath = (source: string, title: string | undefined): string =>
  title === undefined || title === '' ? tellingPath(source) : `${tellingPath(source)}: ${title}`;

/**
 * Cuts the documents of a file into passages. Their ids carry a hash of the content, so that two versions of a file never
 * share one and can stand side by side until the change is committed.
 */
export const prepareSource = async (parts: LibraryParts, loaded: LoadedSource, run: Run): Promise<PreparedSource> => {
  const { documents, ...facts } = loaded;
  const settings = settingsOf(parts);
  const hash = hashOf(settings, documents);
  const versioned = documents.map((document) => ({
    ...document,
    id: `${document.id}@${hash.slice(0, 12)}`,
    title: titleWithPath(facts.source, document.title),
  }));
  const pieces = await splitDocument(versioned, parts.split, run);
  const tokens = pieces.reduce((sum, piece) => sum + estimateTokens(piece.text), 0);
  const ids = pieces.map((piece) => piece.id);
  return { record: { ...facts, hash, settings, ids, documents: documents.length, tokens }, pieces };
};

/** Passages are written in batches of about so many: a durable write takes long, and a very large one holds the event loop. */
export const batchPieces = 512;

const deleteFrom = async (indexes: readonly DocumentStore[], ids: readonly string[]): Promise<void> => {
  if (ids.length > 0) await Promise.all(indexes.map((index) => index.delete(ids)));
};

/** Takes out what a crash left half done. */
export const recover = async ({ manifest, indexes }: LibraryParts): Promise<void> => {
  const ids = manifest.unfinished();
  if (ids.length === 0) return;
  await deleteFrom(indexes, ids);
  await manifest.end();
};

/**
 * Writes new versions of files and takes out files that are gone. The order makes it safe to stop anywhere: announce, write
 * the new passages beside the old, commit, delete the old. Until the commit the old version is what counts.
 */
export const writeSources = async (
  { manifest, indexes }: LibraryParts,
  sources: readonly PreparedSource[],
  gone: readonly string[],
  run: Run,
): Promise<void> => {
  const records = sources.map(({ record }) => record);
  const kept = new Set(records.flatMap(({ ids }) => ids));
  const replaced = [...records.map(({ source }) => source), ...gone];
  const obsolete = replaced.flatMap((source) => manifest.get(source)?.ids ?? []).filter((id) => !kept.has(id));
  const pieces = sources.flatMap((source) => source.pieces);
  await manifest.begin([...kept]);
  try {
    for (let at = 0; at < pieces.length; at += batchPieces) {
      run.throwIfAborted();
      const batch = pieces.slice(at, at + batchPieces);
      await Promise.all(indexes.map((index) => index.upsert(batch, run)));
    }
  } catch (error) {
    // An index may have written its part: take that out again, as after a crash.
    await deleteFrom(indexes, manifest.unfinished());
    await manifest.end();
    throw error;
  }
  await manifest.commit(records, gone, obsolete);
  await deleteFrom(indexes, obsolete);
  await manifest.end();
};
