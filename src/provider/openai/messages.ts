import {
  assertNever,
  type FilePart,
  type Message,
  type Part,
  PipewrightError,
  partsOf,
  type SourcePart,
  type ToolCallPart,
  type ToolResultPart,
} from '../../core/index.js';
import {
  dataUrl,
  imageMediaType,
  misplacedPart,
  outputText,
  type RenderedSources,
  renderSources,
} from '../shared/index.js';

/** A message or content part in the form of the Chat Completions API. */
export type Wire = Readonly<Record<string, unknown>>;

/** The conversation as `messages` of the Chat Completions API; one of our messages may become several. */
export const wireMessages = (id: string, messages: readonly Message[]): readonly Wire[] => {
  const sources = renderSources(messages);
  return messages.flatMap((message) => wireMessage(id, message, sources));
};

const wireMessage = (id: string, message: Message, sources: RenderedSources): readonly Wire[] => {
  switch (message.role) {
    case 'system':
    case 'user':
      return [{ role: message.role, content: wireContent(id, message, sources) }];
    case 'assistant':
      return [wireAssistant(id, message)];
    case 'tool':
      return partsOf(message).map((part) => {
        if (part.type !== 'tool-result') throw misplacedPart(id, 'tool', part);
        return wireToolResult(part);
      });
    default:
      return assertNever(message.role);
  }
};

/** Plain text stays a string, which every compatible server reads. Sources stand before the question. */
const wireContent = (id: string, message: Message, sources: RenderedSources): string | readonly Wire[] => {
  const parts = partsOf(message);
  const given = parts.filter((part): part is SourcePart => part.type === 'source');
  const others = parts.filter((part) => part.type !== 'source');
  const rendered: readonly Part[] = given.length === 0 ? [] : [{ type: 'text', text: sources.render(given) }];
  const content = [...rendered, ...others].map((part) => wirePart(id, message, part));
  return content.every((part) => part.type === 'text') ? content.map((part) => part.text).join('\n\n') : content;
};

const wirePart = (id: string, { role }: Message, part: Part): Wire => {
  if (part.type === 'text') return { type: 'text', text: part.text };
  if (role === 'user' && part.type === 'image') {
    return { type: 'image_url', image_url: { url: dataUrl(part.data, imageMediaType(part)) } };
  }
  if (role === 'user' && part.type === 'file') return wireFile(id, part);
  throw misplacedPart(id, role, part);
};

const wireFile = (id: string, { data, mediaType, name = 'file' }: FilePart): Wire => {
  if (data instanceof URL) {
    throw new PipewrightError(
      'unsupported',
      `${id} takes files as bytes, not as a URL. Load ${data.origin}${data.pathname} and pass its bytes.`,
    );
  }
  return { type: 'file', file: { filename: name, file_data: dataUrl(data, mediaType) } };
};

/** Reasoning is left out: this API takes none back. */
const wireAssistant = (id: string, message: Message): Wire => {
  const texts: string[] = [];
  const calls: Wire[] = [];
  for (const part of partsOf(message)) {
    if (part.type === 'text') texts.push(part.text);
    else if (part.type === 'tool-call') calls.push(wireToolCall(part));
    else if (part.type !== 'reasoning') throw misplacedPart(id, 'assistant', part);
  }
  const content = texts.length === 0 && calls.length > 0 ? null : texts.join('');
  return { role: 'assistant', content, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
};

/** Arguments that were no valid JSON go back as the text that they were. */
const wireToolCall = ({ id, name, input }: ToolCallPart): Wire => ({
  id,
  type: 'function',
  function: { name, arguments: typeof input === 'string' ? input : (JSON.stringify(input) ?? '{}') },
});

/** This API has no mark for a failed tool, so the text says it. */
const wireToolResult = (part: ToolResultPart): Wire => ({
  role: 'tool',
  tool_call_id: part.id,
  content: part.isError === true ? `Error: ${outputText(part)}` : outputText(part),
});
