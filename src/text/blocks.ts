/** A stretch of a text; `text.slice(start, end)` is it. Offsets are UTF-16 code units. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

/** A stretch in which sentences are looked for, or one that is taken whole. */
export interface TextBlock extends TextSpan {
  readonly isWhole: boolean;
}

const fence = /^\s{0,3}(?:`{3,}|~{3,})/u;
/** Rules, underlines of headings, and the line below the head of a table: marks without words. */
const rule = /^[-=*_~+|:\s]+$/u;
const heading = /^\s{0,3}#{1,6}\s/u;
const tableRow = /^\s*\|/u;
const listItem = /^\s*(?:[-*+•]|\d{1,3}[.)])\s/u;
/** What stands before the words of a heading, a list item or a quotation. */
const marker = /^\s*(?:>\s?)*\s*(?:#{1,6}\s+|(?:[-*+•]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?)?/u;

/**
 * The stretches inside which sentences are looked for: paragraphs of plain text, and in Markdown each heading, list item, table
 * row and (whole) line of fenced code. Their leading marks are left out.
 */
export function* textBlocks(text: string): Generator<TextBlock, void, undefined> {
  let start = -1;
  let end = 0;
  let fenceMark = '';
  for (const line of linesOf(text)) {
    const content = text.slice(line.start, line.end);
    const mark = fence.exec(content)?.[0].trim() ?? '';
    const isFence = fenceMark === '' ? mark !== '' : mark.startsWith(fenceMark);
    const standsAlone = fenceMark !== '' || heading.test(content) || tableRow.test(content);
    const isEmpty = isFence || rule.test(content) || content.trim() === '';
    if (start >= 0 && (isEmpty || standsAlone || listItem.test(content))) {
      yield { start, end, isWhole: false };
      start = -1;
    }
    if (isFence) fenceMark = fenceMark === '' ? mark : '';
    if (isEmpty) continue;
    if (start < 0) start = line.start + (fenceMark === '' ? (marker.exec(content)?.[0].length ?? 0) : 0);
    end = line.end;
    if (!standsAlone) continue;
    yield { start, end, isWhole: fenceMark !== '' };
    start = -1;
  }
  if (start >= 0) yield { start, end, isWhole: false };
}

function* linesOf(text: string): Generator<TextSpan, void, undefined> {
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    yield { start, end };
    start = end + 1;
  }
}
