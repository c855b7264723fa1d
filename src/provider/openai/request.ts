import type { JsonSchema } from '../../core/index.js';
import type { ChatRequest, OutputFormat, ToolChoice } from '../../model/index.js';
import { wireMessages, type Wire } from './messages.js';
import type { OpenAIFamily } from './models.js';

export interface WireSettings {
  readonly id: string;
  readonly model: string;
  readonly family: OpenAIFamily | undefined;
  readonly maxTokensField: 'max_completion_tokens' | 'max_tokens';
  readonly isStreaming: boolean;
}

/** The body of a Chat Completions call, field by field. Fields that are undefined do not reach the wire. */
export const wireRequest = (settings: WireSettings, request: ChatRequest): Wire => {
  const { id, model, family, maxTokensField, isStreaming } = settings;
  const { tools = [], toolChoice, output } = request;
  return {
    model,
    messages: wireMessages(id, request.messages),
    tools: tools.length === 0 ? undefined : tools.map(wireTool),
    tool_choice: tools.length === 0 || toolChoice === undefined ? undefined : wireToolChoice(toolChoice),
    response_format: output === undefined ? undefined : wireFormat(output),
    [maxTokensField]: request.maxOutputTokens,
    temperature: request.temperature,
    top_p: request.topP,
    stop: request.stop,
    seed: request.seed,
    reasoning_effort: request.reasoning === 'none' ? family?.leastEffort : request.reasoning,
    stream: isStreaming,
    stream_options: isStreaming ? { include_usage: true } : undefined,
    ...request.providerOptions,
  };
};

const wireTool = (tool: {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
}): Wire => ({
  type: 'function',
  function: { name: tool.name, description: tool.description, parameters: tool.inputSchema },
});

const wireToolChoice = (choice: ToolChoice): string | Wire =>
  typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } };

const wireFormat = (output: OutputFormat): Wire | undefined => {
  if (output.type === 'text') return undefined;
  if (output.type === 'json') return { type: 'json_object' };
  const { name, schema } = output;
  return { type: 'json_schema', json_schema: { name, schema, strict: isStrictSchema(schema) } };
};

/**
 * Whether a schema has the form that the strict mode asks for: every object closed and all its properties required. A schema
 * that has not would be refused with `strict: true`; without it the model still gets it.
 */
export const isStrictSchema = (schema: unknown): boolean => {
  if (Array.isArray(schema)) return schema.every(isStrictSchema);
  if (typeof schema !== 'object' || schema === null) return true;
  const { type, properties, required, additionalProperties } = schema as JsonSchema;
  if (type === 'object' || properties !== undefined) {
    const names = Object.keys((properties ?? {}) as object);
    const isClosed = additionalProperties === false && Array.isArray(required);
    if (!isClosed || !names.every((name) => required.includes(name))) return false;
  }
  return Object.values(schema).every(isStrictSchema);
};
