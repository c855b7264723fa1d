import type { Document, Step } from '../core/index.js';
import { decodeText } from './decode.js';
import { defineLoader, documentOf, type Loaded, type SourceFile } from './loader.js';
import { countLines } from './lines.js';

/**
 * Reads plain text. One document, whose text is the file letter by letter (a byte order mark aside), with its lines as place.
 * @example (await textLoader()({ source: 'a.txt', bytes: Buffer.from('Hello') })).documents[0]?.text // => 'Hello'
 */
export const textLoader = (): Step<SourceFile, Loaded> =>
  defineLoader('text', (file) => verbatim(file, { format: 'text' }));

/**
 * Reads source code, letter by letter; `metadata.language` names the language for the code splitter.
 * @example (await codeLoader('python')({ source: 'a.py', bytes: Buffer.from('x = 1') })).documents[0]?.metadata?.language // => 'python'
 */
export const codeLoader = (language: string): Step<SourceFile, Loaded> =>
  defineLoader('code', (file) => verbatim(file, { format: 'code', language }));

const verbatim = (
  { source, bytes, charset }: SourceFile,
  metadata: NonNullable<Document['metadata']>,
): { documents: readonly Document[]; notices: readonly string[] } => {
  const { text, notices } = decodeText(bytes, source, charset);
  const place = { startLine: 1, endLine: countLines(text) };
  return {
    documents: [documentOf({ id: source, text, source, place, metadata })],
    notices: text.trim() === '' ? [...notices, `${source} holds no text.`] : notices,
  };
};
