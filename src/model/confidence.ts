import { checkAtLeast, checkSchema, type Run, type RunEvent, type Schema } from '../core/index.js';
import { isDelta } from './performance.js';
import type { ChatModel, ChatReply, ChatRequest, TokenLogProb } from './types.js';

/** An answer that is to be judged, and what it answers. */
export interface Answered {
  readonly reply: ChatReply;
  readonly request: ChatRequest;
  /** The model that answered. */
  readonly model: ChatModel;
  readonly run: Run;
}

/** How sure an answer is: from 0 to 1, or yes or no. */
export type Confidence = (answered: Answered) => number | boolean | Promise<number | boolean>;

/** The beginnings of answers that give none. English, German, French, Spanish, Italian, Portuguese, Chinese, Japanese. */
const abstention = new RegExp(
  [
    "\\bI(?:'m| am)? (?:really )?(?:do(?:n't| not) know|not (?:sure|certain)|can(?:'t|not) (?:answer|determine|tell|say))",
    "\\b(?:cannot|can't|could not) be (?:determined|answered)",
    '\\b(?:not enough|insufficient) (?:information|context)',
    '\\b(?:weiß|weiss) (?:ich |es )?(?:leider )?nicht\\b',
    '\\bje ne (?:sais|peux) pas\\b',
    '\\bno (?:lo )?(?:sé|puedo (?:responder|determinar))(?!\\p{L})',
    '\\bnon (?:lo )?so\\b',
    '\\bnão (?:sei|posso responder)\\b',
    '不知道|无法(?:回答|确定)|わかりません|分かりません',
  ].join('|'),
  'iu',
);
/** An abstention stands at the beginning; further on such words are part of an answer. */
const beginningCharacters = 160;

/**
 * Whether an answer says that it is none: "I don't know", "cannot be determined" and the like, in eight languages.
 * @example abstains("I'm not sure, but it may be Paris.") // => true
 */
export const abstains = (text: string): boolean =>
  abstention.test(text.slice(0, beginningCharacters).replaceAll('’', "'"));

/** So many of the tokens are less certain than the figure that stands for all. */
const uncertainShare = 0.1;

/**
 * The probability that all but the least certain tenth of the tokens reach. A quantile tells sure answers from unsure ones
 * better than the product or the mean, which depend on the length: Gupta et al., "Language Model Cascades: Token-level
 * uncertainty and beyond" (2024), arXiv:2404.10136, section 4.
 */
const certainty = (tokens: readonly TokenLogProb[]): number => {
  const sorted = tokens.map(({ logProb }) => logProb).sort((a, b) => a - b);
  return Math.exp(sorted[Math.floor((sorted.length - 1) * uncertainShare)] ?? 0);
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/**
 * How sure an answer looks by itself: 0 for one that is empty, cut off, refused, abstains, is not the JSON that was asked for, or
 * calls a tool with broken arguments; else what the log-probabilities of its tokens say; 1 where there are none.
 * @example replyConfidence({ reply: await scripted(['I do not know.'])('?'), request: { messages: [] }, model: scripted([]), run: createRun() }) // => 0
 */
export const replyConfidence = ({ reply, request }: Answered): number => {
  const { text, finishReason, toolCalls, logProbs = [] } = reply;
  if (finishReason === 'length' || finishReason === 'content-filter') return 0;
  if (toolCalls.length > 0) return toolCalls.some(({ input }) => typeof input === 'string') ? 0 : 1;
  if (text.trim() === '' || abstains(text)) return 0;
  const { type = 'text' } = request.output ?? {};
  if (type !== 'text' && !isJson(text)) return 0;
  return logProbs.length === 0 ? 1 : certainty(logProbs);
};

/**
 * Confidence by a schema: sure when the answer's text is JSON that fits it.
 * @example (await cascade([scripted(['3?']), scripted(['{"eur": 3}'])], { confidence: fitsSchema(z.object({ eur: z.number() })) })('Price?')).text // => '{"eur": 3}'
 */
export const fitsSchema =
  (schema: Schema): Confidence =>
  async ({ reply: { text } }) =>
    isJson(text) && (await checkSchema(schema, JSON.parse(text))).isValid;

export interface SelfAgreementOptions {
  /** How many answers are compared, the first included. @default 3 */
  readonly samples?: number;
  /** Of the further answers; with 0 they would be the same. @default the request's own */
  readonly temperature?: number;
  /** Whether two answers say the same. @default their last numbers are equal, or without numbers their words */
  readonly isSame?: (a: string, b: string) => boolean;
}

const lastNumber = (text: string): number | undefined => {
  const found = text.match(/-?\d[\d,]*(?:\.\d+)?/gu)?.at(-1);
  return found === undefined ? undefined : Number(found.replaceAll(',', ''));
};

const wordsOf = (text: string): string => (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(' ');

/** Whether two answers end in the same number or, where neither has one, consist of the same words. */
const saysTheSame = (a: string, b: string): boolean => {
  const number = lastNumber(a);
  return number === lastNumber(b) && (number !== undefined || wordsOf(a) === wordsOf(b));
};

/** Whether an event shows a piece of an answer, or a call that it makes. */
export const isShown = (event: RunEvent): boolean => isDelta(event) || event.type === 'tool-call';

/**
 * Confidence by asking again: the share of further answers of the same model that say what the first one says. They run at the
 * same time, are not shown, and are counted. Source: Wang et al., "Self-consistency improves chain of thought reasoning"
 * (2022), arXiv:2203.11171; as a rule for cascades: Yue et al. (2023), arXiv:2310.03094.
 * A further answer that fails agrees with nothing.
 * @throws {PipewrightError} `bad-option` for fewer than two samples.
 */
export const selfAgreement = (options: SelfAgreementOptions = {}): Confidence => {
  const { samples = 3, temperature, isSame = saysTheSame } = options;
  checkAtLeast('samples', samples, 2);
  return async ({ reply, request, model, run }) => {
    const asked = temperature === undefined ? request : { ...request, temperature };
    const others = await Promise.allSettled(
      Array.from({ length: samples - 1 }, (_, index) => {
        const child = run.isWatched ? run.child(`sample ${index + 2}`, { passes: (event) => !isShown(event) }) : run;
        return model(asked, child);
      }),
    );
    run.throwIfAborted();
    const agreeing = others.filter((other) => other.status === 'fulfilled' && isSame(reply.text, other.value.text));
    return agreeing.length / (samples - 1);
  };
};
