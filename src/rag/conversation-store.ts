import { changeEntry, decodeState, encodeState, type Run, type StateForm, type Store } from '../core/index.js';
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

const isTurn = (value: unknown): value is ConversationTurn => {
  if (typeof value !== 'object' || value === null) return false;
  const { question, query, text, isAnswered, citations } = value as Readonly<Record<string, unknown>>;
  const areTexts = [question, query, text].every((each) => typeof each === 'string');
  return areTexts && typeof isAnswered === 'boolean' && Array.isArray(citations);
};

const form: StateForm<readonly ConversationTurn[]> = {
  what: 'conversation',
  version,
  read: ({ turns }) => (Array.isArray(turns) && turns.every(isTurn) ? turns : undefined),
};

const read = (bytes: Uint8Array | undefined, where: string): readonly ConversationTurn[] =>
  bytes === undefined ? [] : decodeState(form, bytes, where);

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
  const change = (before: Uint8Array | undefined) => ({
    value: encodeState({ version, turns: [...read(before, key), turn].slice(-maxTurns) }),
    ...(ttlMs === Infinity ? {} : { ttlMs }),
    result: undefined,
  });
  await changeEntry(store, key, change, run);
};

export const forgetTurns = (kept: ConversationStore, id: string): Promise<void> =>
  kept.store.write([{ type: 'delete', key: keyOf(kept, id) }]);
