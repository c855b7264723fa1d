import { type Message, partsOf, type ReasoningPart, type ToolCallPart } from '../../../core/index.js';
import { misplacedPart } from '../wire-parts.js';
import { ownOpaque } from './opaque.js';
import type { ChatSettings, Wire } from './quirks.js';

/**
 * A reply as a message of the history. What the model drew or said goes back as its text only, which stands beside it; parts
 * that only another provider understands are left out.
 */
export const wireAssistant = (settings: ChatSettings, message: Message): Wire => {
  const texts: string[] = [];
  const calls: Wire[] = [];
  const thoughts: ReasoningPart[] = [];
  for (const part of partsOf(message)) {
    if (part.type === 'text') texts.push(part.text);
    else if (part.type === 'tool-call') calls.push(wireToolCall(settings, part));
    else if (part.type === 'reasoning') thoughts.push(part);
    else if (part.type === 'source' || part.type === 'tool-result') throw misplacedPart(settings.id, 'assistant', part);
  }
  const content = texts.length === 0 && calls.length > 0 ? null : texts.join('');
  return {
    role: 'assistant',
    content,
    ...wireReasoning(settings, thoughts, content, calls.length > 0),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
};

/** Arguments that were no valid JSON go back as the text that they were. */
const wireToolCall = ({ provider }: ChatSettings, { id, name, input, opaque }: ToolCallPart): Wire => ({
  id,
  type: 'function',
  function: { name, arguments: typeof input === 'string' ? input : (JSON.stringify(input) ?? '{}') },
  ...ownOpaque(provider, opaque),
});

/** The fields that hold the reasoning; they may replace the content. */
const wireReasoning = (
  { provider, quirks }: ChatSettings,
  thoughts: readonly ReasoningPart[],
  content: string | null,
  hasCalls: boolean,
): Wire => {
  const text = thoughts.map((part) => part.text).join('');
  const own = thoughts.flatMap((part) => {
    const opaque = ownOpaque(provider, part.opaque);
    return opaque === undefined ? [] : [withText(opaque, part.text)];
  });
  const ofMessage = own.find((opaque) => 'extra_content' in opaque);
  switch (quirks.reasoningBack) {
    case 'reasoning':
    case 'reasoning_content':
      return text === '' ? {} : { [quirks.reasoningBack]: text };
    case 'reasoning_content-with-tool-calls':
      // A call that comes back without the field is refused, also where the model did not think.
      return hasCalls ? { reasoning_content: text } : {};
    case 'thinking-chunks':
      return text === '' ? {} : { content: thinkingChunks(text, content ?? '') };
    case 'reasoning_details':
      return own.length === 0 ? {} : { reasoning_details: own };
    default:
      return ofMessage ?? {};
  }
};

/** The text of a reasoning detail stands in the part. */
const withText = (detail: Wire, text: string): Wire => {
  if (detail.type === 'reasoning.summary') return { ...detail, summary: text };
  return detail.type === 'reasoning.text' ? { ...detail, text } : detail;
};

const thinkingChunks = (thought: string, text: string): readonly Wire[] => [
  { type: 'thinking', thinking: [{ type: 'text', text: thought }] },
  ...(text === '' ? [] : [{ type: 'text', text }]),
];
