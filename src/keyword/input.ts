import {
  type Document,
  type Metadata,
  PipewrightError,
  sliceTimer,
  type VectorEntry,
  yieldToEventLoop,
} from '../core/index.js';

const isPlain = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));

const checkMetadata = (id: string, metadata: Metadata): void => {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw new PipewrightError('bad-input', `The metadata of \`${id}\` must be a plain object.`);
  }
  for (const [field, value] of Object.entries(metadata)) {
    if (value === null || isPlain(value) || (Array.isArray(value) && value.every(isPlain))) continue;
    throw new PipewrightError(
      'bad-input',
      `The metadata field \`${field}\` of \`${id}\` must be a string, a finite number, a boolean, null, or a list of these.`,
    );
  }
};

/** Copies what the index keeps of an entry, so that later changes to the caller's object do not reach it. */
const documentOf = (entry: VectorEntry, at: number): Document => {
  const { id, text, title, source, place, metadata } = entry ?? {};
  if (typeof id !== 'string' || id === '') {
    throw new PipewrightError('bad-input', `Document ${at} of the call needs an \`id\`: a string that is not empty.`);
  }
  if (typeof text !== 'string' || (title !== undefined && typeof title !== 'string')) {
    throw new PipewrightError('bad-input', `The \`text\` and \`title\` of document \`${id}\` must be strings.`);
  }
  if (metadata !== undefined) checkMetadata(id, metadata);
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
