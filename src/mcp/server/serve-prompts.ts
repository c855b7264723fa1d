import type { ContentBlock, Server } from '@modelcontextprotocol/server';
import { type FilePart, type ImagePart, type Message, type Part, partsOf, PipewrightError } from '../../core/index.js';
import { answering } from './protocol-error.js';
import type { ServedPrompt } from './types.js';

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const binaryBlock = ({ type, data, mediaType = 'image/png' }: ImagePart | FilePart): ContentBlock => {
  if (data instanceof URL) return { type: 'resource_link', uri: data.href, name: data.href, mimeType: mediaType };
  if (type === 'image') return { type: 'image', data: base64(data), mimeType: mediaType };
  return { type: 'resource', resource: { uri: 'file:attached', blob: base64(data), mimeType: mediaType } };
};

const blockOf = (part: Part): ContentBlock => {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image':
    case 'file':
      return binaryBlock(part);
    case 'source':
      return { type: 'resource', resource: { uri: `document:${encodeURIComponent(part.id)}`, text: part.text } };
    default:
      throw new PipewrightError('unsupported', `A prompt for MCP clients cannot have a part of type \`${part.type}\`.`);
  }
};

/** The protocol knows users and assistants alone: what a system message says comes from the user. */
const promptMessages = (message: Message) => {
  const role = message.role === 'assistant' ? ('assistant' as const) : ('user' as const);
  return partsOf(message).map((part) => ({ role, content: blockOf(part) }));
};

/** Serves chat prompts by their names. */
export const servePrompts = (server: Server, prompts: Readonly<Record<string, ServedPrompt>>): void => {
  const byName = new Map(Object.entries(prompts));
  const listed = [...byName].map(([name, { description, prompt }]) => ({
    name,
    ...(description === undefined ? {} : { description }),
    arguments: prompt.variables.map((variable) => ({ name: variable, required: true })),
  }));
  server.setRequestHandler('prompts/list', () => ({ prompts: listed }));
  server.setRequestHandler(
    'prompts/get',
    answering(async ({ params: { name, arguments: values = {} } }) => {
      const served = byName.get(name);
      if (served === undefined) throw new PipewrightError('bad-input', `There is no prompt \`${name.slice(0, 80)}\`.`);
      return { messages: served.prompt.format(values as never).flatMap(promptMessages) };
    }),
  );
};
