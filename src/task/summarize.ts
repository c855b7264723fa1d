import {
  checkAtLeast,
  defineStep,
  map,
  PipewrightError,
  type Run,
  type Step,
  system,
  user,
  withoutText,
} from '../core/index.js';
import { type ChatModel, type ChatRequest, tokenCounter, truncate } from '../model/index.js';
import { sentenceSpans } from '../text/index.js';
import { checkSummary, type SummaryCheck } from './coverage.js';
import { taskRules } from './rules.js';
import { cutToWindows, type Room, roomOf, textRoom, type TextWindow } from './windows.js';
import { writeText } from './write-text.js';

/**
 * `stuff`: the whole text in one call; `map-reduce`: windows side by side, then their summaries together, level by level;
 * `refine`: windows in order, each added to the summary so far.
 */
export type SummaryMethod = 'stuff' | 'map-reduce' | 'refine';

export interface SummarizeOptions {
  /** A text that fits one window is one call in any case. @default 'map-reduce' */
  readonly how?: SummaryMethod;
  /** The summary has at most so many words. @default 150 */
  readonly maxWords?: number;
  /** Tokens of one call, input and reply together. @default what the model can read, else 8192 */
  readonly windowTokens?: number;
  /** Windows of one text at most; more are refused. @default 100 */
  readonly maxWindows?: number;
  /** Windows that are read at once. @default 4 */
  readonly concurrency?: number;
  /** What the model is told beside the rules: whom it is for, what matters, the language. @default '' */
  readonly instructions?: string;
}

export interface Summary extends SummaryCheck {
  readonly text: string;
  readonly words: number;
  readonly how: SummaryMethod;
}

/** Characters of scripts without spaces count as words. */
const wordsIn = (text: string): number =>
  text.match(
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+/gu,
  )?.length ?? 0;

/** Whole sentences with at most so many words; the first one in any case. */
const withinWords = (text: string, maxWords: number): string => {
  let end = 0;
  for (const span of sentenceSpans(text)) {
    if (end > 0 && wordsIn(text.slice(0, span.end)) > maxWords) break;
    ({ end } = span);
  }
  return text.slice(0, end);
};

/** Models count words badly: they are asked for fewer than they may use. */
const askedShare = 0.85;
/** Tokens that a word may take, in languages that need more than English too. */
const tokensPerWord = 2.2;

interface Settings {
  readonly model: ChatModel;
  readonly how: SummaryMethod;
  readonly maxWords: number;
  readonly maxWindows: number;
  readonly concurrency: number;
  readonly instructions: string;
  readonly room: Room;
}

const resolve = (model: ChatModel, options: SummarizeOptions): Settings => {
  const { how = 'map-reduce', maxWords = 150, maxWindows = 100, concurrency = 4, windowTokens } = options;
  checkAtLeast('maxWords', maxWords, 5);
  checkAtLeast('maxWindows', maxWindows, 1);
  checkAtLeast('concurrency', concurrency, 1);
  if (windowTokens !== undefined) checkAtLeast('windowTokens', windowTokens, 64);
  const room = roomOf(model, windowTokens, Math.ceil(maxWords * tokensPerWord) + 16);
  const instructions = options.instructions === undefined ? '' : ` ${options.instructions}`;
  return { model, how, maxWords, maxWindows, concurrency, instructions, room };
};

const requestFor = (settings: Settings, rules: string, texts: readonly string[]): ChatRequest => ({
  messages: [
    system(`${rules} Use at most ${Math.floor(settings.maxWords * askedShare)} words.${settings.instructions}`),
    user(texts.map((text, at) => ({ type: 'source', id: String(at + 1), text }))),
  ],
});

/** Writes a summary of the texts, cut to what was reserved for it, so that those of a level fit into the next. */
const write = async (settings: Settings, rules: string, texts: readonly string[], run: Run): Promise<string> => {
  const { model, room } = settings;
  const text = await writeText(model, requestFor(settings, rules, texts), room.replyTokens, run);
  return (await truncate(text, { maxTokens: room.replyTokens, model: room.model, cutAt: 'sentence' })).text;
};

/** Neighbours that fit into one call together; any two do. */
const groupsOf = async (texts: readonly string[], settings: Settings): Promise<readonly (readonly string[])[]> => {
  const counter = tokenCounter(settings.room.model);
  const groups: string[][] = [];
  const pair = requestFor(settings, taskRules.merge, ['', '']);
  const room = await textRoom(settings.room, pair, 2 * (settings.room.replyTokens + sourceFrameTokens));
  let left = 0;
  for (const text of texts) {
    const needed = (await counter.count(text)).tokens + sourceFrameTokens;
    const group = groups.at(-1);
    if (group !== undefined && needed <= left) group.push(text);
    else {
      groups.push([text]);
      left = room;
    }
    left -= needed;
  }
  return groups;
};

/** Around a further source in a request, with what may fall together otherwise. */
const sourceFrameTokens = 16;

const mapReduce = async (settings: Settings, parts: readonly string[], run: Run): Promise<string> => {
  const { concurrency } = settings;
  const quiet = withoutText(run);
  let done = 0;
  const part = async (text: string, inner: Run): Promise<string> => {
    const summary = await write(settings, taskRules.summarize, [text], inner);
    run.emit({ type: 'progress', label: 'windows', done: ++done, total: parts.length });
    return summary;
  };
  const merge = (texts: readonly string[], inner: Run): string | Promise<string> =>
    texts.length === 1 ? (texts[0] ?? '') : write(settings, taskRules.merge, texts, inner);
  let texts: readonly string[] = await map(part, { concurrency })(parts, quiet);
  while (texts.length > 1) {
    const groups = await groupsOf(texts, settings);
    texts = await map(merge, { concurrency })(groups, groups.length === 1 ? run : quiet);
  }
  return texts[0] ?? '';
};

const refine = async (settings: Settings, parts: readonly string[], run: Run): Promise<string> => {
  const quiet = withoutText(run);
  let summary = '';
  for (const [at, part] of parts.entries()) {
    const inner = at === parts.length - 1 ? run : quiet;
    summary =
      at === 0
        ? await write(settings, taskRules.summarize, [part], inner)
        : await write(settings, taskRules.refine, [summary, part], inner);
    run.emit({ type: 'progress', label: 'windows', done: at + 1, total: parts.length });
  }
  return summary;
};

const windowsOf = async (settings: Settings, text: string, run: Run): Promise<readonly TextWindow[]> => {
  const { how, maxWindows, room } = settings;
  const model = room.model;
  const whole = await textRoom(room, requestFor(settings, taskRules.summarize, ['']));
  const windows = await cutToWindows(text, { maxTokens: whole, model }, run);
  if (windows.length > 1 && how === 'stuff') {
    const message = `The text does not fit the ${whole} tokens that one call has for it. Use 'map-reduce' or 'refine'.`;
    throw new PipewrightError('context-too-long', message);
  }
  const refined =
    windows.length > 1 && how === 'refine'
      ? await textRoom(room, requestFor(settings, taskRules.refine, ['', '']), room.replyTokens + 16)
      : undefined;
  const used =
    refined === undefined ? windows : await cutToWindows(text, { maxTokens: refined - room.replyTokens, model }, run);
  if (used.length <= maxWindows) return used;
  const message = `The text takes ${used.length} windows, and \`maxWindows\` is ${maxWindows}. Raise it, or shorten the text.`;
  throw new PipewrightError('context-too-long', message);
};

/** At most the words that were asked for: asks once more for fewer, then drops the last sentences. */
const shortened = async (settings: Settings, summary: string, run: Run): Promise<string> => {
  if (wordsIn(summary) <= settings.maxWords) return summary;
  run.emit({ type: 'retract', reason: `The summary has more than ${settings.maxWords} words.` });
  return withinWords(await write(settings, taskRules.summarize, [summary], run), settings.maxWords);
};

const maxCallsOf = ({ how, maxWindows }: Settings): number =>
  (how === 'stuff' ? 1 : how === 'refine' ? maxWindows : 2 * maxWindows - 1) + 1;

/**
 * Makes a step that summarizes a text of any length in at most `maxWords` words. No call takes more than the window: tokens are
 * counted. The result says how much of each window it speaks of, and which of its sentences the text does not bear out, by
 * words and figures.
 * Calls for a text of n windows: 1 for n = 1, less than 2n with map-reduce, n with refine; one more where the summary is too
 * long. The step throws `bad-input` for an empty text, `context-too-long` where windows are too small or too many,
 * `output-invalid`, `content-refused`, and what the model throws.
 * @throws {PipewrightError} `bad-option`.
 * @example (await summarize(scripted(['Refunds take five days.']))('Refunds are paid within five days.')).words // => 4
 */
export const summarize = (model: ChatModel, options: SummarizeOptions = {}): Step<string, Summary> => {
  const settings = resolve(model, options);
  const { how, maxWords } = settings;
  const children = [{ label: 'model', step: model, maxCalls: maxCallsOf(settings) }];
  return defineStep({ kind: 'summarize', details: { how, maxWords }, children }, async (text: string, run: Run) => {
    if (text.trim() === '') throw new PipewrightError('bad-input', 'There is no text to summarize: it is empty.');
    const windows = await windowsOf(settings, text, run);
    const parts = windows.map(({ start, end }) => text.slice(start, end));
    const [only] = parts;
    const draft =
      parts.length === 1 && only !== undefined
        ? await write(settings, taskRules.summarize, [only], run)
        : how === 'refine'
          ? await refine(settings, parts, run)
          : await mapReduce(settings, parts, run);
    const summary = await shortened(settings, draft, run);
    return { text: summary, words: wordsIn(summary), how, ...(await checkSummary(text, windows, summary)) };
  });
};
