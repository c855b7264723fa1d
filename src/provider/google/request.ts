import { PipewrightError, type Run } from '../../core/index.js';
import type { ChatRequest, ModelFeatures, ToolDefinition } from '../../model/index.js';
import { wireConversation } from './messages.js';
import type { GoogleFamily } from './models.js';
import { wireSchema } from './schema.js';
import { thinkingConfig } from './thinking.js';

export interface WireSettings {
  readonly id: string;
  readonly family: GoogleFamily;
  readonly features: ModelFeatures;
}

type Fields = Readonly<Record<string, unknown>>;

/** The body of `generateContent`, field by field. Fields that are undefined do not reach the wire. */
export const wireRequest = (settings: WireSettings, request: ChatRequest, run: Run): Fields => {
  const { id, family } = settings;
  checkRequest(settings, request, run);
  const { tools = [], providerTools = [], providerOptions = {} } = request;
  const { systemInstruction, contents } = wireConversation(id, family, request.messages);
  const declared = tools.length === 0 ? [] : [{ functionDeclarations: tools.map((tool) => wireTool(id, tool)) }];
  const body = {
    contents,
    systemInstruction,
    tools: declared.length + providerTools.length === 0 ? undefined : [...declared, ...providerTools],
    toolConfig: wireToolConfig(request),
    generationConfig: wireGeneration(settings, request),
  };
  return merged(body, providerOptions);
};

/** Hints that a model does not take are left out, and said so; the call goes on. */
const checkRequest = ({ id, family, features }: WireSettings, request: ChatRequest, run: Run): void => {
  const { tools = [], output, parallelToolCalls } = request;
  if (output?.type === 'json' && tools.length > 0 && !features.jsonSchemaWithTools) {
    throw new PipewrightError(
      'unsupported',
      `${id} cannot call tools and answer in JSON in one request. Choose another model or leave one of them out.`,
    );
  }
  const leftOut = {
    parallelToolCalls: parallelToolCalls === false && tools.length > 0,
    temperature: family.hasNoSampling === true && request.temperature !== undefined,
    topP: family.hasNoSampling === true && request.topP !== undefined,
  };
  for (const [name, isLeftOut] of Object.entries(leftOut)) {
    if (isLeftOut) run.emit({ type: 'warning', message: `${id} takes no \`${name}\`; it was left out.` });
  }
};

const wireTool = (id: string, { name, description, inputSchema }: ToolDefinition): Fields => ({
  name,
  description,
  parametersJsonSchema: wireSchema(inputSchema, { id, isWhole: false }),
});

/** `VALIDATED` holds the arguments to the schema and leaves the choice to the model; `ANY` does so by itself. */
const wireToolConfig = ({ tools = [], toolChoice }: ChatRequest): Fields | undefined => {
  if (tools.length === 0) return undefined;
  const isStrict = tools.some((tool) => tool.isStrict === true);
  if (toolChoice === undefined) return isStrict ? { functionCallingConfig: { mode: 'VALIDATED' } } : undefined;
  if (typeof toolChoice === 'object') {
    return { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: [toolChoice.name] } };
  }
  const mode = { auto: isStrict ? 'VALIDATED' : 'AUTO', none: 'NONE', required: 'ANY' }[toolChoice];
  return { functionCallingConfig: { mode } };
};

const wireGeneration = ({ id, family }: WireSettings, request: ChatRequest): Fields | undefined => {
  const { output, logProbs } = request;
  const schema =
    output?.type === 'json-schema' ? wireSchema(output.schema, { id, isWhole: output.isStrict !== false }) : undefined;
  const fields = {
    maxOutputTokens: request.maxOutputTokens,
    temperature: family.hasNoSampling === true ? undefined : request.temperature,
    topP: family.hasNoSampling === true ? undefined : request.topP,
    stopSequences: request.stop,
    seed: request.seed,
    responseMimeType: output === undefined || output.type === 'text' ? undefined : 'application/json',
    responseJsonSchema: schema,
    thinkingConfig: thinkingConfig(family.thinking, request.reasoning),
    responseLogprobs: logProbs === undefined ? undefined : true,
    // Asked for none, the API tells those of the chosen tokens alone.
    logprobs: logProbs === undefined || logProbs === 0 ? undefined : logProbs,
  };
  return Object.values(fields).every((value) => value === undefined) ? undefined : fields;
};

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Most of the API's fields stand inside others, so own fields are put beside ours at every depth; where both say something, own ones win. */
const merged = (ours: Fields, own: Fields): Fields => ({
  ...ours,
  ...Object.fromEntries(
    Object.entries(own).map(([name, value]) => {
      const before = ours[name];
      return [name, isObject(before) && isObject(value) ? merged(before, value) : value];
    }),
  ),
});
