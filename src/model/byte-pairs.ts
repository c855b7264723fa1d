import { Buffer } from 'node:buffer';
import { sliceTimer, yieldToEventLoop } from '../core/index.js';

/** A published encoding: its tokens in order of rank, and how a text is cut before bytes are paired. */
export interface EncodingTable {
  /** `! <first rank> <token> <token> …`, each token's bytes in base64. */
  readonly bpe_ranks: string;
  /** A regular expression in the syntax of Rust. */
  readonly pat_str: string;
}

/** Bytes as a string of characters up to U+00FF: a key that a map compares fast. ASCII text is its own. */
type Bytes = string;

const isAscii = /^[\0-\x7f]*$/u;
const bytesOf = (text: string): Bytes => (isAscii.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1'));

/** Reads 200,000 tokens, in slices: at once they would hold the event loop for 0.15 s. */
const ranksOf = async (table: string): Promise<ReadonlyMap<Bytes, number>> => {
  const ranks = new Map<Bytes, number>();
  const isDue = sliceTimer();
  const [head, first] = table.split(' ', 2);
  let rank = Number(first);
  // Word by word: splitting the whole table takes too long for one turn.
  for (let at = `${head} ${first} `.length; at < table.length; ) {
    const next = table.indexOf(' ', at);
    const end = next < 0 ? table.length : next;
    ranks.set(Buffer.from(table.slice(at, end), 'base64').toString('latin1'), rank++);
    at = end + 1;
    if (isDue()) await yieldToEventLoop();
  }
  return ranks;
};

/** Letters in either case, as Rust folds them; U+017F is the long s. */
const eitherCase = (letters: string): string =>
  letters.replace(/[a-z]/gu, (letter) => `[${letter}${letter.toUpperCase()}${letter === 's' ? '\u017f' : ''}]`);

/** The expression in the syntax of JavaScript, which knows no `(?i:…)` on older platforms and another `\s`. */
const piecesPattern = (pattern: string): RegExp =>
  new RegExp(
    pattern
      .replace(/\(\?i:([^)]*)\)/gu, (_, letters: string) => `(?:${eitherCase(letters)})`)
      .replaceAll('\\s', '\\p{White_Space}')
      .replaceAll('\\S', '\\P{White_Space}'),
    'gu',
  );

/** How many tokens the bytes of a piece become: the neighbours of lowest rank are joined until none can be. */
const pairedCount = (bytes: Bytes, ranks: ReadonlyMap<Bytes, number>): number => {
  const starts = Array.from({ length: bytes.length + 1 }, (_, at) => at);
  const rankAt = (at: number): number => {
    const end = starts[at + 2];
    return end === undefined ? Infinity : (ranks.get(bytes.slice(starts[at], end)) ?? Infinity);
  };
  const pairs = starts.slice(0, -1).map((_, at) => rankAt(at));
  for (;;) {
    let lowest = Infinity;
    let at = -1;
    for (let pair = 0; pair < pairs.length; pair++) {
      const rank = pairs[pair] as number;
      if (rank >= lowest) continue;
      lowest = rank;
      at = pair;
    }
    if (at < 0) return pairs.length;
    starts.splice(at + 1, 1);
    pairs.splice(at + 1, 1);
    pairs[at] = rankAt(at);
    if (at > 0) pairs[at - 1] = rankAt(at - 1);
  }
};

/**
 * Makes a counter of an encoding's tokens (byte pair encoding, Sennrich et al. 2016, arXiv:1508.07909, over bytes). Its time grows
 * with the square of a run without breaks, so give it short texts. Special tokens such as `<|endoftext|>` count as plain text. What
 * is a letter is what the platform's version of Unicode says: characters added in the last years may be cut otherwise elsewhere.
 */
export const bytePairCounter = async (table: EncodingTable): Promise<(text: string) => number> => {
  const ranks = await ranksOf(table.bpe_ranks);
  const pieces = piecesPattern(table.pat_str);
  return (text) => {
    let tokens = 0;
    pieces.lastIndex = 0;
    for (let match = pieces.exec(text); match !== null; match = pieces.exec(text)) {
      const bytes = bytesOf(match[0]);
      tokens += ranks.has(bytes) ? 1 : pairedCount(bytes, ranks);
    }
    return tokens;
  };
};
