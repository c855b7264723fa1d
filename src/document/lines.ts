/** How many lines a text has; a line break at its end does not begin another. */
export const countLines = (text: string): number => {
  let count = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < text.length - 1; at = text.indexOf('\n', at + 1)) count++;
  return count;
};

/** Returns a function that tells the line of an offset. The offsets it is asked for must not go back: so it reads the text once. */
export const lineCursor = (text: string, firstLine: number): ((offset: number) => number) => {
  let line = firstLine;
  let next = text.indexOf('\n');
  return (offset) => {
    while (next !== -1 && next < offset) {
      line++;
      next = text.indexOf('\n', next + 1);
    }
    return line;
  };
};

/** One line of a text: `end` is where the next begins, so the line break is inside. */
export interface Line {
  readonly start: number;
  readonly end: number;
}

/** The lines of `text` from `start` (the beginning of a line) to `end`. */
export function* linesOf(text: string, start = 0, end: number = text.length): Generator<Line, void, undefined> {
  let at = start;
  while (at < end) {
    const newline = text.indexOf('\n', at);
    const next = newline === -1 || newline >= end ? end : newline + 1;
    yield { start: at, end: next };
    at = next;
  }
}
