/** What one request takes at most. */
export interface BatchLimits {
  readonly maxTexts: number;
  /** A token is at least one byte, so a limit of tokens is kept by as many bytes. @default no limit */
  readonly maxBytes?: number;
  /** Bytes that come with every text beside its own. @default 0 */
  readonly extraBytes?: number;
}

/** Neighbouring texts that fit into one request, and the place of the first. */
export interface TextBatch {
  readonly start: number;
  readonly texts: readonly string[];
}

/** The texts in order, in as few batches as the limits allow; a text that is too large alone is sent alone. */
export function* textBatches(
  texts: readonly string[],
  { maxTexts, maxBytes = Number.POSITIVE_INFINITY, extraBytes = 0 }: BatchLimits,
): Generator<TextBatch, void, undefined> {
  let start = 0;
  let bytes = 0;
  for (let end = 0; end < texts.length; end += 1) {
    const textBytes = Buffer.byteLength(texts[end] ?? '') + extraBytes;
    if (end > start && (end - start === maxTexts || bytes + textBytes > maxBytes)) {
      yield { start, texts: texts.slice(start, end) };
      start = end;
      bytes = 0;
    }
    bytes += textBytes;
  }
  if (start < texts.length) yield { start, texts: texts.slice(start) };
}

/** @returns the place of the first item that is no text, for callers without types; -1 when all are */
export const firstNonText = (texts: readonly unknown[]): number => texts.findIndex((text) => typeof text !== 'string');

/** APIs refuse empty texts; a space says as little. */
export const notEmpty = (text: string): string => (text === '' ? ' ' : text);
