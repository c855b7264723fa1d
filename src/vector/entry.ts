import { type Document, isPipewrightError, type Metadata, PipewrightError } from '../core/index.js';

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
