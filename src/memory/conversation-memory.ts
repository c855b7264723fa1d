import {
  checkAtLeast,
  createRun,
  defineStep,
  type Memory,
  type MemoryScope,
  type Message,
  type Recalled,
  type RecallQuery,
  type Run,
} from '../core/index.js';
import { type MessageLog, messageLog } from '../conversation/index.js';
import { tokenCounter } from '../model/index.js';
import { fittingTurns, recalledOf } from './recalled.js';
import { logIdOf } from './scope.js';
import { readTail } from './tail.js';

export interface BufferMemoryOptions {
  /** Where the messages are kept. @default in memory, gone with the process */
  readonly log?: MessageLog;
  /** Room for what is recalled; a query's own wins. @default no limit */
  readonly maxTokens?: number;
  /** Whose tokens. @default 'gpt-5' */
  readonly model?: string;
}

export interface WindowMemoryOptions extends BufferMemoryOptions {
  /** How many turns: what the user said, and all up to what they said next. @default 10 */
  readonly maxTurns?: number;
}

export interface TokenMemoryOptions extends BufferMemoryOptions {
  /** Room for what is recalled; a query's own wins. @default 4000 */
  readonly maxTokens?: number;
}

type Settings = Required<WindowMemoryOptions>;

/** What was said: not what the developer told the model. */
export const saidOf = (messages: readonly Message[]): readonly Message[] =>
  messages.filter(({ role }) => role !== 'system');

/** A memory of the newest messages: the kinds differ in where they stop. */
const tailMemory = (kind: string, { log, maxTurns, maxTokens, model }: Settings): Memory => {
  checkAtLeast('maxTurns', maxTurns, 0);
  checkAtLeast('maxTokens', maxTokens, 0);
  const counter = tokenCounter(model);
  const limits = Object.entries({ maxTurns, maxTokens }).filter(([, value]) => value !== Infinity);
  const details = Object.fromEntries(limits);
  const recall = async (query: RecallQuery): Promise<Recalled> => {
    const room = { maxTokens: query.maxTokens ?? maxTokens, counter };
    checkAtLeast('maxTokens', room.maxTokens, 0);
    const id = logIdOf(query);
    const tail = await readTail(log, id, { maxTurns, maxTokens: room.maxTokens, fromSeq: 0 }, counter);
    const said = tail.map(({ message }) => message);
    const turns = await fittingTurns(said, room);
    const kept = new Set(turns);
    const leftOut = (await log.count(id)) - said.filter((message) => kept.has(message)).length;
    return recalledOf({ turns, notes: [], leftOut: Math.max(0, leftOut) }, room);
  };
  return {
    kind,
    add: async (messages: readonly Message[], scope: MemoryScope = {}, run: Run = createRun()) => {
      await log.append(logIdOf(scope), saidOf(messages), run);
    },
    recall: defineStep({ kind: 'memory', name: kind, details }, recall),
    clear: async (scope: MemoryScope = {}, run: Run = createRun()) => log.clear(logIdOf(scope), run),
  };
};

const defaults = (): Settings => ({ log: messageLog(), maxTurns: Infinity, maxTokens: Infinity, model: 'gpt-5' });

/**
 * Remembers the whole conversation, word for word. For short conversations: what it recalls grows with every message.
 * @throws {PipewrightError} `bad-option`.
 * @example (await bufferMemory().recall({})).messages // => []
 */
export const bufferMemory = (options: BufferMemoryOptions = {}): Memory =>
  tailMemory('buffer', { ...defaults(), ...options });

/**
 * Remembers the last turns of the conversation, word for word; the older ones stay in the log. Recalling reads as many messages as
 * it returns.
 * @throws {PipewrightError} `bad-option`.
 * @example windowMemory({ maxTurns: 3 }).kind // => 'window'
 */
export const windowMemory = (options: WindowMemoryOptions = {}): Memory =>
  tailMemory('window', { ...defaults(), maxTurns: 10, ...options });

/**
 * Remembers as many of the newest messages as fit, by exact count, as `fitMessages` does: never a call without its result, and from a
 * message of the user on.
 * @throws {PipewrightError} `bad-option`.
 * @example tokenMemory({ maxTokens: 1000 }).kind // => 'tokens'
 */
export const tokenMemory = (options: TokenMemoryOptions = {}): Memory =>
  tailMemory('tokens', { ...defaults(), maxTokens: 4_000, ...options });
