import {
  assertNever,
  type Message,
  type Part,
  partsOf,
  PipewrightError,
  type SourcePart,
  type ToolResultPart,
} from '../../../core/index.js';
import { type RenderedSources, renderSources } from '../sources.js';
import { misplacedPart, outputParts, outputText } from '../wire-parts.js';
import { wireAssistant } from './assistant.js';
import { wireMedia } from './media-parts.js';
import type { ChatSettings, Wire } from './quirks.js';

/** The conversation as `messages` of the Chat Completions API; one of our messages may become several. */
export const wireMessages = (settings: ChatSettings, messages: readonly Message[]): readonly Wire[] => {
  const sources = renderSources(messages);
  return messages.flatMap((message) => wireMessage(settings, message, sources));
};

const wireMessage = (settings: ChatSettings, message: Message, sources: RenderedSources): readonly Wire[] => {
  switch (message.role) {
    case 'system':
    case 'user':
      return [{ role: message.role, content: wireContent(settings, message, sources) }];
    case 'assistant':
      return [wireAssistant(settings, message)];
    case 'tool':
      return partsOf(message).map((part) => {
        if (part.type !== 'tool-result') throw misplacedPart(settings.id, 'tool', part);
        return wireToolResult(settings, part);
      });
    default:
      return assertNever(message.role);
  }
};

/** Plain text goes as one string, which every server reads. Sources stand before the question. */
const wireContent = (settings: ChatSettings, message: Message, sources: RenderedSources): string | readonly Wire[] => {
  const parts = partsOf(message).filter((part) => part.type !== 'provider');
  const given = parts.filter((part): part is SourcePart => part.type === 'source');
  const others = parts.filter((part) => part.type !== 'source');
  const rendered: readonly Part[] = given.length === 0 ? [] : [{ type: 'text', text: sources.render(given) }];
  const content = [...rendered, ...others].map((part) => wirePart(settings, message, part));
  const isPlain = content.every((part) => part.type === 'text' && Object.keys(part).length === 2);
  return isPlain ? content.map((part) => part.text).join('\n\n') : content;
};

const wirePart = (settings: ChatSettings, { role }: Message, part: Part): Wire => {
  const { cacheMark } = settings.quirks;
  const mark = 'cache' in part && part.cache !== undefined ? cacheMark?.[part.cache] : undefined;
  if (part.type === 'text') return { type: 'text', text: part.text, ...mark };
  if (role === 'user' && (part.type === 'image' || part.type === 'file')) {
    return { ...wireMedia(settings, part), ...mark };
  }
  throw misplacedPart(settings.id, role, part);
};

/** This API has no mark for a failed tool, so the text says it. */
const wireToolResult = (settings: ChatSettings, part: ToolResultPart): Wire => {
  const text = resultText(settings, part);
  return { role: 'tool', tool_call_id: part.id, content: part.isError === true ? `Error: ${text}` : text };
};

const resultText = ({ id }: ChatSettings, part: ToolResultPart): string => {
  const parts = outputParts(part);
  if (parts === undefined) return outputText(part);
  return parts
    .map((inner) => {
      if (inner.type === 'text' || inner.type === 'source') return inner.text;
      const what = `${id} takes results of tools as text, and the tool \`${part.name}\` gave a part of the type`;
      throw new PipewrightError('unsupported', `${what} \`${inner.type}\`. Put it into a message of the user.`);
    })
    .join('\n\n');
};
