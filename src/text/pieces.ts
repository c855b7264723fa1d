/** Longest piece, in UTF-16 units: work on one of them takes a few milliseconds. */
const maxPieceLength = 1 << 16;

/**
 * Cuts a text into pieces for work that must give way in between; together they are the text. Most texts are one piece. A cut
 * stands at a space where there is one.
 */
export function* textPieces(text: string): Generator<string, void, undefined> {
  for (let from = 0; from < text.length; ) {
    const to = pieceEnd(text, from);
    yield text.slice(from, to);
    from = to;
  }
}

const pieceEnd = (text: string, from: number): number => {
  const limit = from + maxPieceLength;
  if (limit >= text.length) return text.length;
  // Looked for inside the piece only: the rest of the text may hold no space at all.
  const space = text.slice(from, limit).lastIndexOf(' ');
  if (space > 0) return from + space;
  const code = text.charCodeAt(limit);
  return code >= 0xdc00 && code <= 0xdfff ? limit - 1 : limit;
};
