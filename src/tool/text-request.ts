import { type Message, type Part, partsOf, system, type ToolCallPart, type ToolResultPart } from '../core/index.js';
import type { ChatRequest, ToolChoice, ToolDefinition } from '../model/index.js';

/** How a model without tools is to write its calls. */
export type TextProtocol = 'json' | 'react';

const forms: Readonly<Record<TextProtocol, string>> = {
  json: `To use a tool, write for each call, and nothing behind the last one:
<tool_call>
{"name": "name_of_the_tool", "arguments": {"argument": "value"}}
</tool_call>
The results come in the next message. Never write results yourself.`,
  react: `Think aloud in lines that begin with "Thought:". To use a tool, write these two lines and nothing behind them:
Action: name_of_the_tool
Action Input: {"argument": "value"}
The result comes in the next message as "Observation:". Never write one yourself.`,
};

const choiceRule = (choice: ToolChoice): string => {
  if (choice === 'required') return '\nYou must use a tool now.';
  return typeof choice === 'object' ? `\nYou must use the tool \`${choice.name}\` now.` : '';
};

const listed = ({ name, description, inputSchema }: ToolDefinition): string =>
  `- ${name}: ${description}\n  arguments: ${JSON.stringify(inputSchema)}`;

const instruction = (tools: readonly ToolDefinition[], protocol: TextProtocol, choice: ToolChoice): Message => {
  const list = tools.map(listed).join('\n');
  return system(`You can use these tools:\n${list}\n\n${forms[protocol]}${choiceRule(choice)}
When you know the answer, give it without using a tool.`);
};

const writtenCall = ({ name, input }: ToolCallPart, protocol: TextProtocol): string => {
  const given = typeof input === 'string' ? input : JSON.stringify(input ?? {});
  return protocol === 'react'
    ? `Action: ${name}\nAction Input: ${given}`
    : `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${given}}\n</tool_call>`;
};

const writtenResult = ({ name, output }: ToolResultPart, protocol: TextProtocol): string => {
  const text = typeof output === 'string' ? output : JSON.stringify(output);
  return protocol === 'react' ? `Observation: ${text}` : `<tool_result name="${name}">\n${text}\n</tool_result>`;
};

const asText = (part: Part, protocol: TextProtocol): Part => {
  if (part.type === 'tool-call') return { type: 'text', text: writtenCall(part, protocol) };
  return part.type === 'tool-result' ? { type: 'text', text: writtenResult(part, protocol) } : part;
};

/** Texts side by side become one, a line between them, so that the model reads what it would have written. */
const joined = (parts: readonly Part[]): readonly Part[] => {
  const out: Part[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (part.type === 'text' && last?.type === 'text') {
      out[out.length - 1] = { type: 'text', text: `${last.text}\n${part.text}` };
    } else out.push(part);
  }
  return out;
};

const inText = (message: Message, protocol: TextProtocol): Message => {
  const hasTools = partsOf(message).some(({ type }) => type === 'tool-call' || type === 'tool-result');
  if (!hasTools) return message;
  const content = joined(partsOf(message).map((part) => asText(part, protocol)));
  return { role: message.role === 'tool' ? 'user' : message.role, content };
};

/** The request for a model that cannot call tools: tools, calls and results are told in words. The same request gives the same bytes. */
export const textRequest = (request: ChatRequest, protocol: TextProtocol): ChatRequest => {
  const { tools = [], toolChoice = 'auto', parallelToolCalls: _, ...rest } = request;
  const messages = request.messages.map((message) => inText(message, protocol));
  if (tools.length === 0 || toolChoice === 'none') return { ...rest, messages };
  const firstOther = messages.findIndex(({ role }) => role !== 'system');
  const at = firstOther < 0 ? messages.length : firstOther;
  const told = instruction(tools, protocol, toolChoice);
  return { ...rest, messages: [...messages.slice(0, at), told, ...messages.slice(at)] };
};
