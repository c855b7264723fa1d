import type { Envelope } from './broker.js';

/** A message in a mailbox. */
export interface Entry {
  /** The order of coming. */
  readonly seq: number;
  readonly envelope: Envelope;
  /** How often it has been handed out. */
  attempts: number;
  /** Taken out of its lane from the middle. */
  isGone: boolean;
}

/** The messages of one priority that wait. */
export interface Lane {
  readonly size: number;
  readonly push: (entry: Entry) => void;
  /** The first one stays where it is. */
  readonly first: () => Entry | undefined;
  readonly shift: () => Entry | undefined;
  /** Puts one that was taken back in its place. */
  readonly putBack: (entry: Entry) => void;
  readonly remove: (entry: Entry) => void;
  readonly entries: () => readonly Entry[];
}

/** An array with a moving head. What goes from the middle is only marked, until the marked ones are the most. */
export const createLane = (): Lane => {
  let items: Entry[] = [];
  let head = 0;
  let size = 0;

  const tidy = (): void => {
    if (items.length < 2 * size + 32) return;
    items = entries();
    head = 0;
  };
  const first = (): Entry | undefined => {
    while (items[head]?.isGone === true) head++;
    return items[head];
  };
  const entries = (): Entry[] => items.slice(head).filter(({ isGone }) => !isGone);

  return {
    get size() {
      return size;
    },
    push: (entry) => {
      items.push(entry);
      size++;
    },
    first,
    shift: () => {
      const entry = first();
      if (entry === undefined) return undefined;
      head++;
      size--;
      tidy();
      return entry;
    },
    putBack: (entry) => {
      let at = head;
      for (let next = items[at]; next !== undefined && next.seq < entry.seq; next = items[++at]);
      if (at === head && head > 0) items[--head] = entry;
      else items.splice(at, 0, entry);
      size++;
    },
    remove: (entry) => {
      entry.isGone = true;
      size--;
      tidy();
    },
    entries,
  };
};
