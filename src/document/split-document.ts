import { defineStep, type Document, type Run } from '../core/index.js';
import { codeSplitter } from './code-splitter.js';
import { markdownSplitter } from './markdown-splitter.js';
import { recursiveSplitter } from './recursive-splitter.js';
import type { Splitter } from './splitter.js';

export interface DocumentSplitterOptions {
  /** Longest piece, in UTF-16 code units; at least 2. @default 1000 */
  readonly maxChars?: number;
  /** How much of a piece's end the next one may repeat, where pieces overlap (not in Markdown and code). @default a fifth of `maxChars` */
  readonly overlapChars?: number;
}

/** The formats whose documents are Markdown, whatever the file was. */
const markdownFormats: ReadonlySet<unknown> = new Set(['markdown', 'html', 'docx']);

/**
 * The splitter for whatever the loaders give: by `metadata.format` it cuts Markdown (also that made of HTML and DOCX) by headings,
 * code by declarations, and everything else recursively.
 * @throws {PipewrightError} `bad-option` for a size below 2 or an overlap that is not below the size.
 * @example (await documentSplitter()({ id: 'a', text: '# One\nyes', metadata: { format: 'markdown' } }))[0]?.place?.headings // => ['One']
 */
export const documentSplitter = (options: DocumentSplitterOptions = {}): Splitter => {
  const { maxChars = 1_000, overlapChars = Math.floor(maxChars / 5) } = options;
  const markdown = markdownSplitter({ maxChars });
  const code = codeSplitter({ maxChars });
  const plain = recursiveSplitter({ maxChars, overlapChars });
  const splitterOf = ({ metadata }: Document): Splitter => {
    if (metadata?.format === 'code') return code;
    return markdownFormats.has(metadata?.format) ? markdown : plain;
  };
  return defineStep({ kind: 'splitter', name: 'document' }, async (input, run) => {
    const documents: readonly Document[] = Array.isArray(input) ? input : [input as Document];
    const pieces: Document[] = [];
    for (const document of documents) {
      for (const piece of await splitterOf(document)(document, run)) pieces.push(piece);
    }
    return pieces;
  });
};

/**
 * Cuts one document, or several, with the splitter that fits each: `documentSplitter` in one call.
 * @throws {PipewrightError} `bad-option` for a size below 2 or an overlap that is not below the size.
 * @example (await splitDocument({ id: 'a', text: 'Hello' }))[0]?.id // => 'a#0'
 */
export const splitDocument = (
  input: Document | readonly Document[],
  options: DocumentSplitterOptions = {},
  run?: Run,
): Promise<readonly Document[]> => documentSplitter(options)(input, run);
