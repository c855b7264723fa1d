import { checkAtLeast, defineStep, type Run, type Step, type StepInfo, type TextRange } from '../core/index.js';
import { tokenCounter } from '../model/index.js';
import { joinRanges } from '../text/index.js';

/** A text that is too long, and the room for it. */
export interface CompressTextInput {
  readonly text: string;
  readonly maxTokens: number;
  /** What it will be read for: what belongs to that stays. Without it, what the text is about. */
  readonly query?: string;
}

export interface CompressedText {
  readonly text: string;
  /** By the count of `tokenCounter` for the model. Never above `maxTokens`. */
  readonly tokens: number;
  /**
   * The stretches of the original that `text` is made of, in order; undefined where a model rewrote it. An `excerpt` of each keeps
   * its exact place, so that what cites it cites the document.
   */
  readonly ranges?: readonly TextRange[];
}

/** Makes a text fit. One that fits comes back as it is. */
export type TextCompressor = Step<CompressTextInput, CompressedText>;

/** A compressor whose body is asked only for what does not fit. */
export const textCompressor = (
  info: StepInfo,
  model: string,
  body: (input: CompressTextInput, run: Run) => Promise<CompressedText>,
): TextCompressor =>
  defineStep(info, async (input, run) => {
    const { text, maxTokens } = input;
    checkAtLeast('maxTokens', maxTokens, 0);
    const { tokens } = await tokenCounter(model).count(text);
    if (tokens > maxTokens) return body(input, run);
    return { text, tokens, ranges: text === '' ? [] : [{ start: 0, end: text.length }] };
  });

/**
 * The picked stretches of a text as one; undefined where none was picked. What was counted apart may take another token where it
 * meets: then they are picked again for less room.
 */
export const pickedWithin = async (
  { text, maxTokens }: CompressTextInput,
  model: string,
  pick: (room: number) => Promise<readonly TextRange[]>,
): Promise<CompressedText | undefined> => {
  for (let room = maxTokens; room > 0; ) {
    const ranges = joinRanges(await pick(room), text);
    if (ranges.length === 0) return undefined;
    const joined = textOfRanges(text, ranges);
    const { tokens } = await tokenCounter(model).count(joined);
    if (tokens <= maxTokens) return { text: joined, tokens, ranges };
    room -= tokens - maxTokens;
  }
  return undefined;
};

/** The stretches as one text: on one line what was on one line. */
const textOfRanges = (text: string, ranges: readonly TextRange[]): string =>
  ranges
    .map(({ start, end }, at) => {
      const before = ranges[at - 1];
      const gap = before === undefined ? '' : text.slice(before.end, start).includes('\n') ? '\n' : ' ';
      return gap + text.slice(start, end);
    })
    .join('');
