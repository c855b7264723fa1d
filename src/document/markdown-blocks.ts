import { type Line, linesOf } from './lines.js';

/** A block of Markdown. Blank lines between blocks belong to none. */
export interface MarkdownBlock {
  readonly kind: 'heading' | 'code' | 'table' | 'text';
  readonly start: number;
  readonly end: number;
  /** Of a heading: its level, from 1, and its text; else 0 and empty. */
  readonly level: number;
  readonly heading: string;
}

interface OpenBlock {
  readonly kind: 'code' | 'table' | 'text';
  readonly start: number;
  end: number;
  /** The line read last, and how many there are. */
  last: Line;
  lines: number;
  /** What closes a fenced block. */
  readonly fence: string;
}

const bare = (text: string, line: Line): string => text.slice(line.start, line.end).trimEnd();

const blockOf = ({ kind, start, end }: OpenBlock): MarkdownBlock => ({ kind, start, end, level: 0, heading: '' });

/** The blocks of a Markdown text, in order: headings, fenced code, tables, and everything else up to a blank line. */
export function* markdownBlocks(text: string): Generator<MarkdownBlock, void, undefined> {
  let open: OpenBlock | undefined;
  for (const line of linesOf(text)) {
    const content = bare(text, line);
    if (open?.kind === 'code') {
      extend(open, line);
      if (closesFence(content, open.fence)) {
        yield blockOf(open);
        open = undefined;
      }
      continue;
    }
    const fence = fenceOf(content);
    const heading = headingOf(content);
    if (open !== undefined && endsBlock(open, content, fence, heading)) {
      yield blockOf(open);
      open = undefined;
    }
    if (heading !== undefined) yield { kind: 'heading', ...line, ...heading };
    else if (content === '') continue;
    else if (open === undefined) open = begin(fence === '' ? 'text' : 'code', line, fence);
    else if (open.kind === 'text' && isDelimiterRow(content) && bare(text, open.last).includes('|')) {
      if (open.lines > 1) yield blockOf({ ...open, end: open.last.start });
      open = { ...begin('table', open.last, ''), end: line.end, last: line, lines: 2 };
    } else if (open.lines === 1 && open.kind === 'text' && isUnderline(content) && isPlain(bare(text, open.last))) {
      yield {
        kind: 'heading',
        start: open.start,
        end: line.end,
        level: content.trimStart()[0] === '=' ? 1 : 2,
        heading: plainText(bare(text, open.last).trim()),
      };
      open = undefined;
    } else extend(open, line);
  }
  if (open !== undefined) yield blockOf(open);
}

const begin = (kind: OpenBlock['kind'], line: Line, fence: string): OpenBlock => ({
  kind,
  start: line.start,
  end: line.end,
  last: line,
  lines: 1,
  fence,
});

const extend = (open: OpenBlock, line: Line): void => {
  open.end = line.end;
  open.last = line;
  open.lines++;
};

const endsBlock = (open: OpenBlock, content: string, fence: string, heading: object | undefined): boolean =>
  content === '' || fence !== '' || heading !== undefined || (open.kind === 'table' && !content.includes('|'));

/** The marks of an opening fence, also one that is indented in a list; empty when the line is none. */
const fenceOf = (content: string): string => {
  const fence = /^\s*(`{3,}|~{3,})/.exec(content)?.[1] ?? '';
  // Three backticks with a further one in the line are inline code.
  return fence.startsWith('`') && content.trimStart().slice(fence.length).includes('`') ? '' : fence;
};

const closesFence = (content: string, fence: string): boolean => {
  const marks = content.trim();
  return marks.length >= fence.length && marks === (fence[0] ?? '').repeat(marks.length);
};

const headingOf = (content: string): { readonly level: number; readonly heading: string } | undefined => {
  const marks = /^ {0,3}(#{1,6})(?=\s|$)/.exec(content);
  if (marks === null) return undefined;
  const inner = content.slice(marks[0].length).trim();
  let end = inner.length;
  while (end > 0 && inner[end - 1] === '#') end--;
  const isClosed = end < inner.length && (end === 0 || inner[end - 1] === ' ');
  return { level: marks[1]?.length ?? 1, heading: plainText(isClosed ? inner.slice(0, end).trimEnd() : inner) };
};

/** A heading as it is shown: links by their text, without pictures (badges, logos) and tags. */
export const plainText = (heading: string): string =>
  heading
    .replace(/!\[[^[\]]*\]\([^()\s]*\)/g, '')
    .replace(/\[([^[\]]*)\]\([^()\s]*\)/g, '$1')
    .replace(/<\/?[a-z][^<>]*>/gi, '')
    .trim();

const isDelimiterRow = (content: string): boolean =>
  content.includes('-') && content.includes('|') && /^[|:\- \t]+$/.test(content);

/** A line of `=` or `-` makes the one line above it a heading. */
const isUnderline = (content: string): boolean => /^ {0,3}(?:=+|-+)$/.test(content);

/** Whether a line can be a heading: no list item, quotation, table row or tag. */
const isPlain = (content: string): boolean => !/^\s*(?:[-*+>|<]|\d+[.)]\s)/.test(content);
