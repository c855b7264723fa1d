import { loadOptional, type Metadata, messageOf, PipewrightError, type Step } from '../core/index.js';
import { readApart } from './apart.js';
import { decodeText, normalizeNewlines } from './decode.js';
import { toMarkdown } from './html-to-markdown.js';
import { defineLoader, documentOf, type Loaded, type LoadedParts, type SourceFile } from './loader.js';

export interface HtmlLoaderOptions {
  /** What to take: the article that a reader would want, or the whole page. @default 'article' */
  readonly content?: 'article' | 'page';
}

/**
 * Reads HTML as Markdown, without scripts, styles and hidden parts: the readable article of the page, or, where there is none, all
 * of its text but navigation. A large page is read on another thread. `metadata` has `author`, `site`, `language` and `published` where the page names them.
 * @throws {PipewrightError} `dependency-missing` without `linkedom`, `@mozilla/readability` and `turndown`.
 * @example (await htmlLoader()({ source: 'a.html', bytes: Buffer.from('<h2>Hi</h2><p>You</p>') })).documents[0]?.text // => '## Hi\n\nYou'
 */
export const htmlLoader = ({ content = 'article' }: HtmlLoaderOptions = {}): Step<SourceFile, Loaded> =>
  defineLoader(
    'html',
    readApart({ name: 'htmlLoader', options: [{ content }] }, (file) => readHtml(file, content)),
  );

const readHtml = async ({ source, bytes, charset }: SourceFile, content: 'article' | 'page'): Promise<LoadedParts> => {
  const { text: html, notices } = decodeText(bytes, source, charset ?? declaredCharset(bytes));
  const document = await parseHtml(normalizeNewlines(html), source);
  removeHidden(document);
  const pageTitle = document.querySelector('title')?.textContent?.trim();
  const article = content === 'article' ? await articleOf(document) : undefined;
  const root = article?.root ?? bodyWithoutNavigation(document, content);
  const text = await toMarkdown(root, { baseUrl: source });
  const title = article?.title || pageTitle;
  const metadata: Metadata = { format: 'html', ...article?.metadata };
  return {
    documents: [documentOf({ id: source, text, source, title: title?.replace(/\s+/g, ' '), metadata })],
    notices: text === '' ? [...notices, `${source} holds no readable text.`] : notices,
  };
};

const headBytes = 1_024;

/** The character set that a `<meta>` tag near the beginning names. */
const declaredCharset = (bytes: Uint8Array): string | undefined => {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, headBytes));
  return /<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]+)/i.exec(head)?.[1];
};

/** Parses HTML into a DOM; also a fragment without `<html>` and `<body>`. */
export const parseHtml = async (html: string, source: string): Promise<globalThis.Document> => {
  const { parseHTML } = await loadOptional('linkedom', 'reading HTML', () => import('linkedom'));
  try {
    const isWhole = /<body[\s>]/i.test(html);
    return parseHTML(isWhole ? html : `<!doctype html><html><head></head><body>${html}</body></html>`).document;
  } catch (cause) {
    throw new PipewrightError('document-damaged', `${source} cannot be parsed as HTML (${messageOf(cause)}).`, {
      cause,
      details: { where: source },
    });
  }
};

/** What a reader does not see, and the "[edit]" beside the headings of MediaWiki pages, which would get into their names. */
const hiddenSelector =
  'script, style, noscript, template, svg, iframe, object, [hidden], [aria-hidden="true"], .mw-editsection';

const removeHidden = (document: globalThis.Document): void => {
  for (const node of [...document.querySelectorAll(hiddenSelector)]) node.remove();
  for (const node of [...document.querySelectorAll('[style]')]) {
    if (/(?:display\s*:\s*none|visibility\s*:\s*hidden)/i.test(node.getAttribute('style') ?? '')) node.remove();
  }
};

interface Article {
  readonly root: object;
  readonly title: string | undefined;
  readonly metadata: Metadata;
}

const articleOf = async (document: globalThis.Document): Promise<Article | undefined> => {
  const { Readability } = await loadOptional(
    '@mozilla/readability',
    'finding the article of a page',
    () => import('@mozilla/readability'),
  );
  // It takes the document apart: what is left must still be there when it finds nothing.
  const copy = document.cloneNode(true) as globalThis.Document;
  const found = new Readability<object>(copy, { serializer: (node) => node }).parse();
  if (!found?.content || (found.textContent ?? '').trim() === '') return undefined;
  const facts = { author: found.byline, site: found.siteName, language: found.lang, published: found.publishedTime };
  const known = Object.entries(facts).filter(
    (fact): fact is [string, string] => typeof fact[1] === 'string' && fact[1] !== '',
  );
  return { root: found.content, title: found.title ?? undefined, metadata: Object.fromEntries(known) };
};

const bodyWithoutNavigation = (document: globalThis.Document, content: 'article' | 'page'): object => {
  if (content === 'article') {
    for (const node of [...document.querySelectorAll('nav, footer, form, button')]) node.remove();
  }
  return document.body;
};
