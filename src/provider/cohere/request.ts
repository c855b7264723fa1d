import { PipewrightError, type Run } from '../../core/index.js';
import type { ChatRequest, OutputFormat, ReasoningEffort, ToolDefinition } from '../../model/index.js';
import { callSources } from './documents.js';
import { wireDocument, wireMessages } from './messages.js';
import type { ChatSettings, Wire } from './wire.js';

export interface WireRequest {
  readonly body: Wire;
  /** What citations may name. */
  readonly sourceIds: ReadonlySet<string>;
}

/** The body of a call to the Chat API v2, field by field. Fields that are undefined do not reach the wire. */
export const wireRequest = ({ id, model, isStreaming }: ChatSettings, request: ChatRequest, run: Run): WireRequest => {
  const { messages, output, reasoning, logProbs, toolChoice } = request;
  checkLogProbs(id, logProbs);
  if (request.parallelToolCalls === false) {
    run.emit({ type: 'warning', message: `${id} cannot be kept from calling several tools; it was not asked to.` });
  }
  const sources = callSources(messages, isText(output));
  const tools = chosenTools(request);
  const hasTools = tools.length > 0;
  const body: Wire = {
    model,
    messages: wireMessages(id, messages, sources),
    documents: sources.documents.length === 0 ? undefined : sources.documents.map(wireDocument),
    tools: hasTools ? [...tools.map(wireTool), ...(request.providerTools ?? [])] : undefined,
    strict_tools: hasTools && tools.every(({ isStrict }) => isStrict === true) ? true : undefined,
    tool_choice: hasTools && toolChoice !== undefined && toolChoice !== 'auto' ? wireToolChoice(toolChoice) : undefined,
    response_format: wireFormat(output, 'json_schema'),
    thinking: wireThinking(reasoning),
    max_tokens: request.maxOutputTokens,
    temperature: request.temperature,
    p: request.topP,
    stop_sequences: request.stop,
    seed: request.seed,
    logprobs: logProbs === undefined ? undefined : true,
    stream: isStreaming,
    ...request.providerOptions,
  };
  return { body, sourceIds: sources.ids };
};

export const isText = (output: OutputFormat | undefined): boolean => output === undefined || output.type === 'text';

const checkLogProbs = (id: string, alternatives: number | undefined): void => {
  if (alternatives === undefined || alternatives === 0) return;
  throw new PipewrightError(
    'unsupported',
    `${id} tells the log-probability of each token, but of no others at its place. Ask with \`logProbs: 0\`.`,
  );
};

/** The API cannot be told to call one certain tool, so it is given no other. */
const chosenTools = ({ tools = [], toolChoice }: ChatRequest): readonly ToolDefinition[] =>
  typeof toolChoice === 'object' ? tools.filter(({ name }) => name === toolChoice.name) : tools;

const wireToolChoice = (choice: NonNullable<ChatRequest['toolChoice']>): string =>
  choice === 'none' ? 'NONE' : 'REQUIRED';

const wireTool = ({ name, description, inputSchema }: ToolDefinition): Wire => ({
  type: 'function',
  function: { name, description, parameters: inputSchema },
});

/** The two versions of the API differ in the name of the field. */
export const wireFormat = (output: OutputFormat | undefined, field: 'json_schema' | 'schema'): Wire | undefined => {
  if (output === undefined || output.type === 'text') return undefined;
  return { type: 'json_object', [field]: output.type === 'json' ? undefined : output.schema };
};

/** How many tokens the model may think; without a number it thinks as long as it likes. */
const thinkingTokens: Partial<Record<ReasoningEffort, number>> = { minimal: 512, low: 1_024, medium: 4_096 };

const wireThinking = (effort: ReasoningEffort | undefined): Wire | undefined => {
  if (effort === undefined) return undefined;
  if (effort === 'none') return { type: 'disabled' };
  return { type: 'enabled', token_budget: thinkingTokens[effort] };
};
