import type { Message } from '../core/index.js';
import type { LoggedMessage, MessageLog } from '../conversation/index.js';
import type { TokenCounter } from '../model/index.js';

export interface TailLimits {
  readonly maxTurns: number;
  readonly maxTokens: number;
  /** The first message that may be read. */
  readonly fromSeq: number;
}

/** A turn begins with what the user says. */
export const beginsTurn = ({ role }: Message): boolean => role === 'user';

/**
 * The newest messages, oldest of them first, back to the turn or the token at which there are enough. Reads as much as it returns,
 * however long the conversation is.
 */
export const readTail = async (
  log: MessageLog,
  id: string,
  { maxTurns, maxTokens, fromSeq }: TailLimits,
  counter: TokenCounter,
): Promise<readonly LoggedMessage[]> => {
  const tail: LoggedMessage[] = [];
  let turns = 0;
  let tokens = 0;
  const around = (await counter.countRequest({ messages: [] })).tokens;
  if (maxTurns === 0 || maxTokens <= 0) return [];
  for await (const entry of log.backwards(id)) {
    if (entry.seq < fromSeq) break;
    tail.push(entry);
    if (maxTokens !== Infinity) tokens += (await counter.countRequest({ messages: [entry.message] })).tokens - around;
    if (beginsTurn(entry.message)) turns++;
    // The question of a turn that is too long is what stays of it.
    if (turns >= maxTurns || (turns > 0 && tokens > maxTokens)) break;
  }
  return tail.reverse();
};
