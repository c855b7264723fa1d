import { type JsonSchema, type Message, type Part, partsOf } from '../core/index.js';
import { bareModelName, modelFamily } from './model-name.js';
import { estimateTokens } from './tokens.js';
import type { ChatRequest, ToolDefinition } from './types.js';

/** What a request is counted from: texts, and tokens that do not depend on them. */
export interface RequestParts {
  readonly texts: readonly string[];
  readonly fixedTokens: number;
  /** False where a part's tokens are not documented exactly: pictures, files, tools, calls and sources. */
  readonly isExact: boolean;
}

interface Collector {
  readonly texts: string[];
  fixedTokens: number;
  isExact: boolean;
}

/** Tokens around a message, by OpenAI's cookbook ("How to count tokens with tiktoken", section 6). */
const messageTokens = 3;

/** Tokens that begin the reply: three by the cookbook; two in recorded calls of reasoning models (o3, gpt-5 to gpt-5.5). */
const replyTokens = (model: string): number => (/^(?:o\d|gpt-[5-9]|gpt-oss)/u.test(bareModelName(model)) ? 2 : 3);

/** A call and its result are wrapped in JSON that no provider documents; these are about what recorded calls took. */
const callTokens = 10;
/** Tags around a rendered passage. */
const sourceTokens = 8;

/**
 * One picture: OpenAI documents 765 tokens for 1024 × 1024 pixels in high detail (gpt-4o); Anthropic documents width ×
 * height / 750, at most about 1,600.
 */
const imageTokens = (model: string): number => (bareModelName(model).startsWith('claude') ? 1_600 : 765);

/** Bytes of a file that pass for one picture: about a page of a PDF. */
const bytesPerPage = 50_000;

const jsonOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

const addOverhead = (into: Collector, tokens: number): void => {
  into.fixedTokens += tokens;
  into.isExact = false;
};

const addFile = (into: Collector, part: Part & { readonly type: 'file' }, model: string): void => {
  const { data, mediaType } = part;
  if (data instanceof Uint8Array && mediaType.startsWith('text/')) into.texts.push(new TextDecoder().decode(data));
  const pages = data instanceof Uint8Array && !mediaType.startsWith('text/') ? data.byteLength / bytesPerPage : 0;
  addOverhead(into, imageTokens(model) * Math.max(data instanceof URL ? 1 : 0, Math.ceil(pages)));
};

const addPart = (into: Collector, part: Part, model: string): void => {
  switch (part.type) {
    case 'text':
      into.texts.push(part.text);
      return;
    case 'reasoning':
      into.texts.push(part.text);
      into.isExact = false;
      return;
    case 'source':
      into.texts.push(part.title ?? '', part.text);
      addOverhead(into, sourceTokens);
      return;
    case 'tool-call':
      into.texts.push(part.name, jsonOf(part.input));
      addOverhead(into, callTokens);
      return;
    case 'tool-result':
      into.texts.push(jsonOf(part.output));
      addOverhead(into, callTokens);
      return;
    case 'image':
      addOverhead(into, imageTokens(model));
      return;
    case 'file':
      addFile(into, part, model);
      return;
  }
};

const addMessages = (into: Collector, messages: readonly Message[], model: string): void => {
  for (const message of messages) {
    into.texts.push(message.role);
    into.fixedTokens += messageTokens;
    for (const part of partsOf(message)) addPart(into, part, model);
  }
};

/** Figures of the cookbook for tools (gpt-4o): around a function, before its properties, for each property and each choice. */
const functionTokens = 7 + 12;
const propertiesTokens = 3;
const propertyTokens = 3;
const enumTokens = -3;
const choiceTokens = 3;
/** Instructions that come with any tools: Anthropic documents 346 tokens to Claude 4.1; recorded calls of 4.5 took about 540. */
const claudeToolTokens = (model: string): number =>
  /^claude-(?:\d|[a-z]+-4(?:-[01])?$)/u.test(modelFamily(model)) ? 346 : 540;

const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The cookbook counts one level of properties; nested ones are counted in the same way. */
const addProperties = (into: Collector, schema: JsonSchema): void => {
  const properties = Object.entries(asRecord(schema.properties));
  if (properties.length > 0) into.fixedTokens += propertiesTokens;
  for (const [name, value] of properties) {
    const property = asRecord(value);
    into.fixedTokens += propertyTokens;
    into.texts.push(`${name}:${asText(property.type)}:${asText(property.description).replace(/\.$/u, '')}`);
    if (Array.isArray(property.enum)) {
      into.fixedTokens += enumTokens + choiceTokens * property.enum.length;
      into.texts.push(...property.enum.map(String));
    }
    addProperties(into, property);
    addProperties(into, asRecord(property.items));
  }
};

const addTools = (into: Collector, tools: readonly ToolDefinition[], model: string): void => {
  if (tools.length === 0) return;
  into.isExact = false;
  if (bareModelName(model).startsWith('claude')) {
    into.fixedTokens += claudeToolTokens(model);
    into.texts.push(...tools.map((tool) => JSON.stringify(tool)));
    return;
  }
  for (const tool of tools) {
    into.fixedTokens += functionTokens;
    into.texts.push(`${tool.name}:${tool.description.replace(/\.$/u, '')}`);
    addProperties(into, tool.inputSchema);
  }
};

/** Takes a request apart for counting, with the overhead that the model's provider documents. */
export const requestParts = (request: ChatRequest, model: string): RequestParts => {
  const into: Collector = { texts: [], fixedTokens: replyTokens(model), isExact: true };
  addMessages(into, request.messages, model);
  addTools(into, request.tools ?? [], model);
  if (request.output?.type === 'json-schema') {
    into.texts.push(JSON.stringify(request.output.schema));
    into.isExact = false;
  }
  return into;
};

/**
 * About how many input tokens a request takes, at once and without a tokenizer's tables: its texts by `estimateTokens`, and
 * what the providers document for messages, tools and pictures.
 * @example estimateRequestTokens({ messages: [{ role: 'user', content: 'Hello there' }] }) // => 11
 */
export const estimateRequestTokens = (request: ChatRequest, model = ''): number => {
  const { texts, fixedTokens } = requestParts(request, model);
  return texts.reduce((sum, text) => sum + estimateTokens(text, model), fixedTokens);
};
