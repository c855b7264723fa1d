/** A piece of a reply's text, or of the reasoning in front of it. */
export interface TextPiece {
  readonly type: 'text-delta' | 'reasoning-delta';
  readonly text: string;
}

/** Tells the reasoning in front of a text from the text, wherever the text is cut. */
export interface TaggedText {
  readonly take: (text: string) => readonly TextPiece[];
  /** What was still held back, once the reply is over. */
  readonly end: () => readonly TextPiece[];
}

/** Only a text that begins with `<tag>` has reasoning: later tags are text. Space around the two is left out. */
export const taggedText = (tag: string): TaggedText => {
  const open = `<${tag}>`;
  const close = `</${tag}>`;
  let state: 'start' | 'reasoning' | 'text' = 'start';
  let held = '';
  /** Whether the next piece begins a stretch, and so loses the space before it. */
  let isAtEdge = false;

  const piece = (type: TextPiece['type'], text: string): readonly TextPiece[] => {
    const shown = isAtEdge ? text.trimStart() : text;
    if (shown !== '') isAtEdge = false;
    return shown === '' ? [] : [{ type, text: shown }];
  };

  const read = (): readonly TextPiece[] => {
    if (state === 'start') {
      const begun = held.trimStart();
      if (begun.length < open.length && open.startsWith(begun)) return [];
      state = begun.startsWith(open) ? 'reasoning' : 'text';
      isAtEdge = state === 'reasoning';
      if (state === 'reasoning') held = begun.slice(open.length);
    }
    if (state === 'text') return piece('text-delta', drain(held.length));
    const end = held.indexOf(close);
    if (end < 0) return piece('reasoning-delta', drain(held.length - heldBack(held, close)));
    const thought = piece('reasoning-delta', drain(end));
    held = held.slice(close.length);
    state = 'text';
    isAtEdge = true;
    return [...thought, ...piece('text-delta', drain(held.length))];
  };

  const drain = (length: number): string => {
    const text = held.slice(0, length);
    held = held.slice(length);
    return text;
  };

  return {
    take: (text) => {
      held += text;
      return read();
    },
    end: () => piece(state === 'reasoning' ? 'reasoning-delta' : 'text-delta', drain(held.length)),
  };
};

/** How many characters at the end may be the beginning of `close`. */
const heldBack = (text: string, close: string): number => {
  for (let length = Math.min(close.length - 1, text.length); length > 0; length -= 1) {
    if (close.startsWith(text.slice(-length))) return length;
  }
  return 0;
};
