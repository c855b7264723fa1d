import { readFile } from 'node:fs/promises';
import {
  callStep,
  checkAtLeast,
  defineStep,
  type Document,
  type Hit,
  PipewrightError,
  type Retriever,
  type Run,
  type Step,
  sliceTimer,
  withoutText,
  yieldToEventLoop,
} from '../core/index.js';
import {
  type DocumentTable,
  markdownSplitter,
  type MultimodalLoaderOptions,
  multimodalParts,
  type ReadImage,
  type SourceFile,
} from '../document/index.js';
import type { ChatModel } from '../model/index.js';
import { sentenceSpans, words } from '../text/index.js';
import { answer } from './answer.js';
import { type DocumentFact, factsOf } from './document-facts.js';
import { evidenceOf } from './evidence.js';
import { keySentences, keyTermsOf } from './summary.js';
import { type TableColumn, tableColumns } from './table-columns.js';
import type { Evidence, Verdict } from './types.js';

export interface DocumentAnalyzerOptions extends Pick<MultimodalLoaderOptions, 'ocr' | 'caption' | 'loader'> {
  /** Writes the summary; its claims are checked against the document. @default sentences of the document */
  readonly model?: ChatModel;
  /** Sentences of the summary. @default 5 */
  readonly maxPoints?: number;
  /** Facts at most: dates, amounts, addresses. @default 200 */
  readonly maxFacts?: number;
}

/** One statement of a summary, and what the document says to it. */
export interface SummaryPoint {
  readonly text: string;
  readonly verdict: Verdict;
  readonly evidence?: Evidence;
}

/** A table and what its columns hold. */
export interface AnalyzedTable extends DocumentTable {
  readonly summary: readonly TableColumn[];
}

/** A heading and where it stands. */
export interface OutlineEntry {
  /** The headings above it and itself, outermost first. */
  readonly path: readonly string[];
  readonly page?: number;
}

/** What a document holds, in a form for programs. */
export interface DocumentAnalysis {
  readonly source: string;
  readonly title?: string;
  readonly statistics: {
    readonly pages?: number;
    readonly characters: number;
    readonly words: number;
    readonly sentences: number;
    readonly tables: number;
    readonly images: number;
  };
  readonly outline: readonly OutlineEntry[];
  readonly summary: readonly SummaryPoint[];
  /** The words that it uses most, those of everyday language left out. */
  readonly keyTerms: readonly string[];
  readonly facts: readonly DocumentFact[];
  readonly tables: readonly AnalyzedTable[];
  /** Its pictures, with what the engines made of them. */
  readonly images: readonly ReadImage[];
  /** What could not be read. */
  readonly notices: readonly string[];
}

const keyTermCount = 15;

/**
 * Turns a file into a structured analysis: outline, summary, key terms, facts with the sentences that state them, tables with
 * what their columns hold, pictures with their text. It needs no model; with one, the summary is written and each of its claims
 * checked. Costs one model call for a summary of what fits into one request, else one for each part and one more.
 * @throws {PipewrightError} `bad-option`; the step throws `not-found`, `document-damaged` and the like.
 * @example (await documentAnalyzer()('report.pdf')).tables[0]?.columns
 */
export const documentAnalyzer = (
  options: DocumentAnalyzerOptions = {},
): Step<string | SourceFile, DocumentAnalysis> => {
  const { model, maxPoints = 5, maxFacts = 200, ...reading } = options;
  checkAtLeast('maxPoints', maxPoints, 1);
  checkAtLeast('maxFacts', maxFacts, 0);
  // As many calls as the document has parts.
  const children = model === undefined ? [] : [{ label: 'model', step: model, maxCalls: Number.POSITIVE_INFINITY }];
  return defineStep({ kind: 'document-analyzer', details: { maxPoints, maxFacts }, children }, async (input, run) => {
    const file = typeof input === 'string' ? await fileAt(input, run) : input;
    const { texts, tables, images, notices } = await multimodalParts(file, reading, run);
    const title = texts[0]?.title;
    const summary = model === undefined ? await quoted(texts, maxPoints) : await written(texts, model, maxPoints, run);
    run.throwIfAborted();
    return {
      source: file.source,
      ...(title === undefined ? {} : { title }),
      statistics: { ...(await countsOf(texts)), tables: tables.length, images: images.length },
      outline: await outlineOf(texts, run),
      summary,
      keyTerms: keyTermsOf(texts, keyTermCount),
      facts: maxFacts === 0 ? [] : factsOf(texts, maxFacts),
      tables: tables.map((table) => ({ ...table, summary: tableColumns(table) })),
      images,
      notices,
    };
  });
};

const fileAt = async (path: string, run: Run): Promise<SourceFile> => {
  try {
    return { source: path, bytes: await readFile(path, { signal: run.signal }) };
  } catch (cause) {
    run.throwIfAborted();
    throw new PipewrightError('not-found', `${path} cannot be read. Check the path and who may read it.`, {
      cause,
      details: { where: path },
    });
  }
};

const hitOf = (document: Document): Hit => ({ ...document, score: 1 });

const quoted = async (texts: readonly Document[], maxPoints: number): Promise<readonly SummaryPoint[]> =>
  (await keySentences(texts, maxPoints)).map(({ document, start, end }) => {
    const evidence = evidenceOf(hitOf(document), { start, end });
    return { text: readable(evidence.quote), verdict: 'verbatim', evidence };
  });

/** On one line, and links by their text. */
const readable = (markdown: string): string =>
  markdown.replace(/\[([^[\]]*)\]\([^()\s]*\)/gu, '$1').replace(/\s+/gu, ' ');

/** Sections of a size that a citation can point into. */
const passages = markdownSplitter();

const written = async (
  texts: readonly Document[],
  model: ChatModel,
  maxPoints: number,
  run: Run,
): Promise<readonly SummaryPoint[]> => {
  const pieces = await passages(texts, run);
  const all: Retriever = defineStep({ kind: 'retriever', name: 'document' }, async () => pieces.map(hitOf));
  const ask = answer(all, model, { combine: 'map-reduce', k: Math.max(1, pieces.length) });
  const question = `Summarise what this document says, in at most ${maxPoints} sentences, the most important first.`;
  const { citations, uncited } = await callStep(ask, question, withoutText(run), 'summary');
  const points = new Map<number, SummaryPoint>();
  for (const { claim, verdict, evidence } of citations) {
    if (points.has(claim.start)) continue;
    points.set(claim.start, { text: claim.text, verdict, ...(evidence === undefined ? {} : { evidence }) });
  }
  for (const { start, text } of uncited) points.set(start, { text, verdict: 'absent' });
  return [...points].sort(([a], [b]) => a - b).map(([, point]) => point);
};

const countsOf = async (
  texts: readonly Document[],
): Promise<Omit<DocumentAnalysis['statistics'], 'tables' | 'images'>> => {
  const counts = { characters: 0, words: 0, sentences: 0 };
  const isTurnDue = sliceTimer();
  for (const { text } of texts) {
    counts.characters += text.length;
    counts.words += words(text).length;
    counts.sentences += sentenceSpans(text).length;
    if (isTurnDue()) await yieldToEventLoop();
  }
  const pages = texts.filter(({ place }) => place?.page !== undefined).length;
  return { ...(pages === 0 ? {} : { pages }), ...counts };
};

const outlineOf = async (texts: readonly Document[], run: Run): Promise<readonly OutlineEntry[]> => {
  const entries = new Map<string, OutlineEntry>();
  for (const { place } of await passages(texts, run)) {
    const path = place?.headings ?? [];
    const key = path.join('\n');
    if (path.length === 0 || entries.has(key)) continue;
    entries.set(key, { path, ...(place?.page === undefined ? {} : { page: place.page }) });
  }
  return [...entries.values()];
};
