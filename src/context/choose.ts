import { sliceTimer, yieldToEventLoop } from '../core/index.js';
import { type Block, textOfBlock } from './block.js';
import { repeatFinder } from './repeats.js';

/** A block, or its beginning, and the tokens that it takes of the room. */
export interface FittedBlock<B> {
  readonly block: B;
  readonly tokens: number;
}

export interface LeftOutBlock<B> {
  readonly block: B;
  /** `duplicate`: a better block says the same; `budget`: no room; `cut`: only its beginning had room. */
  readonly reason: 'duplicate' | 'budget' | 'cut';
}

/** What was chosen, best first. */
export interface Choice<B> {
  readonly kept: readonly B[];
  /** The blocks that the kept ones came from, in the same order. */
  readonly from: readonly B[];
  readonly tokens: number;
  readonly leftOut: readonly LeftOutBlock<B>[];
}

/** Asks for a block that takes at most `room` tokens: itself, or its beginning where that helps; undefined where neither does. */
export interface FitRequest<B> {
  readonly block: B;
  readonly room: number;
  /** Whether no text was chosen yet, which this one would have to be set apart from. */
  readonly isFirstText: boolean;
}

/**
 * Chooses blocks, best first: whole ones as long as they fit, then the beginning of the first that does not; where that would be
 * too short to help, those behind it that fit whole. It asks for each block that it looks at, so that one choice serves counters
 * that answer at once and those that take their time.
 */
export function* choose<B extends Block>(
  ranked: readonly B[],
  room: number,
  duplicateRatio: number,
): Generator<FitRequest<B>, Choice<B>, FittedBlock<B> | undefined> {
  const kept: B[] = [];
  const from: B[] = [];
  const leftOut: LeftOutBlock<B>[] = [];
  const ids = new Set<string>();
  const saysNothingNew = repeatFinder(duplicateRatio);
  let tokens = 0;
  let isFull = false;
  let isFirstText = true;
  for (const block of ranked) {
    const fitted: FittedBlock<B> | undefined =
      isFull || ids.has(block.id) ? undefined : yield { block, room: room - tokens, isFirstText };
    // Only what has room is compared: that costs more than counting.
    if (ids.has(block.id) || (fitted !== undefined && saysNothingNew(textOfBlock(block)))) {
      leftOut.push({ block, reason: 'duplicate' });
      continue;
    }
    isFull ||= fitted !== undefined && fitted.block !== block;
    if (fitted?.block !== block) leftOut.push({ block, reason: fitted === undefined ? 'budget' : 'cut' });
    if (fitted === undefined) continue;
    ids.add(block.id);
    kept.push(fitted.block);
    from.push(block);
    tokens += fitted.tokens;
    isFirstText &&= !('text' in block);
  }
  return { kept, from, tokens, leftOut };
}

/** Chooses with a measure that takes its time. */
export const chooseWith = async <B extends Block>(
  ranked: readonly B[],
  room: number,
  duplicateRatio: number,
  fitBlock: (request: FitRequest<B>) => Promise<FittedBlock<B> | undefined>,
): Promise<Choice<B>> => {
  const isTurnDue = sliceTimer();
  const choosing = choose(ranked, room, duplicateRatio);
  let step = choosing.next();
  while (step.done !== true) {
    const fitted = await fitBlock(step.value);
    if (isTurnDue()) await yieldToEventLoop();
    step = choosing.next(fitted);
  }
  return step.value;
};
