import { checkAtLeast, decorate, type KeywordIndex, textOf } from '../core/index.js';
import { bm25 } from '../keyword/index.js';
import { type ChatModel, type ChatRequest, requestOf, type ToolDefinition } from '../model/index.js';
import { analyzer, stopWords } from '../text/index.js';

export interface FewToolsOptions {
  /** So many tools does the model see at most, those that must stay not counted. @default 5 */
  readonly maxTools?: number;
  /** Names of tools that it always sees. @default none */
  readonly always?: readonly string[];
}

/** Names such as `getOrderStatus` and `get_order_status` are read as words. */
const analyze = analyzer({ hasIdentifiers: true, stopWords });

const strings = (value: unknown, key = ''): readonly string[] => {
  if (typeof value === 'string') return key === 'description' || key === 'enum' ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((each) => strings(each, key));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => [
    ...(key === 'properties' ? [name] : []),
    ...strings(each, name),
  ]);
};

const indexOf = async (tools: readonly ToolDefinition[]): Promise<KeywordIndex> => {
  const index = await bm25({ analyzer: analyze });
  await index.add(
    tools.map(({ name, description, inputSchema }, at) => ({
      id: String(at),
      title: name,
      text: [description, ...strings(inputSchema)].join('\n'),
    })),
  );
  return index;
};

/** The places of the tools whose names, descriptions and parameters share most with the words, by BM25; then the first others. */
const pick = async (
  index: KeywordIndex,
  count: number,
  text: string,
  maxTools: number,
): Promise<ReadonlySet<number>> => {
  const hits = await index.search(text, { k: maxTools });
  const places = [...hits.map(({ id }) => Number(id)), ...Array.from({ length: count }, (_, at) => at)];
  return new Set([...new Set(places)].slice(0, maxTools));
};

/**
 * The tools that fit a text best by their words, at most `maxTools`, in their order. Where fewer share a word with it, the first
 * others fill up.
 * @throws {PipewrightError} `bad-option`.
 * @example (await pickTools([{ name: 'send_mail', description: 'Sends a mail', inputSchema: {} }, { name: 'get_weather', description: 'The weather of a city', inputSchema: {} }], 'Will it rain? Check the weather', 1))[0]?.name // => 'get_weather'
 */
export const pickTools = async (
  tools: readonly ToolDefinition[],
  text: string,
  maxTools = 5,
): Promise<readonly ToolDefinition[]> => {
  checkAtLeast('maxTools', maxTools, 1);
  if (tools.length <= maxTools) return tools;
  const chosen = await pick(await indexOf(tools), tools.length, text, maxTools);
  return tools.filter((_, at) => chosen.has(at));
};

/** Tools that a conversation has used, or that the request names: taking those away would break it. */
const bound = ({ messages, toolChoice }: ChatRequest): ReadonlySet<string> => {
  const called = messages
    .flatMap(({ content }) => (typeof content === 'string' ? [] : content))
    .flatMap((part) => (part.type === 'tool-call' ? [part.name] : []));
  return new Set([...called, ...(typeof toolChoice === 'object' ? [toolChoice.name] : [])]);
};

/**
 * A chat model that is offered only the tools that fit the last question, so that a small model is not lost among many: by the
 * words of names, descriptions and parameters, without a call. Tools that the conversation has used stay. The order of the tools is
 * kept, and each list of tools is indexed once.
 * @throws {PipewrightError} `bad-option`.
 * @example fewTools(scripted(['Hi']), { maxTools: 3 }).id // => 'scripted'
 */
export const fewTools = (model: ChatModel, options: FewToolsOptions = {}): ChatModel => {
  const { maxTools = 5, always = [] } = options;
  checkAtLeast('maxTools', maxTools, 1);
  const indexes = new WeakMap<readonly ToolDefinition[], Promise<KeywordIndex>>();
  const fixed = new Set(always);
  const indexFor = (tools: readonly ToolDefinition[]): Promise<KeywordIndex> => {
    const index = indexes.get(tools) ?? indexOf(tools);
    indexes.set(tools, index);
    return index;
  };
  return decorate(model, { kind: 'few-tools', details: { maxTools } }, async (input, run, inner) => {
    const request = requestOf(input);
    const { tools = [] } = request;
    if (tools.length <= maxTools) return inner(request, run);
    const asked = request.messages.findLast(({ role }) => role === 'user');
    const text = asked === undefined ? '' : textOf(asked);
    const chosen = await pick(await indexFor(tools), tools.length, text, maxTools);
    const used = bound(request);
    const few = tools.filter(({ name }, at) => chosen.has(at) || fixed.has(name) || used.has(name));
    run.emit({
      type: 'choice-made',
      chosen: few.map(({ name }) => name).join(', '),
      reason: `${few.length} of ${tools.length} tools`,
    });
    return inner({ ...request, tools: few }, run);
  });
};
