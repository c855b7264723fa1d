import { checkAtLeast, PipewrightError } from '../core/index.js';
import { limitsOf } from './prices.js';
import { tokenCounter } from './token-counter.js';
import type { ToolDefinition } from './types.js';

export interface MaxInputTokensOptions {
  /** Room that stays free for the reply. @default the model's longest reply, at most a quarter of its window */
  readonly reserveTokens?: number;
  /** Tools that go with the messages. @default none */
  readonly tools?: readonly ToolDefinition[];
  /** The window, where the table does not have the model. @default `limitsOf(model).contextTokens` */
  readonly contextTokens?: number;
}

/**
 * How many tokens messages may take: the model's window without its reply, the tools and what goes around a request.
 * @throws {PipewrightError} `bad-option` when the window is not known; `context-too-long` when nothing is left for messages.
 * @example await maxInputTokens('gpt-4o', { reserveTokens: 4_000 }) // => 123997
 */
export const maxInputTokens = async (model: string, options: MaxInputTokensOptions = {}): Promise<number> => {
  const limits = limitsOf(model);
  const { tools = [], contextTokens = limits.contextTokens } = options;
  if (contextTokens === undefined) {
    throw new PipewrightError('bad-option', `The window of \`${model}\` is not known. Give \`contextTokens\`.`);
  }
  const quarter = Math.floor(contextTokens / 4);
  const { reserveTokens = Math.min(limits.maxOutputTokens ?? quarter, quarter) } = options;
  checkAtLeast('contextTokens', contextTokens, 0);
  checkAtLeast('reserveTokens', reserveTokens, 0);
  const around = (await tokenCounter(model).countRequest({ messages: [], tools })).tokens;
  const room = contextTokens - reserveTokens - around;
  if (room > 0) return room;
  const message = `The window of ${contextTokens} tokens has no room for messages: ${reserveTokens} are reserved for the reply, and ${tools.length} tools take ${around}. Reserve less, or give fewer tools.`;
  throw new PipewrightError('context-too-long', message);
};
