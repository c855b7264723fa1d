import { type Message, type Part, partsOf, type ToolCallPart, type ToolResultPart } from './message.js';

const isCall = (part: Part): part is ToolCallPart => part.type === 'tool-call';
const isResult = (part: Part): part is ToolResultPart => part.type === 'tool-result';

const unanswered = ({ id, name }: ToolCallPart): ToolResultPart => ({
  type: 'tool-result',
  id,
  name,
  output: 'The call was cancelled before it had a result.',
  isError: true,
});

/** The message without results that nobody waits for; undefined when nothing is left of it. */
const withoutOrphans = (message: Message, waiting: Map<string, ToolCallPart>): Message | undefined => {
  const parts = partsOf(message);
  if (!parts.some(isResult)) return message;
  const kept = parts.filter((part) => !isResult(part) || waiting.delete(part.id));
  if (kept.length === parts.length) return message;
  return kept.length === 0 ? undefined : { role: message.role, content: kept };
};

/**
 * Messages in which every tool call has exactly one result behind it, as providers demand: results that belong to no call and
 * second results are left out, and a call without one, as an abort leaves it, gets one that says so. A list that is right already
 * comes back with the same messages.
 * @example pairedMessages([{ role: 'tool', content: [{ type: 'tool-result', id: 'a', name: 'clock', output: 4 }] }]) // => []
 */
export const pairedMessages = (messages: readonly Message[]): readonly Message[] => {
  const paired: Message[] = [];
  const waiting = new Map<string, ToolCallPart>();
  const giveUp = (): void => {
    if (waiting.size > 0) paired.push({ role: 'tool', content: [...waiting.values()].map(unanswered) });
    waiting.clear();
  };
  for (const message of messages) {
    if (message.role !== 'tool') giveUp();
    const kept = withoutOrphans(message, waiting);
    if (kept === undefined) continue;
    paired.push(kept);
    for (const part of partsOf(kept)) if (isCall(part)) waiting.set(part.id, part);
  }
  giveUp();
  return paired;
};

/**
 * The messages in groups that must stay together: a message with tool calls and the results behind it; any other message alone.
 * @example messageGroups([{ role: 'user', content: 'Hi' }]).length // => 1
 */
export const messageGroups = (messages: readonly Message[]): readonly (readonly Message[])[] => {
  const groups: Message[][] = [];
  for (const message of messages) {
    const last = groups.at(-1);
    if (message.role === 'tool' && last !== undefined) last.push(message);
    else groups.push([message]);
  }
  return groups;
};
