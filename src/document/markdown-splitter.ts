import { linesOf } from './lines.js';
import { type MarkdownBlock, markdownBlocks } from './markdown-blocks.js';
import { recursiveSpans, textSeparators } from './recursive-splitter.js';
import { checkSizes, trimEnd, trimmedLines } from './span.js';
import { defineSplitter, type PieceSpan, type Splitter } from './splitter.js';

export interface MarkdownSplitterOptions {
  /** Longest piece, in UTF-16 code units; at least 2. @default 1000 */
  readonly maxChars?: number;
}

/**
 * Cuts Markdown by its headings, and a section that is too long between its blocks. A fenced code block or table that fits into a
 * piece is never cut, a longer one between lines; a heading stays with what follows it. `place.headings` is the path of headings
 * that a piece stands under, its own included. Pieces do not overlap.
 * @throws {PipewrightError} `bad-option` for a size below 2.
 * @example (await markdownSplitter()({ id: 'a', text: '# One\nyes\n# Two\nno' })).map((piece) => piece.text) // => ['# One\nyes', '# Two\nno']
 */
export const markdownSplitter = ({ maxChars = 1_000 }: MarkdownSplitterOptions = {}): Splitter => {
  checkSizes({ name: 'maxChars', value: maxChars, min: 2 }, { name: 'overlapChars', value: 0 });
  return defineSplitter('markdown', ({ text }) => markdownSpans(text, maxChars));
};

interface OpenPiece {
  readonly start: number;
  readonly end: number;
  /** Whether it holds more than headings. */
  readonly hasBody: boolean;
}

interface PathEntry {
  readonly level: number;
  readonly heading: string;
}

function* markdownSpans(text: string, maxChars: number): Generator<PieceSpan, void, undefined> {
  let path: readonly PathEntry[] = [];
  let open: OpenPiece | undefined;
  const close = (piece: OpenPiece | undefined): PieceSpan[] =>
    piece === undefined
      ? []
      : [{ ...trimmedLines(text, piece.start, piece.end), headings: path.map((entry) => entry.heading) }];

  for (const block of markdownBlocks(text)) {
    const isHeading = block.kind === 'heading';
    const start = open?.start ?? block.start;
    const fits = trimEnd(text, block.start, block.end) - start <= maxChars;
    if (open !== undefined && ((isHeading && open.hasBody) || (!fits && mustClose(text, open, block, maxChars)))) {
      yield* close(open);
      open = undefined;
    }
    if (isHeading) path = [...path.filter((entry) => entry.level < block.level), block];
    const parts = partsOf(text, block, open?.start ?? block.start, maxChars);
    open = undefined;
    for (const part of parts) {
      yield* close(open);
      open = { ...part, hasBody: !isHeading };
    }
  }
  yield* close(open);
}

/** Whether what is open must end before a block that does not fit behind it: a text may be cut to stay with its heading. */
const mustClose = (text: string, open: OpenPiece, block: MarkdownBlock, maxChars: number): boolean => {
  if (open.hasBody || block.kind === 'heading') return true;
  return block.kind !== 'text' && trimEnd(text, block.start, block.end) - block.start <= maxChars;
};

/** The block, with what is open before it from `start` on, in parts that fit. */
function* partsOf(
  text: string,
  block: MarkdownBlock,
  start: number,
  maxChars: number,
): Generator<PieceSpan, void, undefined> {
  const bareEnd = trimEnd(text, block.start, block.end);
  const range = { start, covered: block.start, end: bareEnd };
  if (bareEnd - start <= maxChars) yield { start, end: bareEnd };
  else if (block.kind === 'code' || block.kind === 'table') yield* lineParts(text, range, maxChars);
  else yield* recursiveSpans(text, { maxChars, overlapChars: 0, separators: textSeparators }, range);
}

/** As many whole lines in a part as fit; a line that is too long alone is cut at its words. */
function* lineParts(
  text: string,
  range: { readonly start: number; readonly covered: number; readonly end: number },
  maxChars: number,
): Generator<PieceSpan, void, undefined> {
  let { start } = range;
  let end = range.covered;
  for (const line of linesOf(text, range.covered, range.end)) {
    const lineEnd = trimEnd(text, line.start, line.end);
    if (lineEnd - start > maxChars && end > range.covered && end > start) {
      yield { start, end };
      start = line.start;
    }
    if (lineEnd - start <= maxChars) end = line.end;
    else {
      const sizes = { maxChars, overlapChars: 0, separators: textSeparators };
      yield* recursiveSpans(text, sizes, { start, covered: line.start, end: lineEnd });
      start = line.end;
      end = line.end;
    }
  }
  if (end > start) yield { start, end: Math.min(end, range.end) };
}
