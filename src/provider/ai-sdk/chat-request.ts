import {
  type FilePart,
  type ImagePart,
  type JsonSchema,
  type Message,
  type Part,
  PipewrightError,
  type ToolResultPart,
} from '../../core/index.js';
import type { ChatRequest, OutputFormat, ReasoningEffort, ToolChoice, ToolDefinition } from '../../model/index.js';
import { type KeptReasoning, keptReasoningKind } from './content.js';
import { dataOf } from './files.js';
import { opaqueOf, ownFacts } from './metadata.js';
import type { AiSdkCall, AiSdkFilePart, AiSdkMessage, AiSdkPromptPart, AiSdkToolOutput, AiSdkWarning } from './spec.js';

export interface ReadCall {
  readonly request: ChatRequest;
  /** What of the call has no equivalent here. */
  readonly warnings: AiSdkWarning[];
}

/** The options of a call of the AI SDK as a request. Our own options come under `providerOptions.pipewright`. */
export const chatRequestOf = (options: AiSdkCall): ReadCall => {
  const { reasoning, providerOptions } = options;
  const own = ownFacts(providerOptions);
  const request = {
    messages: options.prompt.map(messageOf),
    ...toolsOf(options),
    output: formatOf(options.responseFormat),
    maxOutputTokens: options.maxOutputTokens,
    temperature: options.temperature,
    topP: options.topP,
    stop: options.stopSequences,
    seed: options.seed,
    reasoning: reasoning === 'provider-default' ? undefined : reasoning === 'max' ? 'xhigh' : reasoning,
    providerOptions: Object.keys(own).length === 0 ? undefined : own,
  } satisfies { readonly [Field in keyof ChatRequest]: ChatRequest[Field] | undefined };
  const given = Object.entries(request).filter(([, value]) => value !== undefined);
  return { request: Object.fromEntries(given) as unknown as ChatRequest, warnings: warningsOf(options, reasoning) };
};

const unsupported = ['topK', 'presencePenalty', 'frequencyPenalty'] as const;

const warningsOf = (options: AiSdkCall, reasoning: ReasoningEffort | string | undefined): AiSdkWarning[] => [
  ...unsupported
    .filter((feature) => options[feature] !== undefined)
    .map((feature): AiSdkWarning => ({ type: 'unsupported', feature })),
  ...(options.tools ?? [])
    .filter(({ type }) => type === 'provider')
    .map(({ name }): AiSdkWarning => ({ type: 'unsupported', feature: `provider tool ${name}` })),
  ...(reasoning === 'max'
    ? [{ type: 'compatibility', feature: 'reasoning', details: 'The highest grade is xhigh.' } as const]
    : []),
];

const messageOf = ({ role, content }: AiSdkMessage): Message => {
  if (typeof content === 'string') return { role, content };
  const given = content as readonly AiSdkPromptPart[];
  const kept = given.flatMap(keptIn);
  // What was kept of reasoning stands for the text of it.
  const parts = given.filter(({ type }) => kept.length === 0 || type !== 'reasoning').flatMap(partsOf);
  for (const { at, part } of kept) parts.splice(at, 0, part);
  return { role, content: parts };
};

const keptIn = (part: AiSdkPromptPart): readonly KeptReasoning[] => {
  if (part.type !== 'custom' || part.kind !== keptReasoningKind) return [];
  const { reasoning } = ownFacts(part.providerOptions);
  return Array.isArray(reasoning) ? reasoning : [];
};

const partsOf = (part: AiSdkPromptPart): readonly Part[] => {
  switch (part.type) {
    case 'text':
      return [{ type: 'text', text: part.text }];
    case 'reasoning': {
      const opaque = opaqueOf(part.providerOptions);
      return [{ type: 'reasoning', text: part.text, ...(opaque === undefined ? {} : { opaque }) }];
    }
    case 'file':
      return [fileOf(part)];
    case 'tool-call': {
      const { toolCallId: id, toolName: name, input, providerOptions } = part;
      const { opaque } = ownFacts(providerOptions);
      return [{ type: 'tool-call', id, name, input, ...(typeof opaque === 'string' ? { opaque } : {}) }];
    }
    case 'tool-result':
      return [resultOf(part.toolCallId, part.toolName, part.output)];
    case 'custom': {
      const { part: own } = ownFacts(part.providerOptions);
      return own === undefined ? [] : [own as Part];
    }
    default:
      // Made by another provider, and for it alone.
      return [];
  }
};

const fileOf = ({ data, mediaType, filename }: AiSdkFilePart): ImagePart | FilePart => {
  if (data.type === 'reference') {
    throw new PipewrightError(
      'unsupported',
      'A file that was uploaded to a provider cannot be passed on. Give its bytes or its URL.',
    );
  }
  const name = filename === undefined ? {} : { name: filename };
  if (data.type === 'text') return { type: 'file', data: new TextEncoder().encode(data.text), mediaType, ...name };
  const bytes = dataOf(data.type === 'url' ? data.url : data.data);
  if (mediaType !== 'image' && !mediaType.startsWith('image/'))
    return { type: 'file', data: bytes, mediaType, ...name };
  // `image` and `image/*` leave it to the receiver to find out.
  const known = /^image\/[^*]/.test(mediaType) ? { mediaType } : {};
  return { type: 'image', data: bytes, ...known };
};

const resultOf = (id: string, name: string, output: AiSdkToolOutput): ToolResultPart => {
  const part = { type: 'tool-result', id, name } as const;
  switch (output.type) {
    case 'execution-denied':
      return { ...part, output: output.reason ?? 'The call was not allowed.', isError: true };
    case 'error-text':
    case 'error-json':
      return { ...part, output: output.value, isError: true };
    case 'content':
      return { ...part, output: output.value.flatMap(outputPartsOf) };
    default:
      return { ...part, output: output.value };
  }
};

const outputPartsOf = (part: AiSdkFilePart | { readonly type: string; readonly text?: string }): readonly Part[] => {
  if (part.type === 'file') return [fileOf(part as AiSdkFilePart)];
  return part.type === 'text' && 'text' in part ? [{ type: 'text', text: part.text ?? '' }] : [];
};

/** A choice among no tools is none. */
const toolsOf = ({ tools = [], toolChoice }: AiSdkCall): Pick<ChatRequest, 'tools' | 'toolChoice'> => {
  const ours = tools.flatMap((tool): readonly ToolDefinition[] => {
    if (tool.type !== 'function') return [];
    const { name, description = '', inputSchema, strict } = tool;
    const isStrict = strict === undefined ? {} : { isStrict: strict };
    return [{ name, description, inputSchema: inputSchema as JsonSchema, ...isStrict }];
  });
  if (ours.length === 0) return {};
  return { tools: ours, ...(toolChoice === undefined ? {} : { toolChoice: choiceOf(toolChoice) }) };
};

const choiceOf = (choice: NonNullable<AiSdkCall['toolChoice']>): ToolChoice =>
  choice.type === 'tool' ? { name: choice.toolName } : choice.type;

const formatOf = (format: AiSdkCall['responseFormat']): OutputFormat | undefined => {
  if (format === undefined || format.type === 'text') return undefined;
  const { schema, name = 'response', description } = format;
  if (schema === undefined) return { type: 'json' };
  return {
    type: 'json-schema',
    name,
    schema: schema as JsonSchema,
    ...(description === undefined ? {} : { description }),
  };
};
