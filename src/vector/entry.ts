import { type Document, isPipewrightError, type Metadata, PipewrightError, type VectorEntry } from '../core/index.js';

const isPlain = (value: unknown): boolean =>
  value === null ||
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  (typeof value === 'number' && Number.isFinite(value));

const checkMetadata = (id: string, metadata: Metadata): void => {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw new PipewrightError('bad-input', `The metadata of \`${id}\` must be a plain object.`);
  }
  for (const [field, value] of Object.entries(metadata)) {
    if (isPlain(value) || (Array.isArray(value) && value.every((member) => member !== null && isPlain(member))))
      continue;
    throw new PipewrightError(
      'bad-input',
      `The metadata field \`${field}\` of \`${id}\` must be a string, a finite number, a boolean, null, or a list of these.`,
    );
  }
};

/** Throws `bad-input` unless id, text and metadata are what they must be. */
export const checkDocument = (entry: VectorEntry, position: number): void => {
  if (typeof entry !== 'object' || entry === null || typeof entry.id !== 'string' || entry.id === '') {
    throw new PipewrightError(
      'bad-input',
      `The entry at position ${position} needs an \`id\`: a text that is not empty.`,
    );
  }
  if (typeof entry.text !== 'string') {
    throw new PipewrightError('bad-input', `The entry \`${entry.id}\` needs a \`text\`, got ${typeof entry.text}.`);
  }
  if (entry.metadata !== undefined) checkMetadata(entry.id, entry.metadata);
};

/** The bytes of a document: JSON of its known fields, each written by name. */
export const encodeDocument = ({ id, text, title, source, place, metadata }: Document): Uint8Array =>
  Buffer.from(JSON.stringify({ id, text, title, source, place, metadata }));

/** A copy that the caller cannot change. */
export const copyMetadata = (metadata: Metadata | undefined): Metadata | undefined =>
  metadata === undefined ? undefined : (JSON.parse(JSON.stringify(metadata)) as Metadata);

/** The document in these bytes. `JSON.parse` makes plain data of any key, `__proto__` too. */
export const decodeDocument = (bytes: Uint8Array, where: string): Document => {
  try {
    const { buffer, byteOffset, byteLength } = bytes;
    const value = JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString()) as Document;
    if (typeof value.id === 'string' && typeof value.text === 'string') return value;
    throw new PipewrightError('store-damaged', `A document in ${where} has no id or text.`, { details: { where } });
  } catch (cause) {
    if (isPipewrightError(cause)) throw cause;
    throw new PipewrightError('store-damaged', `A document in ${where} cannot be read.`, { cause, details: { where } });
  }
};
