import type { ContentBlock, ReadResourceResult } from '@modelcontextprotocol/client';
import { type Document, type Metadata, type Part, PipewrightError } from '../../core/index.js';
import type { McpContent } from './types.js';

type Contents = ReadResourceResult['contents'][number];

const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

const binary = (base64: string, mediaType: string, name?: string): McpContent =>
  mediaType.startsWith('image/')
    ? { type: 'image', data: bytesOf(base64), mediaType }
    : { type: 'file', data: bytesOf(base64), mediaType, ...(name === undefined ? {} : { name }) };

/** What is behind an address, or was put into a message from there. */
export const resourceContent = (contents: Contents): McpContent => {
  if ('text' in contents) return { type: 'source', id: contents.uri, text: contents.text };
  return binary(contents.blob, contents.mimeType ?? 'application/octet-stream', contents.uri);
};

export const contentOf = (block: ContentBlock): McpContent => {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text };
    case 'image':
    case 'audio':
      return binary(block.data, block.mimeType);
    case 'resource':
      return resourceContent(block.resource);
    case 'resource_link': {
      const { uri, name, description, mimeType } = block;
      return {
        type: 'link',
        uri,
        name,
        ...(description === undefined ? {} : { description }),
        ...(mimeType === undefined ? {} : { mediaType: mimeType }),
      };
    }
    default:
      throw new PipewrightError(
        'output-invalid',
        `There is no content of type \`${(block as { type: string }).type}\`.`,
      );
  }
};

/** A part of a message. A link is told in words, for models cannot follow it. */
export const partOf = (content: McpContent): Part =>
  content.type === 'link' ? { type: 'text', text: `[${content.name}](${content.uri})` } : content;

/** What a model is shown in a result of a tool: no bytes, only that there are some. */
const shownOf = (content: McpContent): unknown => {
  if (content.type !== 'image' && content.type !== 'file') return content;
  const { type, data, mediaType } = content;
  return { type, mediaType, sizeBytes: data instanceof URL ? 0 : data.length };
};

/** The text of a result that is nothing but text. */
export const joinedText = (content: readonly McpContent[]): string | undefined =>
  content.every(({ type }) => type === 'text')
    ? content.map((each) => (each.type === 'text' ? each.text : '')).join('\n')
    : undefined;

/**
 * What a model gets of a result, as plain data: the value where there is one, else the text, else the pieces. Servers repeat the
 * value as text for clients that cannot read it.
 */
export const modelOutput = (content: readonly McpContent[], structured: unknown): unknown => {
  const others = content.filter(({ type }) => type !== 'text').map(shownOf);
  if (structured !== undefined) return others.length === 0 ? structured : { value: structured, content: others };
  return joinedText(content) ?? content.map(shownOf);
};

export const documentsOf = (uri: string, contents: readonly Contents[]): readonly Document[] => {
  const documents = contents.flatMap((each): readonly Document[] => {
    if (!('text' in each)) return [];
    const metadata: Metadata = each.mimeType === undefined ? {} : { mediaType: each.mimeType };
    return [{ id: each.uri, text: each.text, source: each.uri, metadata }];
  });
  if (documents.length > 0 || contents.length === 0) return documents;
  const types = contents.map(({ mimeType }) => mimeType ?? 'bytes').join(', ');
  throw new PipewrightError('document-unsupported', `\`${uri}\` has no text, but ${types}. Take \`contents\` of it.`, {
    details: { where: uri },
  });
};
