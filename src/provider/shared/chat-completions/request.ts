import type { JsonSchema, Run } from '../../../core/index.js';
import type { ChatRequest, OutputFormat, ToolChoice, ToolDefinition } from '../../../model/index.js';
import { wireMessages } from './messages.js';
import { type ChatQuirks, type ChatSettings, reasoningFields, type Wire } from './quirks.js';

/**
 * The body of a Chat Completions call, field by field, in the server's spelling. Fields that are undefined do not reach the
 * wire; those that the server does not take are left out with a `warning` event.
 */
export const wireRequest = (settings: ChatSettings, request: ChatRequest, run: Run): Wire => {
  const { model, quirks, isStreaming } = settings;
  const { output, logProbs, reasoning, promptCache } = request;
  const body: Wire = {
    model,
    messages: wireMessages(settings, request.messages),
    ...wireTools(request, quirks),
    response_format: output === undefined ? undefined : wireFormat(output, quirks),
    max_completion_tokens: request.maxOutputTokens,
    temperature: request.temperature,
    top_p: request.topP,
    stop: request.stop,
    seed: request.seed,
    logprobs: logProbs === undefined ? undefined : true,
    // The API takes it only beside `logprobs`, and none is its default.
    top_logprobs: logProbs === 0 ? undefined : logProbs,
    ...(reasoning === undefined ? {} : reasoningFields(reasoning, quirks.reasoning)),
    ...(promptCache === undefined ? {} : quirks.promptCache?.[promptCache]),
    stream: isStreaming,
    stream_options: isStreaming ? { include_usage: true } : undefined,
  };
  return { ...spelt(body, settings, run), ...request.providerOptions };
};

/** Fields that the caller did not ask for by name. */
const ownFields: ReadonlySet<string> = new Set(['stream', 'stream_options', 'top_logprobs']);

const spelt = (body: Wire, { id, quirks }: ChatSettings, run: Run): Wire => {
  const { fields } = quirks;
  if (fields === undefined) return body;
  return Object.fromEntries(
    Object.entries(body).flatMap(([name, value]) => {
      const spelling = Object.hasOwn(fields, name) ? fields[name] : name;
      if (typeof spelling === 'string') return [[spelling, value]];
      if (value !== undefined && !ownFields.has(name)) {
        run.emit({ type: 'warning', message: `${id} does not take the field \`${name}\`; it was left out.` });
      }
      return [];
    }),
  );
};

const wireTools = ({ tools = [], providerTools = [], ...request }: ChatRequest, quirks: ChatQuirks): Wire => {
  const { toolChoice, parallelToolCalls } = request;
  if (tools.length + providerTools.length === 0) return {};
  return {
    tools: [...tools.map(wireTool), ...providerTools],
    tool_choice: toolChoice === undefined ? undefined : wireToolChoice(toolChoice, quirks),
    parallel_tool_calls: parallelToolCalls,
  };
};

const wireTool = ({ name, description, inputSchema, isStrict }: ToolDefinition): Wire => ({
  type: 'function',
  function: {
    name,
    description,
    parameters: inputSchema,
    ...(isStrict === undefined ? {} : { strict: isStrict }),
  },
});

const wireToolChoice = (choice: ToolChoice, { requiredToolChoice = 'required' }: ChatQuirks): string | Wire => {
  if (typeof choice !== 'string') return { type: 'function', function: { name: choice.name } };
  return choice === 'required' ? requiredToolChoice : choice;
};

const wireFormat = (output: OutputFormat, { hasBareSchema = false }: ChatQuirks): Wire | undefined => {
  if (output.type === 'text') return undefined;
  if (output.type === 'json') return { type: 'json_object' };
  const { name, description, schema, isStrict = isStrictSchema(schema) } = output;
  const about = hasBareSchema ? {} : { name, ...(description === undefined ? {} : { description }), strict: isStrict };
  return { type: 'json_schema', json_schema: { ...about, schema } };
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
