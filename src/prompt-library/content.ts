import { createHash } from 'node:crypto';
import { fromJson, type Message, PipewrightError, type Step, toJson, isRecord } from '../core/index.js';
import { chatPrompt, type HistorySlot, prompt, type SourcesSlot } from '../prompt/index.js';

/** A part of a chat prompt as plain data: a message, or the place of a conversation or of passages. */
export type PromptItem = Message | HistorySlot<string> | SourcesSlot<string>;

/** What a version of a prompt holds, as plain data: the template of a text, or the items of a chat prompt. */
export type PromptContent = string | readonly PromptItem[];

/** A prompt, rendered: text or messages. A chat model takes both. */
export type RenderedPrompt = string | readonly Message[];

export type PromptVariables = Readonly<Record<string, unknown>>;

/** A prompt as a step from the values of its variables. */
export interface RenderStep extends Step<PromptVariables, RenderedPrompt> {
  readonly variables: readonly string[];
}

const roles: ReadonlySet<string> = new Set(['system', 'user', 'assistant', 'tool']);

const isItem = (item: unknown): boolean => {
  if (!isRecord(item)) return false;
  if ('slot' in item) return (item.slot === 'history' || item.slot === 'sources') && typeof item.name === 'string';
  const { role, content } = item;
  if (typeof role !== 'string' || !roles.has(role)) return false;
  if (typeof content === 'string') return true;
  return Array.isArray(content) && content.every((part) => isRecord(part) && typeof part.type === 'string');
};

/** Whether data has the form of a prompt; its templates may still be wrong. */
export const isContent = (content: unknown): content is PromptContent =>
  typeof content === 'string' || (Array.isArray(content) && content.every(isItem));

/**
 * A prompt as a step that checks its variables.
 * @throws {PipewrightError} `bad-input` when it is no prompt, or quotes a single brace in it.
 */
export const renderStep = (content: PromptContent): RenderStep => {
  if (!isContent(content)) {
    throw new PipewrightError(
      'bad-input',
      'A prompt is the template of a text, or a list of messages and of places made by `history` and `sources`.',
    );
  }
  return (typeof content === 'string' ? prompt(content) : chatPrompt(content)) as unknown as RenderStep;
};

/** The one text that stands for a content: equal contents have equal texts. */
export const contentText = (content: PromptContent): string => JSON.stringify(toJson(content, { isExact: true }));

/** The content of such a text. Not checked. */
export const contentOf = (text: string): PromptContent => fromJson(JSON.parse(text)) as PromptContent;

/** SHA-256 of the content, hexadecimal. */
export const hashOf = (content: PromptContent): string =>
  createHash('sha256').update(contentText(content)).digest('hex');

/** A content as a person reads it: for differences, for search and for those who judge it. */
export const plainText = (content: PromptContent): string => {
  if (typeof content === 'string') return content;
  return content
    .map((item) => {
      if ('slot' in item) return `[${item.slot}: ${item.name}]`;
      const { role, content: inner } = item;
      const parts = typeof inner === 'string' ? [{ type: 'text', text: inner } as const] : inner;
      return `[${role}]\n${parts.map((part) => (part.type === 'text' ? part.text : JSON.stringify(toJson(part)))).join('\n')}`;
    })
    .join('\n');
};
