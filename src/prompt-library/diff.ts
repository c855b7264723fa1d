/** A stretch that stayed, went or came. */
export interface DiffPiece {
  readonly type: 'same' | 'removed' | 'added';
  readonly text: string;
}

/** A line that stayed, went or came; `text` has no line end. */
export interface DiffLine extends DiffPiece {
  /** Where a line took the place of another: its words, beside those of the other. */
  readonly words?: readonly DiffPiece[];
}

export interface TextDiff {
  readonly lines: readonly DiffLine[];
  /** The same as text, in the unified form that `diff -u` and `git diff` print; empty where nothing changed. */
  readonly unified: string;
}

/** Beyond so many changes a comparison is given up: everything went, and everything came. */
const maxEdits = 1_000;

/** Where a path of so many edits enters a diagonal: down from the diagonal above, or to the right from the one below. */
const entry = (reach: Int32Array, at: number, diagonal: number, edits: number): { x: number; isDown: boolean } => {
  const above = reach[at + 1] ?? 0;
  const below = reach[at - 1] ?? 0;
  const isDown = diagonal === -edits || (diagonal !== edits && below < above);
  return { x: isDown ? above : below + 1, isDown };
};

type Pair = readonly [inA: number, inB: number];

/**
 * Which pairs of places stay in a shortest edit of `a` into `b`: E. W. Myers, "An O(ND) difference algorithm and its variations"
 * (1986). Undefined when the two differ in too much.
 */
const commonPairs = (a: readonly string[], b: readonly string[]): readonly Pair[] | undefined => {
  const limit = Math.min(maxEdits, a.length + b.length);
  const middle = limit + 1;
  // How far along `a` the best path on each diagonal has come, before each round of one edit more.
  const rounds: Int32Array[] = [];
  const reach = new Int32Array(2 * limit + 3);
  for (let edits = 0; edits <= limit; edits++) {
    rounds.push(reach.slice());
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let { x } = entry(reach, diagonal + middle, diagonal, edits);
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x++;
      reach[diagonal + middle] = x;
      if (x >= a.length && x - diagonal >= b.length) return pairsBack(rounds, middle, a.length, b.length);
    }
  }
  return undefined;
};

/** The path back from the end: through each diagonal to where it was entered, and over the edit that led there. */
const pairsBack = (rounds: readonly Int32Array[], middle: number, endX: number, endY: number): readonly Pair[] => {
  const pairs: Pair[] = [];
  let x = endX;
  let y = endY;
  for (let edits = rounds.length - 1; edits >= 0; edits--) {
    const diagonal = x - y;
    const entered = entry(rounds[edits] as Int32Array, diagonal + middle, diagonal, edits);
    while (x > entered.x) pairs.push([--x, --y]);
    if (entered.isDown) y--;
    else x--;
  }
  return pairs.reverse();
};

/** Common ends are taken off first: most changes are small. */
const diffItems = (a: readonly string[], b: readonly string[]): readonly DiffPiece[] => {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const innerA = a.slice(start, a.length - end);
  const innerB = b.slice(start, b.length - end);
  const pieces: DiffPiece[] = a.slice(0, start).map((text) => ({ type: 'same', text }));
  let x = 0;
  let y = 0;
  for (const [pairX, pairY] of [...(commonPairs(innerA, innerB) ?? []), [innerA.length, innerB.length]] as const) {
    while (x < pairX) pieces.push({ type: 'removed', text: innerA[x++] as string });
    while (y < pairY) pieces.push({ type: 'added', text: innerB[y++] as string });
    if (x < innerA.length && y < innerB.length) pieces.push({ type: 'same', text: innerA[x] as string });
    x++;
    y++;
  }
  return [...pieces, ...a.slice(a.length - end).map((text): DiffPiece => ({ type: 'same', text }))];
};

const wordsOf = (line: string): readonly string[] => line.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];

/** Neighbours of one kind as one piece. */
const joined = (pieces: readonly DiffPiece[]): readonly DiffPiece[] => {
  const all: DiffPiece[] = [];
  for (const { type, text } of pieces) {
    const last = all.at(-1);
    if (last?.type === type) all[all.length - 1] = { type, text: last.text + text };
    else all.push({ type, text });
  }
  return all;
};

/** Gives lines that took the place of others their words: the first that came stands for the first that went, and so on. */
const withWords = (lines: readonly DiffPiece[]): readonly DiffLine[] => {
  const all: DiffLine[] = [...lines];
  for (let start = 0; start < all.length; ) {
    let end = start;
    while (end < all.length && all[end]?.type !== 'same') end++;
    const removed = range(start, end).filter((at) => all[at]?.type === 'removed');
    const added = range(start, end).filter((at) => all[at]?.type === 'added');
    removed.slice(0, added.length).forEach((from, index) => {
      const to = added[index] as number;
      const [before, after] = [all[from] as DiffLine, all[to] as DiffLine];
      const words = joined(diffItems(wordsOf(before.text), wordsOf(after.text)));
      all[from] = { ...before, words: words.filter(({ type }) => type !== 'added') };
      all[to] = { ...after, words: words.filter(({ type }) => type !== 'removed') };
    });
    start = end + 1;
  }
  return all;
};

const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, at) => from + at);

/** Lines around a change that a unified text shows. */
const contextLines = 3;

const signs = { same: ' ', removed: '-', added: '+' } as const;

const lineRange = (start: number, count: number): string =>
  `${count === 0 ? start : start + 1}${count === 1 ? '' : `,${count}`}`;

const unifiedOf = (lines: readonly DiffLine[], isWhole: readonly [before: boolean, after: boolean]): string => {
  const isShown = new Uint8Array(lines.length);
  lines.forEach(({ type }, at) => {
    if (type !== 'same') isShown.fill(1, Math.max(0, at - contextLines), at + contextLines + 1);
  });
  const text: string[] = [];
  let before = 0;
  let after = 0;
  const lastBefore = lines.findLastIndex(({ type }) => type !== 'added');
  const lastAfter = lines.findLastIndex(({ type }) => type !== 'removed');
  for (let start = 0; start < lines.length; ) {
    let end = start;
    while (end < lines.length && isShown[end] === isShown[start]) end++;
    const hunk = lines.slice(start, end);
    const [went, came] = [hunk.filter(({ type }) => type !== 'added'), hunk.filter(({ type }) => type !== 'removed')];
    if (isShown[start] === 1) {
      text.push(`@@ -${lineRange(before, went.length)} +${lineRange(after, came.length)} @@`);
      hunk.forEach((line, index) => {
        text.push(signs[line.type] + line.text);
        const at = start + index;
        const isCut =
          (at === lastBefore && !isWhole[0] && line.type !== 'added') ||
          (at === lastAfter && !isWhole[1] && line.type !== 'removed');
        if (isCut) text.push('\\ No newline at end of file');
      });
    }
    before += went.length;
    after += came.length;
    start = end;
  }
  return text.length === 0 ? '' : `${text.join('\n')}\n`;
};

/**
 * What changed from one text to another, line by line, and word by word in lines that took the place of others. Texts that
 * differ in more than 1,000 lines are not compared further: then everything went and everything came.
 * @example diffText('a\nb\n', 'a\nc\n').lines.map(({ type }) => type) // => ['same', 'removed', 'added']
 */
export const diffText = (before: string, after: string): TextDiff => {
  // A last line without an end is another line than one with: the end stays on while lines are compared.
  const pieces = diffItems(linesOf(before), linesOf(after));
  const lines = withWords(pieces.map(({ type, text }) => ({ type, text: text.replace(/\n$/, '') })));
  return { lines, unified: unifiedOf(lines, [before.endsWith('\n'), after.endsWith('\n')]) };
};

const linesOf = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
