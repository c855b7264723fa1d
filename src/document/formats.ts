import { codeLoader, textLoader } from './text-loader.js';
import { languagesByExtension } from './code-languages.js';
import { csvLoader } from './csv-loader.js';
import { isBinary } from './decode.js';
import { docxLoader } from './docx-loader.js';
import { htmlLoader } from './html-loader.js';
import { jsonLinesLoader, jsonLoader } from './json-loader.js';
import type { Loader } from './loader.js';
import { markdownLoader } from './markdown-loader.js';
import { pdfLoader } from './pdf-loader.js';

const textExtensions: readonly string[] = [
  '.txt',
  '.text',
  '.log',
  '.rst',
  '.adoc',
  '.org',
  '.tex',
  '.yaml',
  '.yml',
  '.toml',
  '.ini',
  '.xml',
  '.srt',
  '.vtt',
];

const loadersByExtension: ReadonlyMap<string, () => Loader> = new Map<string, () => Loader>([
  ...textExtensions.map((extension): [string, () => Loader] => [extension, textLoader]),
  ...Object.entries(languagesByExtension).map(([extension, language]): [string, () => Loader] => [
    extension,
    () => codeLoader(language),
  ]),
  ['.md', markdownLoader],
  ['.markdown', markdownLoader],
  ['.mdx', markdownLoader],
  ['.html', htmlLoader],
  ['.htm', htmlLoader],
  ['.xhtml', htmlLoader],
  ['.csv', csvLoader],
  ['.tsv', () => csvLoader({ delimiter: '\t' })],
  ['.json', jsonLoader],
  ['.jsonl', jsonLinesLoader],
  ['.ndjson', jsonLinesLoader],
  ['.pdf', pdfLoader],
  ['.docx', docxLoader],
]);

const extensionsByMediaType: Readonly<Record<string, string>> = {
  'text/plain': '.txt',
  'text/markdown': '.md',
  'text/html': '.html',
  'application/xhtml+xml': '.html',
  'text/csv': '.csv',
  'text/tab-separated-values': '.tsv',
  'application/json': '.json',
  'application/jsonl': '.jsonl',
  'application/x-ndjson': '.jsonl',
  'application/pdf': '.pdf',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': '.docx',
  'text/xml': '.xml',
  'application/xml': '.xml',
  'application/yaml': '.yaml',
  'text/javascript': '.js',
};

/** The extensions that have a loader, in lower case with their dot. */
export const knownExtensions: readonly string[] = [...loadersByExtension.keys()];

/** The extension of a path or URL in lower case with its dot; empty when it has none. */
export const extensionOf = (path: string): string => {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot).toLowerCase();
};

/** The extension for a media type, parameters allowed; undefined for one that says nothing. */
export const extensionOfMediaType = (mediaType: string): string | undefined => {
  const bare = mediaType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (Object.hasOwn(extensionsByMediaType, bare)) return extensionsByMediaType[bare];
  if (bare.endsWith('+json')) return '.json';
  return bare.startsWith('text/') ? '.txt' : undefined;
};

/** The loaders that the caller gave, by extension, go before the built-in ones. */
export const loaderFor = (extension: string, own: Readonly<Record<string, Loader>> = {}): Loader | undefined =>
  Object.hasOwn(own, extension) ? own[extension] : loadersByExtension.get(extension)?.();

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, sniffedBytes)).includes(text, 0, 'latin1');

const sniffedBytes = 1_024;

/** What the bytes look like, for a name that does not say; undefined when they are none of ours. */
export const sniffExtension = (bytes: Uint8Array): string | undefined => {
  if (startsWith(bytes, '%PDF-')) return '.pdf';
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return hasWordPart(bytes) ? '.docx' : undefined;
  if (isBinary(bytes)) return undefined;
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, sniffedBytes)).trimStart();
  return /^<(?:!doctype html|html)\b/i.test(head) ? '.html' : '.txt';
};

/** The names of the parts stand in clear at the end of a ZIP file. */
const hasWordPart = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('word/document.xml', 0, 'latin1');
