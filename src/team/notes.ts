import { textIn } from '../ask/index.js';

/** Something that a member lets the others know. */
export interface Note {
  /** What it is about; a newer note about the same takes the place of an older one. */
  readonly key: string;
  readonly text: string;
  readonly from: string;
  readonly atMs: number;
}

/** What a team knows together: bounded, the oldest notes go. */
export interface Notes {
  readonly add: (note: Note) => void;
  /** Oldest first. */
  readonly list: () => readonly Note[];
}

const maxKeyLength = 200;
const maxTextLength = 4_000;

export const createNotes = (maxNotes: number): Notes => {
  const byKey = new Map<string, Note>();
  return {
    add: (note) => {
      const known = byKey.get(note.key);
      // Messages of several members may come in any order.
      if (known !== undefined && known.atMs > note.atMs) return;
      byKey.delete(note.key);
      byKey.set(note.key, note);
      const [oldest] = byKey.size > maxNotes ? byKey.keys() : [];
      if (oldest !== undefined) byKey.delete(oldest);
    },
    list: () => [...byKey.values()],
  };
};

/** The note in a message; undefined where there is none. */
export const noteIn = (payload: unknown, from: string, atMs: number): Note | undefined => {
  const key = textIn(payload, 'key').slice(0, maxKeyLength);
  const text = textIn(payload, 'text').slice(0, maxTextLength);
  return key === '' ? undefined : { key, text, from, atMs };
};
