import {
  checkDocument,
  type Document,
  PipewrightError,
  sliceTimer,
  type VectorEntry,
  yieldToEventLoop,
} from '../core/index.js';

/** Copies what the index keeps of an entry, so that later changes to the caller's object do not reach it. */
const documentOf = (entry: VectorEntry, position: number): Document => {
  checkDocument(entry, position);
  const { id, text, title, source, place, metadata } = entry;
  // An object that is put together with spreads takes half as much memory again.
  if ((title ?? source ?? place ?? metadata) === undefined) return { id, text };
  return {
    id,
    text,
    ...(title === undefined ? {} : { title }),
    ...(source === undefined ? {} : { source }),
    ...(place === undefined ? {} : { place: { ...place } }),
    ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
  };
};

/**
 * The documents of one call by id; of equal ids the last one stays.
 * @throws {PipewrightError} `bad-input` for an entry that is no document; `duplicate-id` where `isTaken` says so.
 */
export const documentsOf = async (
  entries: readonly VectorEntry[],
  isTaken: (id: string, before: ReadonlyMap<string, Document>) => boolean,
): Promise<ReadonlyMap<string, Document>> => {
  const isTimeUp = sliceTimer();
  const documents = new Map<string, Document>();
  for (const [at, entry] of entries.entries()) {
    const document = documentOf(entry, at);
    if (isTaken(document.id, documents)) {
      throw new PipewrightError(
        'duplicate-id',
        `There is already a document \`${document.id}\`; nothing of this call was added. Use \`upsert\` to replace it.`,
      );
    }
    documents.set(document.id, document);
    if (isTimeUp()) await yieldToEventLoop();
  }
  return documents;
};
