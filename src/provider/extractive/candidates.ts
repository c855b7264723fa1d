import type { SourcePart } from '../../core/index.js';
import { sentenceSpans, type TextSpan } from '../../text/index.js';

/** Something that may be quoted: a sentence, or a block of code that no sentence introduces. */
export interface Candidate extends TextSpan {
  /** Index of its source. */
  readonly source: number;
  readonly isCode: boolean;
  /** Headings above it in the source, outermost first. */
  readonly headings: readonly string[];
  /** The fenced block right below the sentence. */
  readonly code?: TextSpan;
}

interface Block extends TextSpan {
  readonly type: 'prose' | 'code' | 'heading';
}

const fence = /^\s*(`{3,}|~{3,})/u;
const heading = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$/u;
/** Prose is cut into sentences in stretches of at most this length, so that one takes milliseconds. */
const maxStretch = 20_000;
/** How far the rule below the head of a table is looked for. */
const maxRuleLength = 1_000;
/** Where a stretch may end, the best first. */
const breaks = ['\n\n', '. ', '\n', ' '];

/** The Markdown blocks of a text that matter here, in order. Plain text is one stretch of prose. */
export function* blocksOf(text: string): Generator<Block, void, undefined> {
  let proseStart = 0;
  let codeStart = -1;
  let mark = '';
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    const line = text.slice(start, end);
    const opened = fence.exec(line)?.[1] ?? '';
    if (codeStart >= 0) {
      if (opened !== '' && opened.startsWith(mark)) {
        yield { type: 'code', start: codeStart, end };
        codeStart = -1;
        proseStart = end;
      }
    } else if (opened !== '' || heading.test(line)) {
      if (start > proseStart) yield { type: 'prose', start: proseStart, end: start };
      proseStart = start;
      if (opened !== '') {
        codeStart = start;
        mark = opened;
      } else if (heading.test(line)) {
        yield { type: 'heading', start, end };
        proseStart = end;
      }
    }
    start = end + 1;
  }
  if (codeStart >= 0) yield { type: 'code', start: codeStart, end: text.length };
  else if (proseStart < text.length) yield { type: 'prose', start: proseStart, end: text.length };
}

function* stretchesOf(text: string, { start, end }: TextSpan): Generator<TextSpan, void, undefined> {
  let from = start;
  while (end - from > maxStretch) {
    const stretch = text.slice(from, from + maxStretch);
    const mark = breaks.find((candidate) => stretch.lastIndexOf(candidate) > 0);
    const to = mark === undefined ? from + maxStretch : from + stretch.lastIndexOf(mark) + mark.length;
    yield { start: from, end: to };
    from = to;
  }
  yield { start: from, end };
}

interface Heading {
  readonly level: number;
  readonly title: string;
}

const putUnder = (above: Heading[], line: string): void => {
  const [, marks = '', title = ''] = heading.exec(line) ?? [];
  while ((above.at(-1)?.level ?? 0) >= marks.length) above.pop();
  above.push({ level: marks.length, title });
};

const tableRow = /^\|/u;
/** The line below the head of a table. */
const tableRule = /^[^\n]*\n[ \t]*\|?[ \t]*:?-+[-:| \t]*(?:\n|$)/u;

/** The cells of a row as words of a heading: the head of a table says what its rows mean. */
const cellsOf = (row: string): string => row.replaceAll('|', ' ').trim();

/** The sentences of a stretch of prose. The head of a table is no sentence; it stands above each row as a heading. */
function* sentencesOf(
  text: string,
  stretch: TextSpan,
): Generator<TextSpan & { readonly head?: string }, void, undefined> {
  let head: string | undefined;
  const prose = text.slice(stretch.start, stretch.end);
  for (const { start, end } of sentenceSpans(prose)) {
    const isRow = tableRow.test(prose.slice(start, end));
    if (isRow && tableRule.test(prose.slice(end, end + maxRuleLength))) {
      head = cellsOf(prose.slice(start, end));
      continue;
    }
    if (!isRow) head = undefined;
    const span = { start: stretch.start + start, end: stretch.start + end };
    yield head === undefined ? span : { ...span, head };
  }
}

/** Everything in a source that may be quoted, in order. */
export function* candidatesOf(part: SourcePart, source: number): Generator<Candidate, void, undefined> {
  const above: Heading[] = [];
  let last: Candidate | undefined;
  for (const block of blocksOf(part.text)) {
    const headings = above.map(({ title }) => title);
    if (block.type === 'code') {
      if (last === undefined) yield { source, start: block.start, end: block.end, isCode: true, headings };
      else yield { ...last, code: { start: block.start, end: block.end } };
      last = undefined;
      continue;
    }
    if (last !== undefined) yield last;
    last = undefined;
    if (block.type === 'heading') {
      putUnder(above, part.text.slice(block.start, block.end));
      continue;
    }
    for (const stretch of stretchesOf(part.text, block)) {
      for (const { start, end, head } of sentencesOf(part.text, stretch)) {
        if (last !== undefined) yield last;
        last = { source, start, end, isCode: false, headings: head === undefined ? headings : [...headings, head] };
      }
    }
  }
  if (last !== undefined) yield last;
}
