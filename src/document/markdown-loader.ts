import type { Step } from '../core/index.js';
import { decodeText } from './decode.js';
import { readFrontMatter } from './front-matter.js';
import { countLines } from './lines.js';
import { defineLoader, documentOf, type Loaded, type SourceFile } from './loader.js';
import { markdownBlocks, plainText } from './markdown-blocks.js';

const tagHeading = /<h1\b[^<>]*>([\s\S]*?)<\/h1>/i;

/** The first heading of the first level, also when it is written as a tag; where there is none, the first of any level. */
const mainHeading = (text: string): string | undefined => {
  let first: string | undefined;
  for (const { kind, level, heading, start, end } of markdownBlocks(text)) {
    const tagged = kind === 'text' ? tagHeading.exec(text.slice(start, end))?.[1] : undefined;
    const found = tagged === undefined ? heading : plainText(tagged);
    if (found === '') continue;
    if (level === 1 || tagged !== undefined) return found;
    first ??= found;
  }
  return first;
};

/**
 * Reads Markdown and MDX. The text is the file letter by letter after its front matter, with the lines it has in the file; the
 * front matter goes into `metadata`, and its `title`, or else its main heading, becomes the title.
 * @example (await markdownLoader()({ source: 'a.md', bytes: Buffer.from('# Hello') })).documents[0]?.title // => 'Hello'
 */
export const markdownLoader = (): Step<SourceFile, Loaded> =>
  defineLoader('markdown', ({ source, bytes, charset }) => {
    const { text: whole, notices } = decodeText(bytes, source, charset);
    const { metadata, bodyStart, bodyLine, skippedLines } = readFrontMatter(whole);
    const text = whole.slice(bodyStart);
    const title = typeof metadata.title === 'string' ? metadata.title : mainHeading(text);
    const place = { startLine: bodyLine, endLine: bodyLine + countLines(text) - 1 };
    const document = documentOf({
      id: source,
      text,
      source,
      title,
      place,
      metadata: { ...metadata, format: 'markdown' },
    });
    return { documents: [document], notices: [...notices, ...noticesOf(source, text, skippedLines)] };
  });

const noticesOf = (source: string, text: string, skippedLines: readonly number[]): readonly string[] => [
  ...(text.trim() === '' ? [`${source} holds no text.`] : []),
  ...(skippedLines.length === 0
    ? []
    : [`${source}: front matter not understood, and left out, at line ${skippedLines.join(', ')}.`]),
];
