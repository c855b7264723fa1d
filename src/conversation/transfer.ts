import { fromJson, type Json, partsOf, PipewrightError, type Part, type Run, toJson } from '../core/index.js';
import { begin } from './append.js';
import { isLogged, type LoggedMessage } from './logged-message.js';
import { readForwards } from './read-messages.js';
import { conversationOf, type ConversationRecord, type Desk, needRecord } from './record.js';
import type { Conversation, ConversationExport } from './types.js';

/** A conversation with its messages, those it shares among them, as plain JSON. */
export const exportConversation = async (desk: Desk, id: string): Promise<ConversationExport> => {
  const { messageCount, tokens, costUsd, ...conversation } = conversationOf(id, await needRecord(desk, id));
  const messages: Json[] = [];
  for await (const entry of readForwards(desk, id)) messages.push(toJson(entry));
  return { kind: 'pipewright-conversation', version: 1, conversation, messages };
};

const notExported = (what: string): PipewrightError =>
  new PipewrightError('bad-input', `This is no exported conversation: ${what}. Give what \`export\` gave.`);

type Exported = Pick<ConversationExport, 'conversation'> & { readonly messages: readonly LoggedMessage[] };

const isNoList = (value: unknown): boolean => !Array.isArray(value) || !value.every((each) => typeof each === 'string');

/** What an export holds, checked: it may come from a file that somebody has changed. */
const exportedOf = (value: unknown): Exported => {
  if (typeof value !== 'object' || value === null) throw notExported('it is no object');
  const { kind, version, conversation, messages } = value as Partial<Record<keyof ConversationExport, unknown>>;
  if (kind !== 'pipewright-conversation') throw notExported('its `kind` is another one');
  if (version !== 1) {
    const message = `The exported conversation has version ${String(version)}, this release reads 1. Update pipewright.`;
    throw new PipewrightError(typeof version === 'number' && version > 1 ? 'store-newer' : 'bad-input', message);
  }
  if (typeof conversation !== 'object' || conversation === null) throw notExported('`conversation` is missing');
  const { title, tags, metadata, createdMs } = conversation as Partial<Conversation>;
  if (isNoList(tags) || typeof metadata !== 'object' || metadata === null || typeof createdMs !== 'number') {
    throw notExported('`conversation` has no tags, metadata or time');
  }
  if (title !== undefined && typeof title !== 'string') throw notExported('its title is no text');
  if (!Array.isArray(messages)) throw notExported('`messages` is no list');
  const entries = messages.map((message) => fromJson(message as Json));
  const bad = entries.findIndex((entry) => !isLogged(entry));
  if (bad >= 0) throw notExported(`message ${bad} is none`);
  return { conversation: conversation as Conversation, messages: entries as LoggedMessage[] };
};

/** Takes in all or nothing. What was said before a branch is its own from then on. */
export const importConversation = (
  desk: Desk,
  exported: unknown,
  id: string,
  run: Run,
): Promise<ConversationRecord> => {
  const { conversation, messages } = exportedOf(exported);
  const { title, tags, metadata, createdMs } = conversation;
  const beginning = {
    id,
    given: { tags, metadata, ...(title === undefined ? {} : { title }) },
    fields: { createdMs },
    messages: messages.map(({ seq, message, ...facts }) => ({ ...message, ...facts })),
  };
  return begin(desk, beginning, run);
};

const fence = (text: string): string => {
  // Longer than any run of backticks inside, as CommonMark asks.
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const marks = '`'.repeat(longest + 1);
  return `${marks}\n${text}\n${marks}`;
};

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(toJson(value), null, 2));

const partMarkdown = (part: Part): string => {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'reasoning':
      return part.text.replace(/^/gm, '> ');
    case 'source':
      return `Source \`${part.id}\`${part.title === undefined ? '' : ` (${part.title})`}:\n\n${fence(part.text)}`;
    case 'tool-call':
      return `Calls \`${part.name}\`:\n\n${fence(shown(part.input))}`;
    case 'tool-result':
      return `\`${part.name}\` ${part.isError === true ? 'failed' : 'answered'}:\n\n${fence(shown(part.output))}`;
    case 'image':
    case 'file': {
      const where = part.data instanceof URL ? part.data.href : `${part.data.byteLength} bytes`;
      return `(${part.type}${part.mediaType === undefined ? '' : ` ${part.mediaType}`}, ${where})`;
    }
    case 'provider':
      return `(for ${part.provider} only)`;
  }
};

/**
 * An exported conversation for people: a heading for each message, with its time; calls of tools and sources in fences.
 * @throws {PipewrightError} `bad-input` when it is no exported conversation.
 */
export const conversationMarkdown = (exported: ConversationExport): string => {
  const { conversation, messages } = exportedOf(exported);
  const { title = 'Conversation', tags } = conversation;
  const lines = [`# ${title}`];
  if (tags.length > 0) lines.push(`Tags: ${tags.join(', ')}`);
  for (const { message, createdMs, metadata } of messages) {
    const cut = metadata?.isCut === true ? ', cut off' : '';
    lines.push(`## ${message.role}, ${new Date(createdMs).toISOString()}${cut}`);
    lines.push(
      ...partsOf(message)
        .map(partMarkdown)
        .filter((text) => text !== ''),
    );
  }
  return `${lines.join('\n\n')}\n`;
};
