import { PipewrightError } from '../core/index.js';
import { codeLanguages, isDeclaration } from './code-languages.js';
import { linesOf } from './lines.js';
import { hardCut, lastCut } from './recursive-splitter.js';
import { checkSizes, trimmedLines } from './span.js';
import { defineSplitter, type PieceSpan, type Splitter } from './splitter.js';

export interface CodeSplitterOptions {
  /** Longest piece, in UTF-16 code units; at least 2. @default 1500 */
  readonly maxChars?: number;
  /** `typescript`, `python`, `go`, … @default the document's `metadata.language`; else blank lines and indentation decide */
  readonly language?: string;
}

/**
 * Cuts source code before its declarations, the outermost first: as many whole functions and classes in a piece as fit, with the
 * comments above them. One that is too long is cut before its inner declarations, then at blank lines, then between lines. The
 * first line of a piece keeps its indentation. Pieces do not overlap.
 * @throws {PipewrightError} `bad-option` for a size below 2 or an unknown language.
 * @example (await codeSplitter({ maxChars: 20, language: 'python' })({ id: 'a', text: 'def a():\n  go()\ndef b():\n  go()' })).length // => 2
 */
export const codeSplitter = ({ maxChars = 1_500, language }: CodeSplitterOptions = {}): Splitter => {
  checkSizes({ name: 'maxChars', value: maxChars, min: 2 }, { name: 'overlapChars', value: 0 });
  if (language !== undefined && !codeLanguages.includes(language)) {
    throw new PipewrightError(
      'bad-option',
      `\`language\` is "${language}"; known are ${codeLanguages.join(', ')}. Leave it out for any other language.`,
    );
  }
  return defineSplitter('code', ({ text, metadata }) => {
    const own = metadata?.language;
    return codeSpans(text, maxChars, language ?? (typeof own === 'string' ? own : undefined));
  });
};

const wordSeparators: readonly string[] = [';', '}', ', ', ' '];

function* codeSpans(
  text: string,
  maxChars: number,
  language: string | undefined,
): Generator<PieceSpan, void, undefined> {
  for (let start = 0; start < text.length; ) {
    const limit = start + maxChars;
    const end =
      text.length <= limit
        ? text.length
        : (lineCut(text, start, limit, language) ??
          lastCut(text, start, limit, start + maxChars / 3, wordSeparators) ??
          hardCut(text, limit));
    const span = trimmedLines(text, start, end);
    if (span.end > span.start) yield span;
    start = end;
  }
}

/** The last of the best line beginnings in `(from, to]`. */
const lineCut = (text: string, from: number, to: number, language: string | undefined): number | undefined => {
  let best: { readonly at: number; readonly rank: number } | undefined;
  const consider = (at: number, rank: number): void => {
    if (at > from && (best === undefined || rank >= best.rank)) best = { at, rank };
  };
  let isAfterBlank = false;
  // Where the comments and decorators began that stand right above the line.
  let attachedStart: number | undefined;
  // The line at `to` may begin a declaration: it is looked at, though it is not part of the piece.
  for (const { start, end } of linesOf(text, from, Math.min(to + 1, text.length))) {
    const content = text.slice(start, start === to ? lineEnd(text, to) : end).trimEnd();
    const inner = content.trimStart();
    const beginsSomething = isAfterBlank || isDeclaration(inner, language);
    const rank = beginsSomething && !isContinuation(inner) ? rankOf(content.length - inner.length) : plainLine;
    if (inner !== '') {
      if (attachedStart !== undefined) consider(start, plainLine);
      consider(attachedStart ?? start, rank);
    }
    if (!isAttached(inner)) attachedStart = undefined;
    else attachedStart ??= start;
    isAfterBlank = inner === '';
  }
  return best?.at;
};

const lineEnd = (text: string, start: number): number => {
  const newline = text.indexOf('\n', start);
  return newline === -1 ? text.length : newline;
};

const plainLine = 0;
const mostIndent = 100;

/** The less a line is indented, the better is a cut before what it begins; before other lines it is the last resort. */
const rankOf = (indent: number): number => plainLine + 1 + mostIndent - Math.min(indent, mostIndent);

/** Comments, decorators and attributes belong to what follows them. */
const isAttached = (inner: string): boolean =>
  /^(?:\/\/|\/\*|\*|#(?!include|define|pragma|if|endif)|--|@|\[[\w(])/.test(inner);

/** Closing brackets and the later branches of a statement belong to what stands before them. */
const isContinuation = (inner: string): boolean =>
  /^(?:[)\]}]|(?:else|elif|elsif|except|finally|catch|rescue|ensure|end|then|fi|done|esac)\b)/.test(inner);
