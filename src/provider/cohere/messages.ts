import {
  assertNever,
  type Message,
  type Part,
  PipewrightError,
  partsOf,
  type ToolCallPart,
  type ToolResultPart,
} from '../../core/index.js';
import { dataUrl, imageMediaType, misplacedPart, outputParts, outputText } from '../shared/index.js';
import type { CallSources } from './documents.js';
import type { Wire } from './wire.js';

/** Marks reasoning that came as the plan of its tool calls, and goes back as that. */
export const planMark = 'tool-plan';

/** The conversation as `messages` of the Chat API v2; one of our messages may become several. */
export const wireMessages = (id: string, messages: readonly Message[], sources: CallSources): readonly Wire[] =>
  messages.flatMap((message): readonly Wire[] => {
    switch (message.role) {
      case 'system':
      case 'user':
        return [{ role: message.role, content: wireContent(id, message, sources.withText(message)) }];
      case 'assistant':
        return [wireAssistant(id, message)];
      case 'tool':
        return partsOf(message).map((part) => {
          if (part.type !== 'tool-result') throw misplacedPart(id, 'tool', part);
          return { role: 'tool', tool_call_id: part.id, content: wireOutput(id, part) };
        });
      default:
        return assertNever(message.role);
    }
  });

const wireContent = (id: string, { role }: Message, parts: readonly Part[]): string | readonly Wire[] => {
  const content = parts.map((part): Wire => {
    if (part.type === 'text') return { type: 'text', text: part.text };
    if (part.type !== 'image' || role !== 'user') throw misplacedPart(id, role, part);
    return { type: 'image_url', image_url: { url: dataUrl(part.data, imageMediaType(part)) } };
  });
  return content.every(({ type }) => type === 'text') ? content.map(({ text }) => text).join('\n\n') : content;
};

const wireAssistant = (id: string, message: Message): Wire => {
  const content: Wire[] = [];
  const calls: Wire[] = [];
  let plan = '';
  for (const part of partsOf(message)) {
    if (part.type === 'text') content.push({ type: 'text', text: part.text });
    else if (part.type === 'tool-call') calls.push(wireToolCall(part));
    else if (part.type === 'reasoning' && part.opaque === planMark) plan += part.text;
    else if (part.type === 'reasoning' && part.text !== '') content.push({ type: 'thinking', thinking: part.text });
    else if (part.type !== 'reasoning' && part.type !== 'provider') throw misplacedPart(id, 'assistant', part);
  }
  const isPlain = content.every(({ type }) => type === 'text');
  return {
    role: 'assistant',
    content: isPlain ? content.map(({ text }) => text).join('') || undefined : content,
    tool_plan: plan === '' || calls.length === 0 ? undefined : plan,
    tool_calls: calls.length === 0 ? undefined : calls,
  };
};

/** Arguments that were no valid JSON go back as the text that they were. */
const wireToolCall = ({ id, name, input }: ToolCallPart): Wire => ({
  id,
  type: 'function',
  function: { name, arguments: typeof input === 'string' ? input : (JSON.stringify(input) ?? '{}') },
});

/** The API has no mark for a failed tool, so the text says it. Sources go as documents, which the model cites. */
const wireOutput = (id: string, result: ToolResultPart): string | readonly Wire[] => {
  const parts = outputParts(result);
  if (parts === undefined) return result.isError === true ? `Error: ${outputText(result)}` : outputText(result);
  return parts.map((part): Wire => {
    if (part.type === 'text') return { type: 'text', text: part.text };
    if (part.type === 'source') return { type: 'document', document: wireDocument(part) };
    throw new PipewrightError(
      'unsupported',
      `${id} reads texts and sources from the tool ${result.name}, but no part of the type \`${part.type}\`.`,
    );
  });
};

/** A source as the API takes it, among the documents of the request or in the result of a tool. */
export const wireDocument = ({ id, title, text }: Extract<Part, { readonly type: 'source' }>): Wire => ({
  id,
  data: title === undefined ? { text } : { title, text },
});
