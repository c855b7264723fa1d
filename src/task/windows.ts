import { partsOf, PipewrightError, type Run, type TextRange } from '../core/index.js';
import { type ChatModel, type ChatRequest, tokenCounter, truncate } from '../model/index.js';

/** A stretch of a text that a model reads in one call. */
export interface TextWindow extends TextRange {
  readonly tokens: number;
}

export interface WindowSizes {
  readonly maxTokens: number;
  /** So much of a window's end stands at the beginning of the next too. */
  readonly overlapTokens?: number;
  /** Whose tokens. */
  readonly model: string;
}

const blank = /\s*/uy;

const skipBlank = (text: string, from: number): number => {
  blank.lastIndex = from;
  return from + (blank.exec(text)?.[0].length ?? 0);
};

/**
 * Cuts a text into windows of at most `maxTokens` tokens, at the ends of sentences where there are any; together they hold
 * everything but the white space between them.
 */
export const cutToWindows = async (text: string, sizes: WindowSizes, run: Run): Promise<readonly TextWindow[]> => {
  const { maxTokens, overlapTokens = 0, model } = sizes;
  const windows: TextWindow[] = [];
  let read = skipBlank(text, 0);
  for (let start = read; start < text.length; ) {
    run.throwIfAborted();
    const head = await truncate(text.slice(start), { maxTokens, model, cutAt: 'sentence' });
    const end = start + head.text.length;
    if (end <= read && start < read) {
      // What is repeated leaves no room for anything new.
      start = read;
      continue;
    }
    if (head.text === '') {
      const message = `There is room for ${maxTokens} tokens of text, and one character alone takes more. Allow more tokens.`;
      throw new PipewrightError('context-too-long', message);
    }
    windows.push({ start, end, tokens: head.tokens });
    read = skipBlank(text, end);
    start = read < text.length ? Math.min(read, end - (await endWithin(head.text, overlapTokens, model))) : read;
  }
  return windows;
};

/** How many characters of the end have at most so many tokens: whole sentences where there are any. */
const endWithin = async (text: string, maxTokens: number, model: string): Promise<number> => {
  if (maxTokens === 0) return 0;
  const tail = await truncate(text, { maxTokens, model, keep: 'tail', cutAt: 'sentence' });
  return tail.text.length < text.length ? tail.text.length : 0;
};

/** What a model can read in one call beside what is always there. */
export interface Room {
  /** For input and reply together. */
  readonly windowTokens: number;
  /** Kept free for the reply. */
  readonly replyTokens: number;
  readonly model: string;
}

/** Where nobody says how much a model can read. */
const unknownWindowTokens = 8_192;
/** Where the tokenizer of a model is not public, counts are estimates: so much of the room is used. */
const estimateShare = 0.9;
/** Tokens that may fall together otherwise where texts meet. */
const seamTokens = 8;

export const roomOf = (model: ChatModel, windowTokens: number | undefined, replyTokens: number): Room => ({
  windowTokens: windowTokens ?? model.limits.contextTokens ?? unknownWindowTokens,
  replyTokens: Math.min(replyTokens, model.limits.maxOutputTokens ?? replyTokens),
  model: model.model,
});

/**
 * The tokens that are left for the texts of a request whose sources are empty yet.
 * @throws {PipewrightError} `context-too-long` when fewer than `leastTokens` are left.
 */
export const textRoom = async (room: Room, request: ChatRequest, leastTokens = 16): Promise<number> => {
  const { windowTokens, replyTokens, model } = room;
  const counter = tokenCounter(model);
  const { tokens } = await counter.countRequest(request);
  const { isExact } = await counter.count('a');
  const usable = isExact ? windowTokens : Math.floor(windowTokens * estimateShare);
  const sources = request.messages.flatMap(partsOf).filter(({ type }) => type === 'source').length;
  const left = usable - replyTokens - tokens - seamTokens * sources;
  if (left >= leastTokens) return left;
  const message = `A window of ${windowTokens} tokens has no room for the text: the rules take ${tokens}, the reply ${replyTokens}. Raise \`windowTokens\`, or ask for less.`;
  throw new PipewrightError('context-too-long', message);
};
