import type { ModelCitation } from '../../model/index.js';

/** What we read of a citation of the Messages API; which fields there are depends on what is cited. */
export interface WireCitation {
  readonly type?: string;
  readonly cited_text?: string;
  /** Of documents. */
  readonly document_index?: number;
  readonly document_title?: string | null;
  /** Of PDF documents, from 1. */
  readonly start_page_number?: number;
  /** Of search results that a tool of the caller returned: what the request named them by. */
  readonly source?: string;
  /** Of the server's own web search. */
  readonly url?: string;
  readonly title?: string | null;
}

/**
 * What each document of the request is, in order. Undefined where the request is not at hand: then documents go by their titles
 * and places.
 */
export type DocumentIds = readonly string[] | undefined;

/** Where the text that rests on a citation stands in the text of the reply. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** A citation supports the whole text block that it came with. One that names nothing is left out. */
export const citationOf = (wire: WireCitation, documentIds: DocumentIds, span: Span): ModelCitation | undefined => {
  const found = sourceOf(wire, documentIds);
  if (found === undefined || found.sourceId === '' || wire.cited_text === undefined) return undefined;
  const page = wire.start_page_number === undefined ? {} : { page: wire.start_page_number };
  return { ...found, quote: wire.cited_text, ...page, ...span };
};

const sourceOf = (
  { document_index, document_title, source, url, title }: WireCitation,
  documentIds: DocumentIds,
): Pick<ModelCitation, 'sourceId' | 'title'> | undefined => {
  const named = title ? { title } : {};
  if (url !== undefined) return { sourceId: url, ...named };
  if (source !== undefined) return { sourceId: source };
  if (document_index === undefined) return undefined;
  if (documentIds === undefined) return { sourceId: document_title || `document-${document_index}` };
  const own = documentIds[document_index];
  if (own !== undefined) return { sourceId: own };
  // A page that the server fetched by itself.
  return document_title ? { sourceId: document_title, title: document_title } : undefined;
};
