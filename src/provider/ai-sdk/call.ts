import type { Run } from '../../core/index.js';
import type { ChatRequest, OutputFormat, ToolChoice } from '../../model/index.js';
import { aiSdkPrompt, type PromptSettings } from './prompt.js';

type Block = Readonly<Record<string, unknown>>;

/** A request as the options of a call of an AI SDK model. Fields that are undefined are as good as left out. */
export const aiSdkCall = (settings: PromptSettings, request: ChatRequest, run: Run): Block => {
  const { tools = [], providerTools = [], toolChoice } = request;
  warnOfUnknown(settings, request, run);
  const all = [...tools.map(toolOf), ...providerTools];
  return {
    prompt: aiSdkPrompt(settings, request.messages),
    maxOutputTokens: request.maxOutputTokens,
    temperature: request.temperature,
    topP: request.topP,
    stopSequences: request.stop,
    seed: request.seed,
    reasoning: settings.version === 'v4' ? request.reasoning : undefined,
    responseFormat: formatOf(request.output),
    tools: all.length === 0 ? undefined : all,
    toolChoice: all.length === 0 || toolChoice === undefined ? undefined : choiceOf(toolChoice),
    providerOptions: request.providerOptions,
  };
};

/** The specification has no such options. They are hints, so the call goes on without. */
const warnOfUnknown = ({ id, version }: PromptSettings, request: ChatRequest, run: Run): void => {
  const unknown = {
    parallelToolCalls: request.parallelToolCalls,
    promptCache: request.promptCache,
    reasoning: version === 'v3' ? request.reasoning : undefined,
  };
  for (const [name, value] of Object.entries(unknown)) {
    if (value === undefined) continue;
    const message = `${id} takes no \`${name}\`; it was left out. Its provider may have an option in \`providerOptions\`.`;
    run.emit({ type: 'warning', message });
  }
};

const toolOf = (tool: NonNullable<ChatRequest['tools']>[number]): Block => ({
  type: 'function',
  name: tool.name,
  description: tool.description,
  inputSchema: tool.inputSchema,
  ...(tool.isStrict === undefined ? {} : { strict: tool.isStrict }),
});

const choiceOf = (choice: ToolChoice): Block =>
  typeof choice === 'string' ? { type: choice } : { type: 'tool', toolName: choice.name };

const formatOf = (output: OutputFormat | undefined): Block | undefined => {
  if (output === undefined) return undefined;
  if (output.type !== 'json-schema') return { type: output.type };
  const { schema, name, description } = output;
  return { type: 'json', schema, name, ...(description === undefined ? {} : { description }) };
};
