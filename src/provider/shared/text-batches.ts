import { type TextBatch, textBatches } from '../../model/index.js';

/** What one request takes at most. */
export interface BatchLimits {
  readonly maxTexts: number;
  /** A token is at least one byte, so a limit of tokens is kept by as many bytes. @default no limit */
  readonly maxBytes?: number;
  /** Bytes that come with every text beside its own. @default 0 */
  readonly extraBytes?: number;
}

/** The texts in order, in as few requests as the limits allow; a text that is too large alone is sent alone. */
export const requestBatches = (
  texts: readonly string[],
  { maxTexts, maxBytes = Number.POSITIVE_INFINITY, extraBytes = 0 }: BatchLimits,
): Iterable<TextBatch> =>
  textBatches(texts, { maxTexts, maxWeight: maxBytes, weigh: (text) => Buffer.byteLength(text) + extraBytes });

/** @returns the place of the first item that is no text, for callers without types; -1 when all are */
export const firstNonText = (texts: readonly unknown[]): number => texts.findIndex((text) => typeof text !== 'string');

/** APIs refuse empty texts; a space says as little. */
export const notEmpty = (text: string): string => (text === '' ? ' ' : text);
