import {
  defineStep,
  type Document,
  type Place,
  type Run,
  type Step,
  sliceTimer,
  yieldToEventLoop,
} from '../core/index.js';
import { lineCursor } from './lines.js';

/**
 * Cuts documents into pieces. Each piece is a document with the id `${parent.id}#${n}`, n from 0, and a place for which
 * `parent.text.slice(place.start, place.end) === piece.text`; page, title, source and metadata are those of the parent. Where the
 * parent stands in its file letter by letter, the place has the lines too.
 */
export type Splitter = Step<Document | readonly Document[], readonly Document[]>;

/** A stretch of a document's text, in UTF-16 code units. */
export interface PieceSpan {
  readonly start: number;
  readonly end: number;
  /** Headings above it inside the document, outermost first. */
  readonly headings?: readonly string[];
}

/** Finds the pieces of one document: spans in order of `start` and of `end`. */
export type FindSpans = (document: Document, run: Run) => Iterable<PieceSpan> | AsyncIterable<PieceSpan>;

/**
 * Makes a splitter of your own from a function that finds the spans; ids, places and turns for the event loop are done for you.
 * @example defineSplitter('halves', ({ text }) => [{ start: 0, end: text.length / 2 }, { start: text.length / 2, end: text.length }])
 */
export const defineSplitter = (name: string, findSpans: FindSpans): Splitter =>
  defineStep({ kind: 'splitter', name }, async (input, run) => {
    const documents: readonly Document[] = Array.isArray(input) ? input : [input as Document];
    const isTurnDue = sliceTimer();
    const pieces: Document[] = [];
    for (const document of documents) {
      run.throwIfAborted();
      const toPiece = pieceMaker(document);
      const giveWay = async (): Promise<void> => {
        await yieldToEventLoop();
        run.throwIfAborted();
      };
      const isTurnDueAfter = (span: PieceSpan): boolean => {
        if (span.end > span.start) pieces.push(toPiece(span));
        return isTurnDue();
      };
      const spans = findSpans(document, run);
      // A loop that awaits each span would take as long as finding them.
      if (Symbol.asyncIterator in spans) {
        for await (const span of spans) if (isTurnDueAfter(span)) await giveWay();
      } else for (const span of spans) if (isTurnDueAfter(span)) await giveWay();
    }
    return pieces;
  });

/** Makes pieces of one document, numbered in the order in which they are made. */
export const pieceMaker = (parent: Document): ((span: PieceSpan) => Document) => {
  const { place: parentPlace, id, text, ...shared } = parent;
  const firstLine = parentPlace?.startLine;
  const startLineOf = firstLine === undefined ? undefined : lineCursor(text, firstLine);
  const endLineOf = firstLine === undefined ? undefined : lineCursor(text, firstLine);
  let count = 0;
  return ({ start, end, headings = [] }) => {
    const above = headingPath(parentPlace?.headings ?? [], headings);
    const place: Place = {
      parentId: id,
      start,
      end,
      ...(parentPlace?.page === undefined ? {} : { page: parentPlace.page }),
      ...(startLineOf === undefined ? {} : { startLine: startLineOf(start) }),
      // The last character decides: a line break at the end of the piece still belongs to its line.
      ...(endLineOf === undefined ? {} : { endLine: endLineOf(end - 1) }),
      ...(above.length === 0 ? {} : { headings: above }),
    };
    return { ...shared, id: `${id}#${count++}`, text: text.slice(start, end), place };
  };
};

/** A piece that is cut again may begin with the heading that it stands under: that is told once. */
const headingPath = (above: readonly string[], inside: readonly string[]): readonly string[] => {
  const repeated = inside[0] === undefined ? -1 : above.lastIndexOf(inside[0]);
  return [...(repeated < 0 ? above : above.slice(0, repeated)), ...inside];
};
