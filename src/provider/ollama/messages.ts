import {
  assertNever,
  type ImagePart,
  type Message,
  type Part,
  PipewrightError,
  partsOf,
  type SourcePart,
  type ToolCallPart,
} from '../../core/index.js';
import { base64Of, misplacedPart, outputText, type RenderedSources, renderSources } from '../shared/index.js';

/** A message or a body in the form of Ollama's own API. */
export type Wire = Readonly<Record<string, unknown>>;

/** The conversation as `messages` of `/api/chat`; one of our messages may become several. */
export const wireMessages = (id: string, messages: readonly Message[]): readonly Wire[] => {
  const sources = renderSources(messages);
  return messages.flatMap((message): readonly Wire[] => {
    switch (message.role) {
      case 'system':
      case 'user':
        return [{ role: message.role, ...wireContent(id, message, sources) }];
      case 'assistant':
        return [wireAssistant(id, message)];
      case 'tool':
        return partsOf(message).map((part) => wireResult(id, part));
      default:
        return assertNever(message.role);
    }
  });
};

interface WireContent {
  readonly content: string;
  readonly images: readonly string[] | undefined;
}

const wireContent = (id: string, message: Message, sources: RenderedSources): WireContent => {
  const texts: string[] = [];
  const images: string[] = [];
  const given: SourcePart[] = [];
  for (const part of partsOf(message)) {
    if (part.type === 'text') texts.push(part.text);
    else if (part.type === 'source') given.push(part);
    else if (part.type === 'image' && message.role === 'user') images.push(wireImage(id, part));
    else throw misplacedPart(id, message.role, part);
  }
  // Sources stand before the question.
  const content = [...(given.length === 0 ? [] : [sources.render(given)]), ...texts].join('\n\n');
  return { content, images: images.length === 0 ? undefined : images };
};

const wireImage = (id: string, { data }: ImagePart): string => {
  if (data instanceof Uint8Array) return base64Of(data);
  throw new PipewrightError(
    'unsupported',
    `${id} takes pictures as bytes, not as a URL. Load ${data.origin}${data.pathname} and pass its bytes.`,
  );
};

const wireAssistant = (id: string, message: Message): Wire => {
  const texts: string[] = [];
  const thoughts: string[] = [];
  const calls: Wire[] = [];
  for (const part of partsOf(message)) {
    if (part.type === 'text') texts.push(part.text);
    else if (part.type === 'reasoning') thoughts.push(part.text);
    else if (part.type === 'tool-call') calls.push(wireCall(part));
    else if (part.type !== 'provider') throw misplacedPart(id, 'assistant', part);
  }
  return {
    role: 'assistant',
    content: texts.join(''),
    thinking: thoughts.length === 0 ? undefined : thoughts.join(''),
    tool_calls: calls.length === 0 ? undefined : calls,
  };
};

/** Arguments must be an object; those that were no valid JSON go back inside one. */
const wireCall = ({ id, name, input }: ToolCallPart): Wire => {
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  return { id, function: { name, arguments: isObject ? input : { input } } };
};

/** The API has no mark for a failed tool, so the text says it. */
const wireResult = (id: string, part: Part): Wire => {
  if (part.type !== 'tool-result') throw misplacedPart(id, 'tool', part);
  const content = part.isError === true ? `Error: ${outputText(part)}` : outputText(part);
  return { role: 'tool', content, tool_name: part.name, tool_call_id: part.id };
};

/** One question with its rules, as `/api/generate` takes it. */
export const wirePrompt = (id: string, messages: readonly Message[]): Wire => {
  const wire = wireMessages(id, messages);
  const rules = wire.filter(({ role }) => role === 'system').map(({ content }) => content);
  const [question, ...others] = wire.filter(({ role }) => role !== 'system');
  if (question === undefined || question.role !== 'user' || others.length > 0) {
    throw new PipewrightError(
      'unsupported',
      `${id} was made with \`api: 'generate'\`, which takes one message of the user. Use \`api: 'chat'\` for conversations.`,
    );
  }
  const { content: prompt, images } = question;
  return { prompt, system: rules.length === 0 ? undefined : rules.join('\n\n'), images };
};
