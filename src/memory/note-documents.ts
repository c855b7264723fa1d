import {
  createRun,
  type Document,
  type DocumentStore,
  type Filter,
  type MemoryScope,
  type Message,
  randomId,
  type Run,
  textOf,
} from '../core/index.js';
import { conversationOf, userOf } from './scope.js';
import { sentencesIn } from './units.js';

/** What is known of a remembered text. */
export interface NoteFacts {
  readonly user: string;
  readonly conversation: string;
  readonly role: string;
  readonly createdMs: number;
  /** 1 to 10. */
  readonly importance: number;
  /** Id of the text that was said before it. */
  readonly before?: string;
}

export interface NoteDocument extends Document {
  readonly metadata: Readonly<Record<string, string | number>>;
}

/** Texts are kept in pieces, so that a long one does not take the place of all others. */
const maxPieceLength = 2_000;

const piecesOf = (text: string): readonly string[] => {
  if (text.length <= maxPieceLength) return [text];
  const pieces: string[] = [];
  for (const sentence of sentencesIn(text)) {
    const last = pieces.at(-1);
    if (last === undefined || last.length + sentence.length > maxPieceLength) pieces.push(sentence);
    else pieces[pieces.length - 1] = `${last} ${sentence}`;
  }
  return pieces;
};

/** The texts that were said, in pieces; results of tools are not what somebody said. */
export const textsOf = (messages: readonly Message[]): readonly { readonly role: string; readonly text: string }[] =>
  messages
    .filter(({ role }) => role === 'user' || role === 'assistant')
    .flatMap((message) => piecesOf(textOf(message)).map((text) => ({ role: message.role, text })))
    .filter(({ text }) => text.trim() !== '');

/** Documents of the texts, each of which knows the one before it. */
export const documentsOf = (
  messages: readonly Message[],
  scope: MemoryScope,
  previous: string | undefined,
  importance: readonly number[],
  run: Run,
): readonly NoteDocument[] => {
  const user = userOf(scope);
  const conversation = conversationOf(scope);
  const createdMs = run.clock.now();
  const batch = randomId(run.random);
  let before = previous;
  return textsOf(messages).map(({ role, text }, at) => {
    const id = `${createdMs.toString(36)}-${batch}-${at}`;
    const facts: NoteFacts = { user, conversation, role, createdMs, importance: importance[at] ?? 1 };
    const metadata = before === undefined ? { ...facts } : { ...facts, before };
    before = id;
    return { id, text, metadata };
  });
};

export const factsOf = ({ metadata = {} }: Document): NoteFacts => ({
  user: String(metadata.user),
  conversation: String(metadata.conversation),
  role: String(metadata.role),
  createdMs: Number(metadata.createdMs),
  importance: Number(metadata.importance),
  ...(typeof metadata.before === 'string' ? { before: metadata.before } : {}),
});

/** What belongs to a scope: all of a user where it names no conversation. */
export const filterOf = (scope: MemoryScope): Filter =>
  scope.conversationId === undefined
    ? { user: userOf(scope) }
    : { user: userOf(scope), conversation: conversationOf(scope) };

/** Writes to every index, or to none as far as they can be asked: what one took before another failed is taken back. */
export const writeAll = async (
  stores: readonly DocumentStore[],
  documents: readonly NoteDocument[],
  run: Run,
): Promise<void> => {
  const written: DocumentStore[] = [];
  try {
    for (const store of stores) {
      run.throwIfAborted();
      written.push(store);
      await store.add(documents, run);
    }
  } catch (error) {
    const ids = documents.map(({ id }) => id);
    // In a run of its own: the caller's may be aborted, which is why it is taken back.
    await Promise.allSettled(written.map((store) => store.delete(ids, createRun({ clock: run.clock }))));
    throw error;
  }
};
