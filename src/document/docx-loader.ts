import { loadOptional, messageOf, PipewrightError, type Step } from '../core/index.js';
import { readApart } from './apart.js';
import { parseHtml } from './html-loader.js';
import { type HtmlNode, type MarkdownRule, toMarkdown } from './html-to-markdown.js';
import { defineLoader, documentOf, type Loaded, type LoadedParts, type SourceFile } from './loader.js';
import { unpackedBytes } from './zip-size.js';

/** A DOCX that unpacks to more than this is taken for an attack. */
const maxUnpackedBytes = 536_870_912;

const styleMap: readonly string[] = ["p[style-name='Title'] => h1.title:fresh", "p[style-name='Subtitle'] => p:fresh"];

/**
 * Reads DOCX as Markdown: heading levels (below the title, where there is one), lists, tables, links, and footnotes as `[^1]`.
 * Images are left out. A large file is read on another thread.
 * @throws {PipewrightError} `document-encrypted`, `document-damaged`, or `dependency-missing` without `mammoth`, `linkedom` and `turndown`.
 * @example loadFile('report.docx', { loaders: { '.docx': docxLoader() } })
 */
export const docxLoader = (): Step<SourceFile, Loaded> =>
  defineLoader('docx', readApart({ name: 'docxLoader', options: [] }, readDocx));

const readDocx = async (file: SourceFile): Promise<LoadedParts> => {
  const { source } = file;
  const document = await parseHtml(await docxToHtml(file, async () => undefined), source);
  const titleNode = document.querySelector('h1.title');
  const title = titleNode?.textContent?.trim() || document.querySelector('h1, h2, h3')?.textContent?.trim();
  const rules = [...footnoteRules, ...(titleNode === null ? [] : [headingBelowTitle])];
  const text = await toMarkdown(document.body, { rules });
  return {
    documents: [documentOf({ id: source, text, source, title, metadata: { format: 'docx' } })],
    notices: text === '' ? [`${source} holds no text.`] : [],
  };
};

/** A picture inside a DOCX. */
export interface DocxImage {
  readonly contentType: string;
  readonly altText?: string;
  readonly readAsBuffer: () => Promise<Buffer>;
}

/** The text of a DOCX as HTML, its pictures handed to `onImage` and left out. */
export const docxToHtml = async (
  { source, bytes }: SourceFile,
  onImage: (image: DocxImage) => Promise<void>,
): Promise<string> => {
  checkContainer(bytes, source);
  const { default: mammoth } = await loadOptional('mammoth', 'reading DOCX files', () => import('mammoth'));
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const convertImage = mammoth.images.imgElement(async (image) => {
    await onImage(image as DocxImage);
    return { src: '', alt: '' };
  });
  try {
    const { value } = await mammoth.convertToHtml({ buffer }, { styleMap: [...styleMap], convertImage });
    return value;
  } catch (cause) {
    throw damaged(source, messageOf(cause), cause);
  }
};

const damaged = (source: string, what: string, cause?: unknown): PipewrightError =>
  new PipewrightError(
    'document-damaged',
    `${source} cannot be read as DOCX: ${what} Save it again in a word processor, or convert it to PDF.`,
    { cause, details: { where: source } },
  );

const compoundFile = [0xd0, 0xcf, 0x11, 0xe0];

/** An encrypted DOCX, like an old DOC, is no ZIP but a compound file. */
const checkContainer = (bytes: Uint8Array, source: string): void => {
  if (compoundFile.every((byte, index) => bytes[index] === byte)) {
    const isEncrypted = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(
      Buffer.from('EncryptedPackage', 'utf16le'),
    );
    throw isEncrypted
      ? new PipewrightError('document-encrypted', `${source} is encrypted. Save it without a password.`, {
          details: { where: source },
        })
      : new PipewrightError('document-unsupported', `${source} is a DOC file of Word 97–2003. Save it as DOCX.`, {
          details: { where: source },
        });
  }
  if (unpackedBytes(bytes) > maxUnpackedBytes) {
    throw damaged(source, `it would unpack to more than ${maxUnpackedBytes} bytes.`);
  }
};

const headingBelowTitle: MarkdownRule = {
  matches: (node) => /^H[1-6]$/.test(node.nodeName) && !/\btitle\b/.test(node.getAttribute('class') ?? ''),
  write: (content, node) => `\n\n${'#'.repeat(Math.min(Number(node.nodeName[1]) + 1, 6))} ${content.trim()}\n\n`,
};

const noteTarget = /^#?(foot|end)note-(\d+)$/;

/** The label of a note, from its id or from the link to it; undefined for anything else. */
const noteLabel = (target: string | null): string | undefined => {
  const [, kind, number] = noteTarget.exec(target ?? '') ?? [];
  return kind === 'end' ? `end-${number}` : number;
};

const isBackLink = (node: HtmlNode): boolean =>
  node.nodeName === 'A' && /^#(?:foot|end)note-ref-\d+$/.test(node.getAttribute('href') ?? '');

/** Mammoth writes the notes as a list at the end, with links there and back. */
const footnoteRules: readonly MarkdownRule[] = [
  {
    matches: (node) => node.nodeName === 'A' && noteLabel(node.getAttribute('href')) !== undefined,
    write: (_content, node) => `[^${noteLabel(node.getAttribute('href'))}]`,
  },
  { matches: isBackLink, write: () => '' },
  {
    matches: (node) => node.nodeName === 'LI' && noteLabel(node.getAttribute('id')) !== undefined,
    write: (content, node) =>
      `\n[^${noteLabel(node.getAttribute('id'))}]: ${content.trim().replace(/\n+/g, '\n    ')}\n`,
  },
];
