import {
  type CacheLifetime,
  type FilePart,
  type ImagePart,
  type Message,
  type Part,
  partsOf,
  type SourcePart,
  type ToolCallPart,
  type ToolResultPart,
} from '../../../core/index.js';
import {
  base64Of,
  dataUrl,
  imageMediaType,
  misplacedPart,
  outputParts,
  outputText,
  type RenderedSources,
  renderSources,
} from '../../shared/index.js';
import { ownOpaque, wireReasoning } from './reasoning.js';
import type { Wire } from './wire.js';

export interface ItemSettings {
  readonly id: string;
  readonly provider: string;
  /** What is put on a part up to which the prompt will come again; undefined where the model has no such mark. */
  readonly cacheMark: Readonly<Record<CacheLifetime, Wire>> | undefined;
}

/** The conversation as `input` of the Responses API; one of our messages may become several items. */
export const wireItems = (settings: ItemSettings, messages: readonly Message[]): readonly Wire[] => {
  const sources = renderSources(messages);
  return messages.flatMap((message) => {
    if (message.role === 'assistant') return assistantItems(settings, message);
    if (message.role === 'tool') return toolItems(settings, message);
    return inputItems(settings, message, sources);
  });
};

/** A piece that only its provider understands, as it came; none for those of others. */
const providerItems = ({ provider }: ItemSettings, part: Part): readonly Wire[] =>
  part.type === 'provider' && part.provider === provider ? [part.data as Wire] : [];

/** A message of the system or the user. A single text stays a string, which every compatible server reads. */
const inputItems = (settings: ItemSettings, message: Message, sources: RenderedSources): readonly Wire[] => {
  const parts = partsOf(message);
  const given = parts.filter((part): part is SourcePart => part.type === 'source');
  const others = parts.filter((part) => part.type !== 'source' && part.type !== 'provider');
  const rendered: readonly Part[] = given.length === 0 ? [] : [{ type: 'text', text: sources.render(given) }];
  const content = [...rendered, ...others].map((part) => inputContent(settings, message, part));
  const own = parts.flatMap((part) => providerItems(settings, part));
  return content.length === 0 && own.length > 0 ? own : [{ role: message.role, content: shortened(content) }, ...own];
};

const shortened = (content: readonly Wire[]): unknown => {
  const [only, ...more] = content;
  if (only === undefined) return '';
  return more.length === 0 && Object.keys(only).join() === 'type,text' ? only.text : content;
};

const inputContent = (settings: ItemSettings, { role }: Message, part: Part): Wire => {
  const content = contentOf(part);
  if (content === undefined || (role === 'system' && part.type !== 'text')) {
    throw misplacedPart(settings.id, role, part);
  }
  const mark = 'cache' in part && part.cache !== undefined ? settings.cacheMark?.[part.cache] : undefined;
  return { ...content, ...mark };
};

const contentOf = (part: Part): Wire | undefined => {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text };
    case 'image':
      return { type: 'input_image', image_url: dataUrl(part.data, imageMediaType(part)) };
    case 'file':
      return wireFile(part);
    default:
      return undefined;
  }
};

const wireFile = ({ data, mediaType, name }: FilePart): Wire =>
  data instanceof URL
    ? { type: 'input_file', file_url: data.href }
    : { type: 'input_file', filename: name ?? 'file', file_data: dataUrl(data, mediaType) };

/**
 * What the model said, thought, called and did, item by item, in order. What another server thought or drew is left out. Ids of
 * messages and calls stay out: they name what the server may have stored, and a call that is named so is refused without the
 * reasoning before it.
 */
const assistantItems = (settings: ItemSettings, message: Message): readonly Wire[] => {
  const { id, provider } = settings;
  const items: Wire[] = [];
  let text: string | undefined;
  const flush = (facts: Wire = {}): void => {
    if (text !== undefined) items.push({ ...facts, role: 'assistant', content: text });
    text = undefined;
  };
  for (const part of partsOf(message)) {
    if (part.type === 'text') {
      text = (text ?? '') + part.text;
    } else if (isMessageMark(part, provider)) {
      flush(part.data);
    } else {
      flush();
      const drawing = items.at(-1);
      if (part.type === 'image' && isDrawing(drawing)) items[items.length - 1] = { ...drawing, result: bytesOf(part) };
      else if (part.type === 'reasoning') items.push(...[wireReasoning(provider, part) ?? []].flat());
      else if (part.type === 'tool-call') items.push(wireCall(provider, part));
      else if (part.type === 'provider') items.push(...providerItems(settings, part));
      else if (part.type === 'source' || part.type === 'tool-result') throw misplacedPart(id, 'assistant', part);
    }
  }
  flush();
  return items;
};

/** Behind the text of a message whose server told more of it than its text; see `messageMark`. */
const isMessageMark = (part: Part, provider: string): part is Part & { readonly data: Wire } =>
  part.type === 'provider' && part.provider === provider && (part.data as Wire).type === 'message';

/** A picture that the server drew: its bytes come as an image part behind the item that tells of it. */
const isDrawing = (item: Wire | undefined): boolean =>
  item?.type === 'image_generation_call' && item.result === undefined;

const bytesOf = ({ data }: ImagePart): string => (data instanceof URL ? data.href : base64Of(data));

/** Arguments that were no valid JSON go back as the text that they were. */
const wireCall = (provider: string, { id, name, input, opaque }: ToolCallPart): Wire => ({
  type: 'function_call',
  call_id: id,
  name,
  arguments: typeof input === 'string' ? input : (JSON.stringify(input) ?? '{}'),
  ...ownOpaque(provider, opaque),
});

const toolItems = (settings: ItemSettings, message: Message): readonly Wire[] =>
  partsOf(message).flatMap((part) => {
    if (part.type === 'provider') return providerItems(settings, part);
    if (part.type !== 'tool-result') throw misplacedPart(settings.id, 'tool', part);
    return [{ type: 'function_call_output', call_id: part.id, output: wireOutput(settings, part) }];
  });

/** Text, or what the tool gave in parts: pictures and files too. The API has no mark for a failed tool, so the text says it. */
const wireOutput = ({ id }: ItemSettings, part: ToolResultPart): string | readonly Wire[] => {
  const failed = part.isError === true ? 'Error: ' : '';
  const parts = outputParts(part);
  if (parts === undefined) return failed + outputText(part);
  const content = parts.map((inner) => {
    const wire = inner.type === 'source' ? { type: 'input_text', text: inner.text } : contentOf(inner);
    if (wire === undefined) throw misplacedPart(id, 'tool', inner);
    return wire;
  });
  return failed === '' ? content : [{ type: 'input_text', text: failed.trim() }, ...content];
};
