import { wholeGroups } from './chat-request.js';

// biome-ignore lint/suspicious/noExplicitAny: recorded JSON of many servers
type Json = any;

/** Null says the same as a field that is not there. */
const withoutNull = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(withoutNull);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => (inner === null ? [] : [[name, withoutNull(inner)]])),
  );
};

/** Leaves out fields whose value is the server's own default. */
const without = (value: Json, defaults: Json): Json =>
  Object.fromEntries(
    Object.entries(value).filter(
      ([name, inner]) => !Object.hasOwn(defaults, name) || JSON.stringify(inner) !== JSON.stringify(defaults[name]),
    ),
  );

const partOf = (part: Json): Json => {
  const { cache_control: mark, ...rest } = part;
  // Five minutes are what a mark without a lifetime means.
  const marked = mark === undefined ? {} : { cache_control: without(mark, { ttl: '5m' }) };
  if (part.type !== 'image_url') return { ...rest, ...marked };
  // Mistral takes a picture's URL as such and in an object.
  const image = typeof part.image_url === 'string' ? { url: part.image_url } : part.image_url;
  const url = image.url.replace(/(?<=;base64,).*$/s, wholeGroups);
  return { ...rest, image_url: without({ ...image, url }, { detail: 'auto' }), ...marked };
};

const contentOf = (content: Json): Json => {
  if (!Array.isArray(content)) return content;
  const parts = content.map(partOf);
  const isPlain = parts.every((part) => part.type === 'text' && part.cache_control === undefined);
  // Texts in a row go as the paragraphs of one text, which servers read that take no list.
  return isPlain ? parts.map(({ text }) => text).join('\n\n') : parts;
};

const callOf = ({ index: _index, ...call }: Json): Json => ({
  // The place in the list says which call it is, and a function is the only kind.
  type: 'function',
  ...call,
  // Space between the tokens of JSON means nothing.
  function: { ...call.function, arguments: JSON.parse(call.function.arguments) },
});

const messageOf = (message: Json): Json => {
  const { content, tool_calls: calls, reasoning, reasoning_content, ...rest } = message;
  const kept = without({ ...rest, content: contentOf(content) ?? '' }, { content: '', annotations: [], prefix: false });
  // The same thought twice, for servers of which one reads the one field and another the other.
  const thought =
    reasoning_content === reasoning
      ? {}
      : without({ reasoning_content: reasoning_content ?? '' }, { reasoning_content: '' });
  return {
    ...kept,
    ...(reasoning === undefined ? {} : { reasoning }),
    ...thought,
    // OpenAI: `developer` is the newer name of `system`, and either is taken for the other.
    role: message.role === 'developer' ? 'system' : message.role,
    ...(calls?.length ? { tool_calls: calls.map(callOf) } : {}),
  };
};

const toolOf = (tool: Json): Json =>
  tool.function === undefined
    ? tool
    : { type: 'function', function: without(tool.function, { description: '', strict: false }) };

const formatOf = (format: Json): Json =>
  format.json_schema === undefined
    ? format
    : { ...format, json_schema: without(format.json_schema, { strict: false }) };

/** A body of the Chat Completions API in the one form for which others are only another spelling. */
export const canonical = (recorded: unknown): unknown => {
  const body = withoutNull(recorded ?? {});
  // Asks for the figures of a stream and changes nothing else; ours always asks.
  const { messages = [], tools = [], response_format: format, stop, stream_options: _figures, ...rest } = body;
  const kept = without(rest, { n: 1, stream: false, tool_choice: 'auto', logprobs: false });
  return {
    ...kept,
    messages: messages.map(messageOf),
    ...(tools.length === 0 ? {} : { tools: tools.map(toolOf) }),
    ...(format === undefined || format.type === 'text' ? {} : { response_format: formatOf(format) }),
    ...(stop === undefined ? {} : { stop: [stop].flat() }),
  };
};
