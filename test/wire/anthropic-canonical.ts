/** JSON as it came. */
type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;
const listOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value : []);

const without = (value: Json, isLeftOut: (name: string, value: unknown) => boolean): Json =>
  Object.fromEntries(Object.entries(value).filter(([name, inner]) => !isLeftOut(name, inner)));

/** "Using a string for `content` is shorthand for an array of one content block of type text": the same for `system`. */
const blocksOf = (content: unknown): readonly Json[] =>
  typeof content === 'string' && content !== '' ? [{ type: 'text', text: content }] : listOf(content);

/** Where no list is the same as an empty one. */
const filled = (blocks: readonly Json[]): readonly Json[] | undefined => (blocks.length === 0 ? undefined : blocks);

const canonicalBlock = (block: Json): Json => {
  const plain = without(
    block,
    (name, value) =>
      // Null is the default of these fields.
      (value === null && (name === 'cache_control' || name === 'citations')) ||
      // A result is no error unless it says so.
      (name === 'is_error' && value === false) ||
      // Tools are the caller's own unless they say otherwise.
      (name === 'type' && value === 'custom') ||
      // A call that names no caller comes from the model directly.
      (name === 'caller' && isObject(value) && value.type === 'direct'),
  );
  return {
    ...plain,
    ...(isObject(plain.cache_control) ? { cache_control: canonicalCache(plain.cache_control) } : {}),
    ...(block.type === 'tool_result' ? { content: blocksOf(block.content).map(canonicalBlock) } : {}),
  };
};

/** Five minutes is the default lifetime. */
const canonicalCache = (cache: Json): Json => without(cache, (name, value) => name === 'ttl' && value === '5m');

/** "Consecutive user or assistant turns in your request will be combined into a single turn." */
const canonicalMessages = (messages: unknown): readonly Json[] => {
  const turns: { readonly role: unknown; readonly content: Json[] }[] = [];
  for (const { role, content } of listOf(messages)) {
    const blocks = blocksOf(content).map(canonicalBlock);
    const last = turns.at(-1);
    if (last !== undefined && last.role === role) last.content.push(...blocks);
    else turns.push({ role, content: blocks });
  }
  return turns;
};

/** "Top-level cache control automatically applies a cache_control marker to the last cacheable block in the request." */
const withCacheOfAll = (messages: readonly Json[], cache: Json): readonly Json[] => {
  const last = messages.length - 1;
  return messages.map((turn, at) => {
    const content = listOf(turn.content);
    if (at !== last) return turn;
    return {
      ...turn,
      content: content.map((block, place) =>
        place === content.length - 1 ? { ...block, cache_control: canonicalCache(cache) } : block,
      ),
    };
  });
};

/** Models whose default effort is not `high`. */
const easyGoing = /claude-(?:opus|haiku)-5-5/;

const canonicalOutput = ({ output_config, output_format, model }: Json): Json | undefined => {
  const config = isObject(output_config) ? output_config : {};
  // The beta had the format in a field of its own.
  const format = config.format ?? output_format;
  // "Setting effort to high produces exactly the same behaviour as omitting it."
  const isDefault = config.effort === 'high' && !easyGoing.test(String(model));
  const effort = isDefault ? undefined : config.effort;
  const all = without({ ...config, format, effort }, (_name, value) => value === undefined || value === null);
  return Object.keys(all).length === 0 ? undefined : all;
};

/** The body of a Messages request in one spelling for each meaning. */
export const canonicalBody = (body: unknown): unknown => {
  if (!isObject(body)) return body;
  const { system, messages, tools, cache_control, output_config: _config, output_format: _format, ...rest } = body;
  const turns = canonicalMessages(messages);
  const all = {
    ...rest,
    system: filled(blocksOf(system).map(canonicalBlock)),
    messages: isObject(cache_control) ? withCacheOfAll(turns, cache_control) : turns,
    tools: filled(listOf(tools).map(canonicalBlock)),
    output_config: canonicalOutput(body),
  };
  return without(
    all,
    (name, value) =>
      value === undefined ||
      value === null ||
      // A reply comes in one piece unless a stream is asked for.
      (name === 'stream' && value === false) ||
      // The default.
      (name === 'temperature' && value === 1),
  );
};
