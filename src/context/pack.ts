import { checkAtLeast } from '../core/index.js';
import { tokenCounter, truncate } from '../model/index.js';
import { bestAtEdges, type Block, inOrderOf, type TextBlock, textOfBlock, worthOf } from './block.js';
import { type Choice, choose, chooseWith, type FitRequest, type FittedBlock, type LeftOutBlock } from './choose.js';

export interface PackOptions {
  /** Room for all blocks together, with what stands between them. */
  readonly maxTokens: number;
  /** Whose tokens. @default 'gpt-5' */
  readonly model?: string;
  /** Stands between the texts. @default a blank line */
  readonly separator?: string;
  /** Best first by priority × relevance, or by that for each token, which prefers short blocks. @default 'value' */
  readonly rankBy?: 'value' | 'density';
  /**
   * How the blocks come back: as they were given, best first, or best first and last, because models read the middle of a long
   * context worst (Liu et al. 2023, "Lost in the Middle", arXiv:2307.03172). @default 'given'
   */
  readonly order?: 'given' | 'rank' | 'edges';
  /** A beginning with fewer tokens does not help: the block is left out. @default 40 */
  readonly minCutTokens?: number;
  /** A block that has this share of its five-word stretches in common with a better one repeats it; above 1 none does. @default 0.8 */
  readonly duplicateRatio?: number;
}

export interface PackedBlocks<B extends Block> {
  /** In the order asked for; of one at most, the last that had room, only the first sentences. */
  readonly blocks: readonly B[];
  /** The texts of the blocks with the separator between them. */
  readonly text: string;
  /** What that text and the messages take, counted as a whole. Never above `maxTokens`. */
  readonly tokens: number;
  /** Best first. */
  readonly leftOut: readonly LeftOutBlock<B>[];
}

type Settings = Required<PackOptions>;

/** A text with more characters for each token that there is room for hardly fits: it is cut without being counted. */
const longTokenLength = 8;

/**
 * Packs the blocks that are worth most into a token budget: by priority × relevance whole ones, then the beginning of the first that
 * does not fit, up to the end of a sentence, where it is long enough to help, and else smaller ones behind it. Blocks that repeat a
 * better one are left out. Reads of a block no more than fits.
 * @throws {PipewrightError} `bad-option`.
 * @example (await pack([{ id: 'a', text: 'Tea is at four.' }, { id: 'b', text: 'Iron rusts.', priority: 2 }], { maxTokens: 5 })).text // => 'Iron rusts.'
 */
export const pack = async <B extends Block>(blocks: readonly B[], options: PackOptions): Promise<PackedBlocks<B>> => {
  const settings = resolve(options);
  const ranked = await rankedBy(blocks, settings);
  const counter = tokenCounter(settings.model);
  for (let room = settings.maxTokens; ; ) {
    const choice = await chooseWithin(ranked, room, settings);
    const packed = packedOf(blocks, choice, settings);
    const text = (await counter.count(packed.text)).tokens;
    const tokens = text + (await messageTokens(packed.blocks, settings.model));
    // Texts that were counted apart may take another token where they meet: then again with less room.
    if (tokens <= settings.maxTokens) return { ...packed, tokens };
    room -= tokens - settings.maxTokens;
  }
};

const resolve = (options: PackOptions): Settings => {
  const settings: Settings = {
    model: 'gpt-5',
    separator: '\n\n',
    rankBy: 'value',
    order: 'given',
    minCutTokens: 40,
    duplicateRatio: 0.8,
    ...options,
  };
  checkAtLeast('maxTokens', settings.maxTokens, 0);
  checkAtLeast('minCutTokens', settings.minCutTokens, 0);
  checkAtLeast('duplicateRatio', settings.duplicateRatio, 0);
  return settings;
};

const messageTokens = async (blocks: readonly Block[], model: string): Promise<number> => {
  const messages = blocks.flatMap((block) => ('text' in block ? [] : block.messages));
  if (messages.length === 0) return 0;
  const { countRequest } = tokenCounter(model);
  return (await countRequest({ messages })).tokens - (await countRequest({ messages: [] })).tokens;
};

const rankedBy = async <B extends Block>(blocks: readonly B[], settings: Settings): Promise<readonly B[]> => {
  if (settings.rankBy === 'value') return inOrderOf(blocks, worthOf);
  const counter = tokenCounter(settings.model);
  const worth = new Map<B, number>();
  for (const block of blocks) {
    const tokens = (await counter.count(textOfBlock(block))).tokens;
    worth.set(block, worthOf(block) / Math.max(1, tokens));
  }
  return inOrderOf(blocks, (block) => worth.get(block) ?? 0);
};

const chooseWithin = async <B extends Block>(
  ranked: readonly B[],
  maxTokens: number,
  settings: Settings,
): Promise<Choice<B>> => {
  const { model, separator, minCutTokens, duplicateRatio } = settings;
  const counter = tokenCounter(model);
  const between = await joinTokens(separator, model);
  const fitBlock = async ({ block, room, isFirstText }: FitRequest<B>): Promise<FittedBlock<B> | undefined> => {
    if (!('text' in block)) {
      const tokens = await messageTokens([block], model);
      return tokens <= room ? { block, tokens } : undefined;
    }
    const own = room - (isFirstText ? 0 : between);
    if (own < 0) return undefined;
    const whole = block.text.length > own * longTokenLength ? Infinity : (await counter.count(block.text)).tokens;
    if (whole <= own) return { block, tokens: whole + room - own };
    const { text, tokens } = await truncate(block.text, { maxTokens: own, model, cutAt: 'sentence-only' });
    return text === '' || tokens < minCutTokens
      ? undefined
      : { block: { ...block, text }, tokens: tokens + room - own };
  };
  return chooseWith(ranked, maxTokens, duplicateRatio, fitBlock);
};

/** What a separator takes between two sentences: often less than alone, because the sign before it falls together with it. */
const joinTokens = async (separator: string, model: string): Promise<number> => {
  const { count } = tokenCounter(model);
  const [joined, before, behind] = [await count(`It.${separator}It`), await count('It.'), await count('It')];
  return Math.max(0, joined.tokens - before.tokens - behind.tokens);
};

const packedOf = <B extends Block>(
  given: readonly B[],
  { kept, from, leftOut }: Choice<B>,
  { order, separator }: Pick<Settings, 'order' | 'separator'>,
): Omit<PackedBlocks<B>, 'tokens'> => {
  const blocks = order === 'rank' ? kept : order === 'edges' ? bestAtEdges(kept) : asGiven(given, kept, from);
  const texts = blocks.flatMap((block) => ('text' in block ? [block.text] : []));
  return { blocks, text: texts.join(separator), leftOut };
};

const asGiven = <B>(given: readonly B[], kept: readonly B[], from: readonly B[]): readonly B[] => {
  const keptOf = new Map(from.map((block, at) => [block, kept[at] ?? block]));
  // The same block may be given twice.
  return [...new Set(given)].flatMap((block) => keptOf.get(block) ?? []);
};

/**
 * The same choice at once, for a measure of your own: `fitBlock` gives back the block, or its beginning, with the tokens it takes of the
 * room, or undefined where nothing useful fits. Blocks are taken in the order given.
 * @example packBy([{ id: 'a', text: 'Tea' }], 5, (block) => ({ block, tokens: block.text.length })).tokens // => 3
 */
export const packBy = <B extends TextBlock>(
  blocks: readonly B[],
  maxTokens: number,
  fitBlock: (block: B, room: number) => FittedBlock<B> | undefined,
): Omit<Choice<B>, 'from'> => {
  checkAtLeast('maxTokens', maxTokens, 0);
  const choosing = choose(blocks, maxTokens, 0.8);
  let step = choosing.next();
  while (step.done !== true) step = choosing.next(fitBlock(step.value.block, step.value.room));
  const { kept, tokens, leftOut } = step.value;
  return { kept, tokens, leftOut };
};
