import type { Server } from '@modelcontextprotocol/server';
import { createRun, type Document, PipewrightError, type Run } from '../../core/index.js';
import { answering } from './protocol-error.js';
import type { ServedResources } from './types.js';

const pageSize = 100;

const documentUri = (id: string): string => `document:${encodeURIComponent(id)}`;
const searchStart = 'search:';

const mediaTypeOf = ({ metadata }: Document): string =>
  typeof metadata?.mediaType === 'string' ? metadata.mediaType : 'text/plain';

const contentsOf = (document: Document) => ({
  uri: documentUri(document.id),
  mimeType: mediaTypeOf(document),
  text: document.text,
});

const notFound = (uri: string): PipewrightError =>
  new PipewrightError('not-found', `There is no resource \`${uri.slice(0, 200)}\`.`);

const offsetOf = (cursor = '0'): number => {
  if (/^\d{1,9}$/u.test(cursor)) return Number(cursor);
  throw new PipewrightError('bad-input', 'The cursor is none of this server.');
};

const queryIn = (uri: string): string => {
  try {
    return decodeURIComponent(uri.slice(searchStart.length));
  } catch {
    throw notFound(uri);
  }
};

/** Serves documents by their addresses, and what a search finds. */
export const serveResources = (server: Server, { documents = [], retriever }: ServedResources): void => {
  const byUri = new Map(documents.map((document) => [documentUri(document.id), document]));
  const all = [...byUri].map(([uri, document]) => ({
    uri,
    name: document.title ?? document.id,
    mimeType: mediaTypeOf(document),
  }));
  const template = { uriTemplate: `${searchStart}{query}`, name: 'search', description: 'What a search finds.' };
  server.setRequestHandler(
    'resources/list',
    answering(async ({ params }) => {
      const from = offsetOf(params?.cursor);
      const to = from + pageSize;
      return { resources: all.slice(from, to), ...(to < all.length ? { nextCursor: String(to) } : {}) };
    }),
  );
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: retriever === undefined ? [] : [template],
  }));
  const search = async (uri: string, run: Run) => {
    if (retriever === undefined || !uri.startsWith(searchStart)) throw notFound(uri);
    return (await retriever(queryIn(uri), run)).map(contentsOf);
  };
  server.setRequestHandler(
    'resources/read',
    answering(async ({ params: { uri } }, { mcpReq }) => {
      const document = byUri.get(uri);
      const contents =
        document === undefined ? await search(uri, createRun({ signal: mcpReq.signal })) : [contentsOf(document)];
      return { contents };
    }),
  );
};
