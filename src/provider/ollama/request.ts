import { PipewrightError, type Run } from '../../core/index.js';
import type { ChatRequest, OutputFormat, ReasoningEffort, ToolDefinition } from '../../model/index.js';
import { type Wire, wireMessages, wirePrompt } from './messages.js';

export interface WireSettings {
  readonly id: string;
  readonly model: string;
  readonly api: 'chat' | 'generate';
  readonly isStreaming: boolean;
  /** How many tokens of context the server is to keep; undefined leaves that to it. */
  readonly contextTokens: number | undefined;
}

/** The body of a call, field by field. Fields that are undefined do not reach the wire. */
export const wireRequest = (settings: WireSettings, request: ChatRequest, run: Run): Wire => {
  const { id, model, api, isStreaming } = settings;
  const { messages, logProbs, providerOptions = {} } = request;
  const tools = wireTools(id, request, run);
  return {
    model,
    ...(api === 'chat' ? { messages: wireMessages(id, messages) } : wirePrompt(id, messages)),
    tools: tools.length === 0 ? undefined : tools,
    format: wireFormat(request.output),
    think: wireThink(model, request.reasoning),
    logprobs: logProbs === undefined ? undefined : true,
    top_logprobs: logProbs === undefined || logProbs === 0 ? undefined : logProbs,
    stream: isStreaming,
    ...providerOptions,
    options: wireOptions(settings, request),
  };
};

/** Its own options stand beside ours, and win. */
const wireOptions = ({ contextTokens }: WireSettings, request: ChatRequest): Wire | undefined => {
  const options: Wire = {
    num_ctx: contextTokens,
    num_predict: request.maxOutputTokens,
    temperature: request.temperature,
    top_p: request.topP,
    stop: request.stop,
    seed: request.seed,
    ...(request.providerOptions?.options as Wire | undefined),
  };
  return Object.values(options).every((value) => value === undefined) ? undefined : options;
};

const wireTools = (id: string, request: ChatRequest, run: Run): readonly Wire[] => {
  const { tools = [], toolChoice = 'auto', parallelToolCalls, providerTools = [] } = request;
  if (tools.length === 0 || toolChoice === 'none') return [];
  if (toolChoice !== 'auto') {
    throw new PipewrightError(
      'unsupported',
      `${id} cannot be made to call a tool. Leave \`toolChoice\` out, or ask for it in the prompt.`,
    );
  }
  if (parallelToolCalls === false) {
    run.emit({ type: 'warning', message: `${id} cannot be kept from calling several tools; it was not asked to.` });
  }
  return [...tools.map(wireTool), ...providerTools];
};

const wireTool = ({ name, description, inputSchema }: ToolDefinition): Wire => ({
  type: 'function',
  function: { name, description, parameters: inputSchema },
});

const wireFormat = (output: OutputFormat | undefined): unknown => {
  if (output === undefined || output.type === 'text') return undefined;
  return output.type === 'json' ? 'json' : output.schema;
};

/** Models of the gpt-oss family think in grades and always; the others think or do not. */
const wireThink = (model: string, effort: ReasoningEffort | undefined): boolean | string | undefined => {
  if (effort === undefined) return undefined;
  if (!/gpt-oss/.test(model)) return effort !== 'none';
  return grades[effort];
};

const grades: Readonly<Record<ReasoningEffort, string>> = {
  none: 'low',
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
};
