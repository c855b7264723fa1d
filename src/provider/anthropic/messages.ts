import {
  assertNever,
  type FilePart,
  type ImagePart,
  type Message,
  type Part,
  partsOf,
  textOf,
  type ToolCallPart,
} from '../../core/index.js';
import { base64Of, imageMediaType, misplacedPart, outputText } from '../shared/index.js';
import { type Block, thinkingBlock } from './reasoning.js';

/** The conversation in the form of the Messages API. */
export interface WireConversation {
  readonly system: string | undefined;
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: readonly Block[] }[];
  /** What each document block is, in order: the id of its source, or the name of its file. */
  readonly documentIds: readonly string[];
}

interface Wiring {
  readonly id: string;
  /** All documents must be citable or none; sources are there to be cited. */
  readonly isCiting: boolean;
  readonly documentIds: string[];
}

/** System messages go into the field of their own, and messages of one side in a row become one, as the API wants them. */
export const wireConversation = (id: string, messages: readonly Message[]): WireConversation => {
  const isCiting = messages.some((message) => partsOf(message).some((part) => part.type === 'source'));
  const wiring: Wiring = { id, isCiting, documentIds: [] };
  const systems: string[] = [];
  const turns: { readonly role: 'user' | 'assistant'; readonly content: Block[] }[] = [];
  for (const message of messages) {
    if (message.role === 'system') {
      systems.push(systemText(id, message));
      continue;
    }
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const content = partsOf(message).flatMap((part) => wirePart(wiring, message, part));
    if (content.length === 0) continue;
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else turns.push({ role, content });
  }
  return {
    system: systems.length === 0 ? undefined : systems.join('\n\n'),
    messages: turns,
    documentIds: wiring.documentIds,
  };
};

const systemText = (id: string, message: Message): string => {
  const other = partsOf(message).find((part) => part.type !== 'text');
  if (other !== undefined) throw misplacedPart(id, 'system', other);
  return textOf(message);
};

/** Which parts a message may hold, by role. */
const allowed: Readonly<Record<'user' | 'assistant' | 'tool', ReadonlySet<Part['type']>>> = {
  user: new Set<Part['type']>(['text', 'image', 'file', 'source']),
  assistant: new Set<Part['type']>(['text', 'tool-call', 'reasoning', 'provider']),
  tool: new Set<Part['type']>(['tool-result']),
};

const wirePart = (wiring: Wiring, { role }: Message, part: Part): readonly Block[] => {
  if (role !== 'system' && !allowed[role].has(part.type)) throw misplacedPart(wiring.id, role, part);
  switch (part.type) {
    case 'text':
      // The API refuses empty text.
      return part.text.trim() === '' ? [] : [{ type: 'text', text: part.text }];
    case 'image':
      return [{ type: 'image', source: imageSource(part) }];
    case 'file':
      return [document(wiring, part.name ?? '', fileSource(part), part.name)];
    case 'source': {
      const source = { type: 'text', media_type: 'text/plain', data: part.text };
      return [document(wiring, part.id, source, part.title)];
    }
    case 'tool-call':
      return [{ type: 'tool_use', id: part.id, name: part.name, input: objectInput(part) }];
    case 'tool-result': {
      const content = outputText(part);
      return [{ type: 'tool_result', tool_use_id: part.id, content, is_error: part.isError }];
    }
    case 'reasoning': {
      const block = thinkingBlock(part);
      return block === undefined ? [] : [block];
    }
    case 'provider':
      return part.provider === 'anthropic' ? [part.data as Block] : [];
    default:
      return assertNever(part);
  }
};

const document = ({ isCiting, documentIds }: Wiring, id: string, source: Block, title: string | undefined): Block => {
  documentIds.push(id);
  return { type: 'document', source, title, citations: isCiting ? { enabled: true } : undefined };
};

const imageSource = (part: ImagePart): Block =>
  part.data instanceof URL
    ? { type: 'url', url: part.data.href }
    : { type: 'base64', media_type: imageMediaType(part), data: base64Of(part.data) };

const fileSource = ({ data, mediaType }: FilePart): Block => {
  if (data instanceof URL) return { type: 'url', url: data.href };
  if (mediaType.startsWith('text/'))
    return { type: 'text', media_type: 'text/plain', data: new TextDecoder().decode(data) };
  return { type: 'base64', media_type: mediaType, data: base64Of(data) };
};

/** The API takes objects only; arguments that were no valid JSON object go back under a name that says so. */
const objectInput = ({ input }: ToolCallPart): unknown =>
  typeof input === 'object' && input !== null && !Array.isArray(input) ? input : { invalid_arguments: input };
