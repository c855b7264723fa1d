/** What the recorded requests hold, in camel case. */
export interface Body {
  readonly contents: readonly { readonly role: 'user' | 'model'; readonly parts: readonly GeminiPart[] }[];
  readonly systemInstruction?: { readonly parts: readonly GeminiPart[] };
  readonly tools?: readonly {
    readonly functionDeclarations?: readonly {
      readonly name: string;
      readonly description: string;
      readonly parameters?: JsonObject;
      readonly parametersJsonSchema?: JsonObject;
    }[];
  }[];
  readonly toolConfig?: { readonly functionCallingConfig?: { readonly mode?: string } };
  readonly generationConfig?: {
    readonly maxOutputTokens?: number;
    readonly temperature?: number;
    readonly responseMimeType?: string;
    readonly responseSchema?: JsonObject;
    readonly responseJsonSchema?: JsonObject;
    readonly thinkingConfig?: {
      readonly thinkingLevel?: 'low' | 'high';
      readonly thinkingBudget?: number;
      readonly includeThoughts?: boolean;
    };
  };
}

export interface GeminiPart {
  readonly text?: string;
  readonly thought?: boolean;
  readonly thoughtSignature?: string;
  readonly inlineData?: { readonly mimeType: string; readonly data: string };
  readonly functionCall?: {
    readonly id?: string;
    readonly name: string;
    readonly args?: JsonObject;
    readonly partialArgs?: readonly { readonly jsonPath: string; readonly stringValue: string }[];
  };
  readonly functionResponse?: { readonly id?: string; readonly name: string; readonly response: JsonObject };
}

export type JsonObject = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mapObject = (
  object: JsonObject,
  change: (name: string, value: unknown) => readonly [string, unknown],
): JsonObject => Object.fromEntries(Object.entries(object).map(([name, value]) => change(name, value)));

/** The model's name in a path such as `/v1beta/models/gemini-2.5-flash:generateContent`. */
export const modelIn = (path: string): string => /models\/([^:]+):/.exec(path)?.[1] ?? '';

/** Below these, names are data. */
const data = /^(?:args|response|parameters|parametersJsonSchema|responseSchema|responseJsonSchema)$/;

/** The API takes every field in camel case and in snake case (https://protobuf.dev/programming-guides/json/). */
export const toCamelCase = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(toCamelCase);
  if (!isObject(value)) return value;
  return mapObject(value, (name, inner) => {
    const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return [camel, data.test(camel) ? inner : toCamelCase(inner)];
  });
};

/**
 * A schema of the API's older form as JSON Schema: types in lower case; without the order of the properties, which JSON itself
 * keeps.
 */
export const jsonSchemaOf = (schema: JsonObject): JsonObject => {
  const { property_ordering: _order, ...rest } = schema;
  return mapObject(rest, (name, value) => {
    if (name === 'type' && typeof value === 'string') return [name, value.toLowerCase()];
    if (name === 'items' && isObject(value)) return [name, jsonSchemaOf(value)];
    if (name !== 'properties' || !isObject(value)) return [name, value];
    return [name, mapObject(value, (inner, item) => [inner, isObject(item) ? jsonSchemaOf(item) : item])];
  });
};

/** Bytes may be written in both alphabets of base64 (RFC 4648, sections 4 and 5). */
const plainBase64 = (text: string): string => text.replaceAll('-', '+').replaceAll('_', '/');

const canonicalPart = (part: GeminiPart): GeminiPart => ({
  ...part,
  ...(part.thoughtSignature === undefined ? {} : { thoughtSignature: plainBase64(part.thoughtSignature) }),
  ...(part.inlineData === undefined
    ? {}
    : { inlineData: { ...part.inlineData, data: plainBase64(part.inlineData.data) } }),
});

/** A text without words and signature says nothing. */
const saysNothing = ({ text, thoughtSignature }: GeminiPart): boolean => text === '' && thoughtSignature === undefined;

/**
 * Ids of calls are made up by whoever sends them, or left out, when results go to the calls of their name in order: what counts is
 * which result goes to which call.
 */
const withNumbers = (contents: Body['contents']): unknown => {
  let count = 0;
  const open: { readonly number: number; readonly name: string; readonly id: string | undefined }[] = [];
  return contents.map(({ role, parts }) => ({
    role,
    parts: parts.map(({ functionCall, functionResponse, ...part }) => {
      if (functionCall !== undefined) {
        const { id, ...call } = functionCall;
        count += 1;
        open.push({ number: count, name: call.name, id });
        return { ...part, functionCall: { ...call, call: count } };
      }
      if (functionResponse === undefined) return part;
      const { id, ...result } = functionResponse;
      const at = open.findIndex((call) => (id === undefined ? call.name === result.name : call.id === id));
      const [call] = at < 0 ? [] : open.splice(at, 1);
      return { ...part, functionResponse: { ...result, call: call?.number } };
    }),
  }));
};

/** A request in one spelling of many. */
export const canonicalBody = (body: unknown): unknown => {
  const { contents, systemInstruction, tools, generationConfig = {}, ...rest } = toCamelCase(body) as Body;
  const { responseSchema, ...generation } = generationConfig;
  const settings = {
    ...generation,
    ...(responseSchema === undefined ? {} : { responseJsonSchema: jsonSchemaOf(responseSchema) }),
  };
  return {
    ...rest,
    contents: withNumbers(
      contents.map(({ role, parts }) => ({
        role,
        parts: parts.filter((part) => !saysNothing(part)).map(canonicalPart),
      })),
    ),
    // Who speaks there is clear.
    ...(systemInstruction === undefined ? {} : { systemInstruction: systemInstruction.parts }),
    ...(tools === undefined ? {} : { tools: tools.map(canonicalTool) }),
    // Settings that set nothing.
    ...(Object.keys(settings).length === 0 ? {} : { generationConfig: settings }),
  };
};

const canonicalTool = (tool: NonNullable<Body['tools']>[number]): unknown => {
  if (tool.functionDeclarations === undefined) return tool;
  return {
    functionDeclarations: tool.functionDeclarations.map(({ parameters, ...declared }) => ({
      ...declared,
      ...(parameters === undefined ? {} : { parametersJsonSchema: jsonSchemaOf(parameters) }),
    })),
  };
};
