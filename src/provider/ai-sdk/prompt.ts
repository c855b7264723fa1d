import {
  assertNever,
  type CacheLifetime,
  type FilePart,
  type ImagePart,
  type Message,
  type Part,
  partsOf,
  type Role,
  textOf,
  type ToolResultPart,
} from '../../core/index.js';
import {
  base64Of,
  imageMediaType,
  misplacedPart,
  outputParts,
  type RenderedSources,
  renderSources,
} from '../shared/index.js';
import { metadataOf } from './metadata.js';

type Block = Readonly<Record<string, unknown>>;

export interface PromptSettings {
  /** Names the model in errors. */
  readonly id: string;
  readonly provider: string;
  /** Of the specification that the model speaks. */
  readonly version: 'v3' | 'v4';
}

interface Writing extends PromptSettings {
  readonly sources: RenderedSources;
}

/** Which parts a message may hold, by role. */
const allowed: Readonly<Record<Role, ReadonlySet<Part['type']>>> = {
  system: new Set<Part['type']>(['text']),
  user: new Set<Part['type']>(['text', 'image', 'file', 'source']),
  assistant: new Set<Part['type']>(['text', 'image', 'file', 'tool-call', 'reasoning', 'provider']),
  tool: new Set<Part['type']>(['tool-result']),
};

/** A conversation in the form of the AI SDK. It knows no sources to be cited, so they are written out and numbered. */
export const aiSdkPrompt = (settings: PromptSettings, messages: readonly Message[]): readonly Block[] => {
  const writing: Writing = { ...settings, sources: renderSources(messages) };
  return messages.flatMap((message) => {
    const { role } = message;
    const parts = partsOf(message);
    const misplaced = parts.find(({ type }) => !allowed[role].has(type));
    if (misplaced !== undefined) throw misplacedPart(settings.id, role, misplaced);
    if (role === 'system') return [withOptions({ role, content: textOf(message) }, parts.findLast(isCached))];
    const content = parts.flatMap((part) => blockOf(writing, part));
    return content.length === 0 ? [] : [{ role, content }];
  });
};

const isCached = (part: Part): boolean => 'cache' in part && part.cache !== undefined;

/** What a part says to its provider: metadata of its own, and the mark of a prompt cache, which only Anthropic's models read. */
const withOptions = (block: Block, part: Part | undefined): Block => {
  const cache =
    part !== undefined && 'cache' in part && part.cache !== undefined ? cacheOptions(part.cache) : undefined;
  const own = part !== undefined && 'opaque' in part ? metadataOf(part.opaque) : undefined;
  return cache === undefined && own === undefined ? block : { ...block, providerOptions: { ...cache, ...own } };
};

const cacheOptions = (ttl: CacheLifetime): Block => ({ anthropic: { cacheControl: { type: 'ephemeral', ttl } } });

const blockOf = (writing: Writing, part: Part): readonly Block[] => {
  const { provider } = writing;
  switch (part.type) {
    case 'text':
      return part.text === '' ? [] : [withOptions({ type: 'text', text: part.text }, part)];
    case 'reasoning':
      return [withOptions({ type: 'reasoning', text: part.text }, part)];
    case 'image':
      return [withOptions(fileBlock(writing, part, imageMediaType(part)), part)];
    case 'file':
      return [withOptions({ ...fileBlock(writing, part, part.mediaType), filename: part.name }, part)];
    case 'source':
      return [withOptions({ type: 'text', text: writing.sources.render([part]) }, part)];
    case 'tool-call': {
      const { id, name, input } = part;
      return [withOptions({ type: 'tool-call', toolCallId: id, toolName: name, input }, part)];
    }
    case 'tool-result': {
      const { id, name } = part;
      const output = outputOf(writing, part);
      return [withOptions({ type: 'tool-result', toolCallId: id, toolName: name, output }, part)];
    }
    case 'provider':
      return part.provider === provider ? [part.data as Block] : [];
    default:
      return assertNever(part);
  }
};

const fileBlock = ({ version }: Writing, { data }: ImagePart | FilePart, mediaType: string): Block => {
  const isUrl = data instanceof URL;
  if (version === 'v3') return { type: 'file', data, mediaType };
  return { type: 'file', data: isUrl ? { type: 'url', url: data } : { type: 'data', data }, mediaType };
};

const outputOf = (writing: Writing, part: ToolResultPart): Block => {
  const { output, isError = false } = part;
  const parts = outputParts(part);
  if (parts !== undefined && !isError) {
    return { type: 'content', value: parts.flatMap((inner) => contentOf(writing, inner)) };
  }
  const prefix = isError ? 'error-' : '';
  if (typeof output === 'string') return { type: `${prefix}text`, value: output };
  return { type: `${prefix}json`, value: output === undefined ? null : output };
};

/** Version 3 has types of its own for what a tool may return. */
const contentOf = (writing: Writing, part: Part): readonly Block[] => {
  if (part.type === 'provider') return [];
  if (part.type === 'source') return [{ type: 'text', text: [part.title ?? part.id, part.text].join('\n') }];
  if (writing.version === 'v4' || (part.type !== 'image' && part.type !== 'file')) return blockOf(writing, part);
  const { data } = part;
  const mediaType = part.type === 'image' ? imageMediaType(part) : part.mediaType;
  const kind = part.type === 'image' ? 'image' : 'file';
  if (data instanceof URL) return [{ type: `${kind}-url`, url: data.href }];
  return [{ type: `${kind}-data`, data: base64Of(data), mediaType }];
};
