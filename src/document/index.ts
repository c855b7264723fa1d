export { characterSplitter, type CharacterSplitterOptions } from './character-splitter.js';
export { codeLanguages } from './code-languages.js';
export { codeSplitter, type CodeSplitterOptions } from './code-splitter.js';
export { csvLoader, type CsvLoaderOptions } from './csv-loader.js';
export { csvRows, type CsvRows, type Row } from './csv-rows.js';
export { docxLoader } from './docx-loader.js';
export { knownExtensions } from './formats.js';
export {
  hierarchicalSplitter,
  type HierarchicalSplitterOptions,
  parentChildSplitter,
  type ParentChildSplitterOptions,
  type ParentsAndChildren,
  type SplitLevel,
} from './hierarchical-splitter.js';
export { htmlLoader, type HtmlLoaderOptions } from './html-loader.js';
export {
  type DocumentImage,
  type FoundImages,
  imagesOf,
  type ImagesOptions,
  loadImages,
} from './images.js';
export { jsonLinesLoader, jsonLoader, type JsonLoaderOptions } from './json-loader.js';
export { defaultIgnore, type ListedFile, listFiles, type ListFilesOptions } from './list-files.js';
export { loadBytes, type LoadBytesOptions, loadFile, type LoadFileOptions } from './load-file.js';
export { loadFolder, type LoadFolderOptions } from './load-folder.js';
export { loadWebPage, type LoadWebPageOptions } from './load-web-page.js';
export type { Loaded, Loader, LoadFailure, LoadResult, SourceFile } from './loader.js';
export { markdownLoader } from './markdown-loader.js';
export { markdownSplitter, type MarkdownSplitterOptions } from './markdown-splitter.js';
export {
  type Modality,
  multimodalLoader,
  type MultimodalLoaderOptions,
  type MultimodalParts,
  multimodalParts,
  type ReadImage,
} from './multimodal-loader.js';
export { pdfLoader, type PdfLoaderOptions } from './pdf-loader.js';
export { recursiveSplitter, type RecursiveSplitterOptions } from './recursive-splitter.js';
export type { BreakMethod } from './breakpoints.js';
export { semanticSplitter, type SemanticSplitterOptions } from './semantic-splitter.js';
export { sentenceSplitter, type SentenceSplitterOptions } from './sentence-splitter.js';
export { documentSplitter, type DocumentSplitterOptions, splitDocument } from './split-document.js';
export { defineSplitter, type FindSpans, type PieceSpan, type Splitter } from './splitter.js';
export { type DocumentTable, tablesOf } from './tables.js';
export {
  type Ocr,
  type OcrText,
  type Tesseract,
  tesseract,
  type TesseractLanguage,
  type TesseractOptions,
} from './tesseract.js';
export { codeLoader, textLoader } from './text-loader.js';
export { tokenSplitter, type TokenSplitterOptions } from './token-splitter.js';
