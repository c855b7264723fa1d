import { PipewrightError } from '../core/index.js';

export interface DecodedText {
  readonly text: string;
  readonly notices: readonly string[];
}

const hasPrefix = (bytes: Uint8Array, prefix: readonly number[]): boolean =>
  prefix.every((byte, index) => bytes[index] === byte);

const markedCharset = (bytes: Uint8Array): string | undefined => {
  if (hasPrefix(bytes, [0xef, 0xbb, 0xbf])) return 'utf-8';
  if (hasPrefix(bytes, [0xff, 0xfe])) return 'utf-16le';
  if (hasPrefix(bytes, [0xfe, 0xff])) return 'utf-16be';
  return undefined;
};

const sniffedBytes = 8_192;

/** Whether the bytes cannot be text: a zero byte near the beginning, in no encoding that has them. */
export const isBinary = (bytes: Uint8Array): boolean => {
  const charset = markedCharset(bytes);
  return (charset === undefined || charset === 'utf-8') && bytes.subarray(0, sniffedBytes).includes(0);
};

const decoderOf = (charset: string): TextDecoder | undefined => {
  try {
    return new TextDecoder(charset, { fatal: true });
  } catch {
    return undefined; // The name of the character set is unknown: the caller falls back and says so.
  }
};

const tryDecode = (bytes: Uint8Array, charset: string): string | undefined => {
  try {
    return decoderOf(charset)?.decode(bytes);
  } catch {
    return undefined; // The bytes are not in this character set.
  }
};

/**
 * The text of a file, letter by letter, without a byte order mark. The mark decides on the character set, else `charset`, else
 * UTF-8; what fits none of them is read as Windows-1252, with a notice.
 * @throws {PipewrightError} `document-unsupported` when the bytes are no text.
 */
export const decodeText = (bytes: Uint8Array, source: string, charset?: string): DecodedText => {
  if (isBinary(bytes)) {
    throw new PipewrightError(
      'document-unsupported',
      `${source} holds binary data, not text. Name its format by extension or media type, or pass a loader for it in \`loaders\`.`,
      { details: { where: source } },
    );
  }
  for (const candidate of [markedCharset(bytes), charset, 'utf-8']) {
    const text = candidate === undefined ? undefined : tryDecode(bytes, candidate);
    if (text !== undefined) return { text, notices: [] };
  }
  const wanted = charset === undefined ? 'UTF-8' : `${charset} or UTF-8`;
  const notice = `${source} is not valid ${wanted}; it was read as Windows-1252.`;
  return { text: new TextDecoder('windows-1252').decode(bytes), notices: [notice] };
};

/** `\r\n` as `\n`, for text that is derived from a file rather than quoted from it. */
export const normalizeNewlines = (text: string): string => text.replaceAll('\r\n', '\n');
