import { checkAtLeast, type Message, type Part, partsOf, PipewrightError } from '../core/index.js';
import { tokenCounter, type TokenCounter } from './token-counter.js';
import { truncate } from './truncate.js';

export interface ShortenMessagesOptions {
  /** Room for the messages, as `tokenCounter().countRequest` counts them. */
  readonly maxTokens: number;
  /** Whose tokens. @default 'gpt-5' */
  readonly model?: string;
  /** No text is made shorter than this, even if the messages then do not fit. @default 0 */
  readonly minTextTokens?: number;
  /** Makes one text fit. @default `truncate` at the end of a sentence, with `…` behind it */
  readonly shorten?: (text: string, maxTokens: number) => Promise<string>;
}

export interface ShortenedMessages {
  readonly messages: readonly Message[];
  /** What they take as a request. */
  readonly tokens: number;
  /** How many texts were made shorter. */
  readonly shortened: number;
}

/** The text of a part that may be made shorter; calls, pictures, files and what a provider signed stay as they are. */
const textIn = (part: Part): string | undefined => {
  if (part.type === 'text' || part.type === 'source') return part.text;
  if (part.type !== 'tool-result') return undefined;
  return typeof part.output === 'string' ? part.output : (JSON.stringify(part.output) ?? '');
};

const withText = (part: Part, text: string): Part => {
  if (part.type === 'text' || part.type === 'source') return { ...part, text };
  return part.type === 'tool-result' ? { ...part, output: text } : part;
};

/** The most that each may take so that all together take no more than `room`: long ones share what short ones leave. */
const fairCap = (sizes: readonly number[], room: number): number => {
  let left = room;
  let count = sizes.length;
  for (const size of [...sizes].sort((a, b) => a - b)) {
    if (size * count > left) return Math.max(0, Math.floor(left / count));
    left -= size;
    count--;
  }
  return Infinity;
};

/**
 * Makes the longest texts of messages shorter until the messages fit: text, sources and results of tools, all to the same length at
 * most. No message is left out, calls keep their results, and pictures, files and calls stay whole. For one message give a list of it.
 * @throws {PipewrightError} `context-too-long` when they cannot fit; `bad-option`.
 * @example (await shortenMessages([{ role: 'user', content: 'One is here. Two is there.' }], { maxTokens: 12 })).shortened // => 1
 */
export const shortenMessages = async (
  messages: readonly Message[],
  options: ShortenMessagesOptions,
): Promise<ShortenedMessages> => {
  const { maxTokens, model = 'gpt-5', minTextTokens = 0 } = options;
  checkAtLeast('maxTokens', maxTokens, 0);
  checkAtLeast('minTextTokens', minTextTokens, 0);
  const counter = tokenCounter(model);
  const shorten = options.shorten ?? ((text, room) => cut(text, room, model));
  const whole = (await counter.countRequest({ messages })).tokens;
  if (whole <= maxTokens) return { messages, tokens: whole, shortened: 0 };
  const sizes = await textSizes(messages, counter);
  const fixed = whole - sizes.reduce((sum, size) => sum + size, 0);
  const cap = Math.max(minTextTokens, fairCap(sizes, maxTokens - fixed));
  if (cap < 1) throw tooLong(fixed, maxTokens);
  let shortened = 0;
  let at = 0;
  const shorter: Message[] = [];
  for (const message of messages) {
    const parts: Part[] = [];
    const before = shortened;
    for (const part of partsOf(message)) {
      const text = textIn(part);
      const isLong = text !== undefined && (sizes[at++] ?? 0) > cap;
      if (isLong) shortened++;
      parts.push(isLong ? withText(part, await shorten(text, cap)) : part);
    }
    const [only] = parts;
    const isPlain = typeof message.content === 'string' && only?.type === 'text';
    shorter.push(shortened === before ? message : { role: message.role, content: isPlain ? only.text : parts });
  }
  const { tokens } = await counter.countRequest({ messages: shorter });
  if (tokens > maxTokens && minTextTokens === 0) throw tooLong(tokens, maxTokens);
  return { messages: shorter, tokens, shortened };
};

const cut = async (text: string, maxTokens: number, model: string): Promise<string> => {
  const marked = await truncate(text, { maxTokens, model, cutAt: 'sentence', marker: '…' });
  // Better without a mark than nothing: providers refuse empty texts.
  return marked.text === '' ? (await truncate(text, { maxTokens, model })).text : marked.text;
};

const textSizes = async (messages: readonly Message[], { count }: TokenCounter): Promise<readonly number[]> => {
  const sizes: number[] = [];
  for (const part of messages.flatMap(partsOf)) {
    const text = textIn(part);
    if (text !== undefined) sizes.push((await count(text)).tokens);
  }
  return sizes;
};

const tooLong = (tokens: number, maxTokens: number): PipewrightError =>
  new PipewrightError(
    'context-too-long',
    `The messages take ${tokens} tokens where they cannot be made shorter, and there is room for ${maxTokens}. Leave some out with \`fitMessages\`, or raise \`maxTokens\`.`,
  );
