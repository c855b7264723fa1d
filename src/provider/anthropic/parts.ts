import {
  assertNever,
  type FilePart,
  type ImagePart,
  type Message,
  type Part,
  type SourcePart,
  type ToolCallPart,
  type ToolResultPart,
} from '../../core/index.js';
import { base64Of, imageMediaType, misplacedPart, outputParts, outputText } from '../shared/index.js';
import { cacheControl } from './cache.js';
import { type Block, thinkingBlock } from './thinking.js';

/** What is known while the messages of one request are written. */
export interface Wiring {
  readonly id: string;
  /** Whether documents can be cited: the API wants it of all of them or of none. */
  readonly isCiting: boolean;
  /** What each document block is, in order: the id of its source, or the name of its file. */
  readonly documentIds: string[];
}

/** Which parts a message may hold, by role. */
const allowed: Readonly<Record<'user' | 'assistant' | 'tool', ReadonlySet<Part['type']>>> = {
  user: new Set<Part['type']>(['text', 'image', 'file', 'source', 'provider']),
  assistant: new Set<Part['type']>(['text', 'tool-call', 'reasoning', 'provider']),
  tool: new Set<Part['type']>(['tool-result']),
};

/** The content blocks that a part becomes: one, or none. */
export const wirePart = (wiring: Wiring, { role }: Message, part: Part): readonly Block[] => {
  if (role !== 'system' && !allowed[role].has(part.type)) throw misplacedPart(wiring.id, role, part);
  const block = blockOf(wiring, part);
  if (block === undefined) return [];
  const cache = 'cache' in part ? part.cache : undefined;
  return [cache === undefined ? block : { ...block, cache_control: cacheControl(cache) }];
};

const blockOf = (wiring: Wiring, part: Part): Block | undefined => {
  switch (part.type) {
    case 'text':
      // The API refuses empty text.
      return part.text.trim() === '' ? undefined : { type: 'text', text: part.text };
    case 'image':
      return { type: 'image', source: imageSource(part) };
    case 'file':
      return fileBlock(wiring, part);
    case 'source':
      return document(wiring, part.id, { type: 'text', media_type: 'text/plain', data: part.text }, part.title);
    case 'tool-call':
      return { type: 'tool_use', id: part.id, name: part.name, input: objectInput(part), caller: callerOf(part) };
    case 'tool-result':
      return { type: 'tool_result', tool_use_id: part.id, content: outputOf(wiring, part), is_error: part.isError };
    case 'reasoning':
      return thinkingBlock(part);
    case 'provider':
      return part.provider === 'anthropic' ? ownBlock(wiring, part.data as Block) : undefined;
    default:
      return assertNever(part);
  }
};

/** A block goes back as it came; a container is no block, the request names it elsewhere. */
const ownBlock = ({ documentIds }: Wiring, block: Block): Block | undefined => {
  if (block.type === 'container') return undefined;
  if (block.type === 'document') documentIds.push(typeof block.title === 'string' ? block.title : '');
  return block;
};

const document = ({ isCiting, documentIds }: Wiring, id: string, source: Block, title: string | undefined): Block => {
  documentIds.push(id);
  return { type: 'document', source, title, citations: isCiting ? { enabled: true } : undefined };
};

const imageSource = (part: ImagePart): Block =>
  part.data instanceof URL
    ? { type: 'url', url: part.data.href }
    : { type: 'base64', media_type: imageMediaType(part), data: base64Of(part.data) };

/** Types that the API reads as plain text. */
const textTypes = /^text\/|[/+](?:json|xml|yaml)$/;

const fileBlock = (wiring: Wiring, { data, mediaType, name }: FilePart): Block => {
  if (mediaType.startsWith('image/')) {
    return { type: 'image', source: imageSource({ type: 'image', data, mediaType }) };
  }
  const id = name ?? (data instanceof URL ? data.href : `document-${wiring.documentIds.length}`);
  return document(wiring, id, fileSource(data, mediaType), name);
};

const fileSource = (data: FilePart['data'], mediaType: string): Block => {
  if (data instanceof URL) return { type: 'url', url: data.href };
  if (textTypes.test(mediaType)) {
    return { type: 'text', media_type: 'text/plain', data: new TextDecoder().decode(data) };
  }
  return { type: 'base64', media_type: mediaType, data: base64Of(data) };
};

const outputOf = (wiring: Wiring, result: ToolResultPart): string | readonly Block[] => {
  const parts = outputParts(result);
  if (parts === undefined) return outputText(result);
  return parts.flatMap((part) => {
    const block = part.type === 'source' ? searchResult(wiring, part) : blockOf(wiring, part);
    return block === undefined ? [] : [block];
  });
};

/** What a tool found can be cited too; the API names it by its `source`. */
const searchResult = ({ isCiting }: Wiring, { id, title = id, text }: SourcePart): Block => ({
  type: 'search_result',
  source: id,
  title,
  content: [{ type: 'text', text }],
  citations: isCiting ? { enabled: true } : undefined,
});

/** The API takes objects only; arguments that were no valid JSON object go back under a name that says so. */
const objectInput = ({ input }: ToolCallPart): unknown =>
  typeof input === 'object' && input !== null && !Array.isArray(input) ? input : { invalid_arguments: input };

const caller = 'anthropic-caller:';

/** Names the code, run by the server, that made a call; the API wants it back with the call. */
export const opaqueCaller = (value: Block): string => caller + JSON.stringify(value);

const callerOf = ({ opaque = '' }: ToolCallPart): Block | undefined =>
  opaque.startsWith(caller) ? (JSON.parse(opaque.slice(caller.length)) as Block) : undefined;
