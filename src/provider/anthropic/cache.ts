import type { CacheLifetime } from '../../core/index.js';
import type { Block } from './thinking.js';

/** The places of a prompt that can be marked, in the order in which the server reads them. */
export interface Prompt {
  readonly tools: readonly Block[];
  readonly system: readonly Block[];
  readonly messages: readonly { readonly role: 'user' | 'assistant' | 'system'; readonly content: readonly Block[] }[];
}

/** The mark on a block up to which the server keeps the prompt; five minutes is what it does by itself. */
export const cacheControl = (lifetime: CacheLifetime): Block => ({
  type: 'ephemeral',
  ...(lifetime === '5m' ? {} : { ttl: lifetime }),
});

/** The API takes no more marks than this. */
const maxMarks = 4;

/** The blocks that the API lets be marked, of those that we write. */
const cacheable: ReadonlySet<unknown> = new Set([
  'text',
  'image',
  'document',
  'tool_use',
  'tool_result',
  'search_result',
]);

const isCacheable = ({ type }: Block): boolean => cacheable.has(type);

/**
 * Marks what is worth caching of itself: the end of tools and instructions, which other conversations share; the end of the
 * user's last turn but one, up to which the request before was cached; and the end of the prompt.
 */
export const markPrompt = (prompt: Prompt, lifetime: CacheLifetime | undefined): Prompt => {
  if (lifetime === undefined) return prompt;
  const mark = (block: Block): Block => ({ ...block, cache_control: block.cache_control ?? cacheControl(lifetime) });
  const { tools, system, messages } = prompt;
  const asked = messages.flatMap(({ role }, index) => (role === 'user' ? [index] : []));
  const marked = new Set([...asked.slice(-2), messages.length - 1]);
  return {
    tools: system.length === 0 ? withLast(tools, mark) : tools,
    system: withLast(system, mark),
    messages: messages.map((turn, index) =>
      marked.has(index) ? { ...turn, content: withLast(turn.content, mark, isCacheable) } : turn,
    ),
  };
};

const withLast = (
  blocks: readonly Block[],
  change: (block: Block) => Block,
  isMeant: (block: Block) => boolean = () => true,
): readonly Block[] => {
  const last = blocks.findLastIndex(isMeant);
  return blocks.map((block, index) => (index === last ? change(block) : block));
};

export interface LimitedPrompt extends Prompt {
  /** How many marks were taken away. */
  readonly dropped: number;
}

/**
 * Takes away the marks beyond the number that the API takes. Kept are the last mark of the tools, of the instructions and of
 * the messages, which reach furthest, and then those nearest to the end.
 */
export const limitMarks = (prompt: Prompt): LimitedPrompt => {
  const areas = [prompt.tools, prompt.system, prompt.messages.flatMap(({ content }) => content)];
  const marks = areas.map((area) => area.filter((block) => block.cache_control !== undefined));
  const first = marks.flatMap((area) => area.slice(-1));
  const rest = marks.flatMap((area) => area.slice(0, -1)).toReversed();
  const dropped = new Set([...first, ...rest].slice(maxMarks));
  if (dropped.size === 0) return { ...prompt, dropped: 0 };
  const unmark = (block: Block): Block => (dropped.has(block) ? { ...block, cache_control: undefined } : block);
  return {
    tools: prompt.tools.map(unmark),
    system: prompt.system.map(unmark),
    messages: prompt.messages.map(({ role, content }) => ({ role, content: content.map(unmark) })),
    dropped: dropped.size,
  };
};
