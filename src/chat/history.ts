import type { Conversation, Conversations } from '../conversation/index.js';
import { isPipewrightError, type Memory, type Message, pairedMessages, type Run, textOf } from '../core/index.js';
import { estimateTokens } from '../model/index.js';
import type { ChatTurnWithOptions } from './types.js';

const titleLength = 60;

const titleOf = (text: string): string => {
  const line = text.trim().replace(/\s+/gu, ' ');
  return line.length <= titleLength ? line : `${line.slice(0, titleLength - 1).trimEnd()}…`;
};

/** The conversation that a turn goes on with: that of its id, made where there is none, or a branch of it. */
export const conversationFor = async (
  own: Conversations,
  { conversationId = 'default', insteadOfSeq, text }: ChatTurnWithOptions,
  run: Run,
): Promise<Conversation> => {
  if (insteadOfSeq !== undefined) return own.branch({ id: conversationId, seq: insteadOfSeq - 1 }, {}, run);
  const known = await own.get(conversationId);
  if (known !== undefined) return known;
  try {
    return await own.create({ id: conversationId, title: titleOf(text) }, run);
  } catch (error) {
    // Another turn has begun it in the same moment.
    const made = isPipewrightError(error) && error.code === 'duplicate-id' ? await own.get(conversationId) : undefined;
    if (made === undefined) throw error;
    return made;
  }
};

const maxMessages = 1_000;

/** The newest messages before a number, as many as may have room; a count of what is sent decides later. */
export const historyBefore = async (
  own: Conversations,
  id: string,
  beforeSeq: number,
  maxTokens: number,
): Promise<readonly Message[]> => {
  const newest: Message[] = [];
  let tokens = 0;
  for await (const { message } of own.backwards(id, beforeSeq)) {
    newest.push(message);
    tokens += estimateTokens(textOf(message));
    if (tokens > maxTokens || newest.length === maxMessages) break;
  }
  return pairedMessages(newest.reverse());
};

/** A memory knows nothing of a new branch: it is told the turns before it once, when the branch first goes on. */
export const tellBranch = async (
  memory: Memory,
  own: Conversations,
  { id, parent, messageCount }: Conversation,
  maxTokens: number,
  run: Run,
): Promise<void> => {
  if (parent === undefined || messageCount > parent.seq + 1 || messageCount === 0) return;
  const turns = await historyBefore(own, id, messageCount, maxTokens);
  await memory.add(turns, { conversationId: id, userId: own.userId }, run);
};
