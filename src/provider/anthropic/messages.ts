import { type Message, type Part, partsOf } from '../../core/index.js';
import { misplacedPart, outputParts } from '../shared/index.js';
import type { AnthropicFamily } from './models.js';
import { type Wiring, wirePart } from './parts.js';
import type { Block } from './thinking.js';

export interface WireTurn {
  readonly role: 'user' | 'assistant' | 'system';
  readonly content: readonly Block[];
}

/** The conversation in the form of the Messages API. */
export interface WireConversation {
  readonly system: readonly Block[];
  readonly messages: readonly WireTurn[];
  /** What each document block is, in order: the id of its source, or the name of its file. */
  readonly documentIds: readonly string[];
  /** The container that the server made for code of this conversation, if it made one. */
  readonly container: Block | undefined;
}

export interface ConversationSettings {
  readonly id: string;
  readonly family: AnthropicFamily;
  readonly isCiting: boolean;
}

/**
 * System messages ahead of the others go into the field of their own; later ones stay behind the user's turn where the model
 * takes them there, so that what is cached stays valid. Messages of one side in a row become one, as the API wants them.
 */
export const wireConversation = (
  { id, family, isCiting }: ConversationSettings,
  messages: readonly Message[],
): WireConversation => {
  const wiring: Wiring = { id, isCiting, documentIds: [] };
  const system: Block[] = [];
  const late: Block[] = [];
  const turns: { readonly role: WireTurn['role']; readonly content: Block[] }[] = [];
  const placeLate = (): void => {
    if (late.length === 0) return;
    if (turns.at(-1)?.role === 'user') turns.push({ role: 'system', content: late.splice(0) });
    else system.push(...late.splice(0));
  };
  for (const message of messages) {
    const content = partsOf(message).flatMap((part) => blocksOf(wiring, message, part));
    if (content.length === 0) continue;
    if (message.role === 'system') {
      (family.takesLateSystem && turns.length > 0 ? late : system).push(...content);
      continue;
    }
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    if (role === 'assistant') placeLate();
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else turns.push({ role, content });
  }
  placeLate();
  return { system, messages: turns, documentIds: wiring.documentIds, container: lastContainer(messages) };
};

const blocksOf = (wiring: Wiring, message: Message, part: Part): readonly Block[] => {
  if (message.role === 'system' && part.type !== 'text') throw misplacedPart(wiring.id, 'system', part);
  return wirePart(wiring, message, part);
};

const lastContainer = (messages: readonly Message[]): Block | undefined => {
  for (const message of messages.toReversed()) {
    const part = partsOf(message).findLast(isContainer);
    if (part?.type === 'provider') return part.data as Block;
  }
  return undefined;
};

const isContainer = (part: Part): boolean =>
  part.type === 'provider' && part.provider === 'anthropic' && (part.data as Block).type === 'container';

/** Whether there is a part that passes, also among the parts of tool results. */
export const hasPart = (messages: readonly Message[], isMeant: (part: Part) => boolean): boolean =>
  messages.some((message) =>
    partsOf(message).some(
      (part) => isMeant(part) || (part.type === 'tool-result' && (outputParts(part) ?? []).some(isMeant)),
    ),
  );
