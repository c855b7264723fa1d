/** What one batch takes at most. */
export interface TextBatchLimits {
  readonly maxTexts: number;
  /** @default no limit */
  readonly maxWeight?: number;
  /** What a text weighs: its tokens, its bytes. @default its length */
  readonly weigh?: (text: string) => number;
}

/** Neighbouring texts that fit into one request, and the place of the first. */
export interface TextBatch {
  readonly start: number;
  readonly texts: readonly string[];
}

/**
 * The texts in order, in as few batches of neighbours as the limits allow; a text that is too heavy alone is in a batch alone.
 * @example [...textBatches(['a', 'b', 'c'], { maxTexts: 2 })].map(({ texts }) => texts.length) // => [2, 1]
 */
export function* textBatches(
  texts: readonly string[],
  { maxTexts, maxWeight = Number.POSITIVE_INFINITY, weigh = (text) => text.length }: TextBatchLimits,
): Generator<TextBatch, void, undefined> {
  let start = 0;
  let weight = 0;
  for (let end = 0; end < texts.length; end += 1) {
    const own = weigh(texts[end] ?? '');
    if (end > start && (end - start === maxTexts || weight + own > maxWeight)) {
      yield { start, texts: texts.slice(start, end) };
      start = end;
      weight = 0;
    }
    weight += own;
  }
  if (start < texts.length) yield { start, texts: texts.slice(start) };
}
