import { checkAtLeast, type Message, messageGroups, pairedMessages, PipewrightError } from '../core/index.js';
import { tokenCounter } from './token-counter.js';
import type { ToolDefinition } from './types.js';

export interface FitMessagesOptions {
  /** The window of the model, or as much of it as the request may take: messages, tools and reserve together. */
  readonly maxTokens: number;
  /** Whose tokens. @default 'gpt-5' */
  readonly model?: string;
  /** Room that stays free for the reply. @default 0 */
  readonly reserveTokens?: number;
  /** Tools that go with the messages. @default none */
  readonly tools?: readonly ToolDefinition[];
}

export interface FittedMessages {
  readonly messages: readonly Message[];
  /** What messages and tools take, by the count of `tokenCounter` for the model. */
  readonly tokens: number;
  /** The messages that had no room, oldest first. */
  readonly leftOut: readonly Message[];
}

/** A group of messages with its tokens: `Infinity` where it is older than what has room, and was not counted. */
interface Group {
  readonly messages: readonly Message[];
  readonly tokens: number;
}

/**
 * Leaves out the oldest messages until the rest fits. System messages stay. A tool call and its results stay together or go
 * together, and what is kept begins with a message of the user; where the newest turn alone is too long, its question stays and
 * the oldest of its calls go.
 * @throws {PipewrightError} `context-too-long` when the system messages, tools and newest message alone do not fit; `bad-option`.
 * @example (await fitMessages([user('one'), assistant('two'), user('three')], { maxTokens: 8 })).leftOut.length // => 2
 */
export const fitMessages = async (
  messages: readonly Message[],
  options: FitMessagesOptions,
): Promise<FittedMessages> => {
  const { maxTokens, model = 'gpt-5', reserveTokens = 0, tools = [] } = options;
  checkAtLeast('maxTokens', maxTokens, 0);
  checkAtLeast('reserveTokens', reserveTokens, 0);
  const counter = tokenCounter(model);
  const paired = pairedMessages(messages);
  const fixed = paired.filter(({ role }) => role === 'system');
  const around = await counter.countRequest({ messages: [], tools });
  const whole = await counter.countRequest({ messages: fixed, tools });
  const room = maxTokens - reserveTokens - whole.tokens;
  const groups = messageGroups(paired.filter(({ role }) => role !== 'system'));
  const tokensOf = async (group: readonly Message[]): Promise<number> =>
    (await counter.countRequest({ messages: group, tools })).tokens - around.tokens;
  const kept = newestWithin(await countedFromNewest(groups, room, tokensOf), room);
  if (kept === undefined) throw tooLong(maxTokens, reserveTokens, whole.tokens + (await tokensOf(groups.at(-1) ?? [])));
  const isKept = new Set([...fixed, ...kept.flatMap((group) => group.messages)]);
  return {
    messages: paired.filter((message) => isKept.has(message)),
    tokens: whole.tokens + kept.reduce((sum, { tokens }) => sum + tokens, 0),
    leftOut: paired.filter((message) => !isKept.has(message)),
  };
};

const tooLong = (maxTokens: number, reserveTokens: number, tokens: number): PipewrightError => {
  const reserve = reserveTokens === 0 ? '' : `, of which ${reserveTokens} are reserved for the reply`;
  const message = `The system messages, tools and newest message take ${tokens} tokens, and there is room for ${maxTokens}${reserve}. Shorten them, or raise \`maxTokens\`.`;
  return new PipewrightError('context-too-long', message);
};

/** Counts from the newest on what has room, and the last question: a long conversation costs what is kept of it. */
const countedFromNewest = async (
  groups: readonly (readonly Message[])[],
  room: number,
  tokensOf: (group: readonly Message[]) => Promise<number>,
): Promise<readonly Group[]> => {
  const counted: Group[] = groups.map((messages) => ({ messages, tokens: Number.POSITIVE_INFINITY }));
  const count = async (at: number): Promise<number> => {
    const { messages = [] } = counted[at] ?? {};
    const tokens = await tokensOf(messages);
    counted[at] = { messages, tokens };
    return tokens;
  };
  let left = room;
  let at = groups.length;
  while (at > 0 && left >= 0) left -= await count(--at);
  const question = counted.findLastIndex(isOfUser);
  if (question >= 0 && question < at) await count(question);
  return counted;
};

const isOfUser = ({ messages: [first] }: Group): boolean => first?.role === 'user';

/** The newest groups that fit, from one of the user on; undefined when not even the newest fits. */
const newestWithin = (groups: readonly Group[], room: number): readonly Group[] | undefined => {
  let from = groups.length;
  let tokens = 0;
  while (from > 0 && tokens + (groups[from - 1]?.tokens ?? 0) <= room) tokens += groups[--from]?.tokens ?? 0;
  const begins = groups.findIndex((group, at) => at >= from && isOfUser(group));
  if (begins >= 0) return groups.slice(begins);
  if (room < 0) return undefined;
  const question = groups.findLastIndex(isOfUser);
  // Nobody asked: what stands there, such as a conversation that begins with the model, stays as far as it fits.
  if (question < 0) return from < groups.length || groups.length === 0 ? groups.slice(from) : undefined;
  return newestOfTurn(groups, question, room);
};

/** A turn that is too long alone: its question, and the newest of what came behind. */
const newestOfTurn = (groups: readonly Group[], question: number, room: number): readonly Group[] | undefined => {
  const asked = groups[question];
  if (asked === undefined || asked.tokens > room) return undefined;
  let from = groups.length;
  let left = room - asked.tokens;
  while (from > question + 1 && (groups[from - 1]?.tokens ?? 0) <= left) left -= groups[--from]?.tokens ?? 0;
  // The newest message is what the model is to go on from.
  return from === groups.length && question < groups.length - 1 ? undefined : [asked, ...groups.slice(from)];
};
