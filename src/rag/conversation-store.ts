import { PipewrightError, type Run, type Store, yieldToEventLoop } from '../core/index.js';
import type { Answer } from './types.js';

/** What an earlier answer rested on, for showing it again. */
export interface TurnCitation {
  readonly number: number;
  readonly verdict: string;
  readonly sourceId?: string;
  readonly quote?: string;
  /** For people: `README.md:120-124`. */
  readonly label?: string;
}

/** A question of a conversation and its answer. */
export interface ConversationTurn {
  readonly question: string;
  /** What was searched for. */
  readonly query: string;
  /** The answer, with its marks. */
  readonly text: string;
  readonly isAnswered: boolean;
  readonly citations: readonly TurnCitation[];
}

export interface ConversationStore {
  readonly store: Store;
  /** Goes before the ids of conversations. */
  readonly prefix: string;
  /** The last so many turns are kept. */
  readonly maxTurns: number;
  /** How long a conversation is kept after its last turn. */
  readonly ttlMs: number;
}

const version = 1;
const maxTries = 1_000;

const isTurn = (value: unknown): value is ConversationTurn => {
  if (typeof value !== 'object' || value === null) return false;
  const { question, query, text, isAnswered, citations } = value as Readonly<Record<string, unknown>>;
  const areTexts = [question, query, text].every((each) => typeof each === 'string');
  return areTexts && typeof isAnswered === 'boolean' && Array.isArray(citations);
};

const read = (bytes: Uint8Array | undefined, where: string): readonly ConversationTurn[] => {
  if (bytes === undefined) return [];
  let data: { readonly version?: unknown; readonly turns?: unknown } | null = null;
  try {
    data = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // Not JSON: damaged, as the error below says.
  }
  const details = { where };
  if (typeof data?.version === 'number' && data.version > version) {
    const message = `The conversation \`${where}\` has version ${data.version}, this release reads up to ${version}. Update pipewright.`;
    throw new PipewrightError('store-newer', message, { details });
  }
  if (data?.version !== version || !Array.isArray(data.turns) || !data.turns.every(isTurn)) {
    const message = `The conversation \`${where}\` is damaged or something else. Forget it, or use another id.`;
    throw new PipewrightError('store-damaged', message, { details });
  }
  return data.turns;
};

const keyOf = ({ prefix }: ConversationStore, id: string): string => `${prefix}/${id}`;

/** The turns of a conversation, oldest first; none of one that is not known. */
export const readTurns = async (kept: ConversationStore, id: string): Promise<readonly ConversationTurn[]> => {
  const key = keyOf(kept, id);
  return read(await kept.store.get(key), key);
};

export const turnOf = (question: string, { query, text, isAnswered, citations }: Answer): ConversationTurn => ({
  question,
  query,
  text,
  isAnswered,
  citations: citations.map(({ number, verdict, sourceId, evidence }) => ({
    number,
    verdict,
    ...(sourceId === undefined ? {} : { sourceId }),
    ...(evidence === undefined ? {} : { quote: evidence.quote, label: evidence.label }),
  })),
});

/** Adds a turn, also while other processes do; the oldest give way. */
export const addTurn = async (kept: ConversationStore, id: string, turn: ConversationTurn, run: Run): Promise<void> => {
  const { store, maxTurns, ttlMs } = kept;
  const key = keyOf(kept, id);
  for (let tries = 0; tries < maxTries; tries++) {
    run.throwIfAborted();
    const before = await store.get(key);
    const turns = [...read(before, key), turn].slice(-maxTurns);
    const bytes = new TextEncoder().encode(JSON.stringify({ version, turns }));
    if (await store.compareAndSet(key, before, bytes, ttlMs === Infinity ? {} : { ttlMs })) return;
    await yieldToEventLoop();
  }
  throw new PipewrightError('store-locked', `The conversation \`${key}\` is changed all the time.`, {
    retryable: true,
  });
};

export const forgetTurns = (kept: ConversationStore, id: string): Promise<void> =>
  kept.store.write([{ type: 'delete', key: keyOf(kept, id) }]);
