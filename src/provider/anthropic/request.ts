import type { Run } from '../../core/index.js';
import type { ChatRequest, ModelLimits, OutputFormat, ToolChoice } from '../../model/index.js';
import { wireConversation } from './messages.js';
import type { AnthropicFamily } from './models.js';
import type { Block } from './reasoning.js';

export interface WireSettings {
  readonly id: string;
  readonly model: string;
  readonly family: AnthropicFamily;
  readonly limits: ModelLimits;
  readonly isStreaming: boolean;
}

export interface WireRequest {
  readonly body: Block;
  readonly documentIds: readonly string[];
}

/** The API insists on a limit; for a model whose own is not known, this one. */
const fallbackMaxTokens = 8_192;

/** The body of a Messages call, field by field. Fields that are undefined do not reach the wire. */
export const wireRequest = (settings: WireSettings, request: ChatRequest, run: Run): WireRequest => {
  const { id, model, family, limits, isStreaming } = settings;
  const { tools = [], toolChoice, output } = request;
  warnOfUnknown(id, request, run);
  const maxTokens = request.maxOutputTokens ?? limits.maxOutputTokens ?? fallbackMaxTokens;
  const { system, messages, documentIds } = wireConversation(id, request.messages);
  const { thinking, effort } = wireThinking(family, request.reasoning, maxTokens);
  const format = output?.type === 'json-schema' ? { type: 'json_schema', schema: output.schema } : undefined;
  const body = {
    model,
    max_tokens: maxTokens,
    system: withJsonOrder(system, output),
    messages,
    tools: tools.length === 0 ? undefined : tools.map(wireTool),
    tool_choice: tools.length === 0 || toolChoice === undefined ? undefined : wireToolChoice(toolChoice),
    thinking,
    output_config: effort === undefined && format === undefined ? undefined : { effort, format },
    stop_sequences: request.stop,
    stream: isStreaming,
    ...request.providerOptions,
  };
  return { body, documentIds };
};

/** The API (version 2026-10-21) refuses these, also with their default values. They are hints, so the call goes on without. */
const warnOfUnknown = (id: string, { temperature, topP, seed }: ChatRequest, run: Run): void => {
  for (const [name, value] of Object.entries({ temperature, topP, seed })) {
    if (value !== undefined) run.emit({ type: 'warning', message: `${id} takes no \`${name}\`; it was left out.` });
  }
};

/** There is no mode for JSON without a schema, so the model is told in words. */
const withJsonOrder = (system: string | undefined, output: OutputFormat | undefined): string | undefined => {
  if (output?.type !== 'json') return system;
  const order = 'Answer with one JSON value and nothing else.';
  return system === undefined ? order : `${system}\n\n${order}`;
};

const wireTool = (tool: NonNullable<ChatRequest['tools']>[number]): Block => ({
  name: tool.name,
  description: tool.description,
  input_schema: tool.inputSchema,
});

const wireToolChoice = (choice: ToolChoice): Block => {
  if (typeof choice !== 'string') return { type: 'tool', name: choice.name };
  return { type: choice === 'required' ? 'any' : choice };
};

/** Tokens for thinking, for models that are told a number; the API takes no fewer than 1,024. */
const thinkingTokens = { minimal: 1_024, low: 2_048, medium: 8_192, high: 24_576, xhigh: 49_152 } as const;
const minThinkingTokens = 1_024;

interface WireThinking {
  readonly thinking?: Block;
  readonly effort?: string;
}

const wireThinking = (
  { thinking }: AnthropicFamily,
  reasoning: ChatRequest['reasoning'],
  maxTokens: number,
): WireThinking => {
  if (reasoning === undefined || thinking === 'none') return {};
  if (thinking === 'budget') {
    if (reasoning === 'none') return {};
    const budget = Math.max(minThinkingTokens, Math.min(thinkingTokens[reasoning], maxTokens - 1));
    return { thinking: { type: 'enabled', budget_tokens: budget } };
  }
  if (reasoning !== 'none') return { thinking: { type: 'adaptive' }, effort: reasoning };
  return thinking === 'always' ? { effort: 'low' } : { thinking: { type: 'disabled' } };
};
