import {
  checkAtLeast,
  PipewrightError,
  partsOf,
  type Run,
  type SourcePart,
  sliceTimer,
  textOf,
  yieldToEventLoop,
} from '../../core/index.js';
import {
  type ChatModel,
  type ChatRequest,
  chatModel,
  estimateTokens,
  type ModelEvent,
  type ModelFeatures,
} from '../../model/index.js';
import { candidatesOf } from './candidates.js';
import { chooseQuotes, type Quote } from './choose.js';
import { confidenceOf } from './confidence.js';
import { type Match, matchOf } from './match.js';
import { type Question, readQuestion } from './question.js';
import { absoluteFeatures, type Scored, scoreMatches } from './score.js';
import { type Tokenizer, tokenizer } from './tokens.js';

export interface ExtractiveOptions {
  /** How many sentences it quotes at most; further ones only where they score almost as well as the best. @default 3 */
  readonly maxQuotes?: number;
  /**
   * From 0 to 1: how sure it must be that the sources hold the answer. 0 always quotes something. @default 0.5
   */
  readonly minConfidence?: number;
}

const features: Partial<ModelFeatures> = { citations: true };

const abstention = 'The sources do not hold an answer to this question.';
const introduction =
  'This is the extractive model: it answers by quoting sources, and this request holds none. Put `source` parts into a message.';

/**
 * The embedded model: answers the last user message by quoting the best sentences of the `source` parts of the request word
 * for word, each with a citation, or says that they do not hold the answer, without any. It writes nothing of its own, needs
 * no key and no network, costs nothing, and gives the same answer every time.
 * @throws {PipewrightError} `bad-option`; a call throws `unsupported` for tools, JSON, pictures and files, and `bad-input`
 * without a question.
 * @example const model = extractive()
 */
export const extractive = (options: ExtractiveOptions = {}): ChatModel => {
  const { maxQuotes = 3, minConfidence = 0.5 } = options;
  checkAtLeast('maxQuotes', maxQuotes, 1);
  checkAtLeast('minConfidence', minConfidence, 0);
  const id = 'extractive';
  return chatModel({
    id,
    model: id,
    provider: id,
    features,
    limits: {},
    price: { input: 0, output: 0 },
    stream: (request, run) => answer(request, { maxQuotes, minConfidence }, run),
  });
};

async function* answer(
  request: ChatRequest,
  options: Required<ExtractiveOptions>,
  run: Run,
): AsyncGenerator<ModelEvent, void, undefined> {
  if (request.output !== undefined && request.output.type !== 'text') {
    throw new PipewrightError('unsupported', 'extractive cannot answer in JSON: it quotes. Choose another model.');
  }
  const sources = sourcesOf(request);
  const tokensOf = tokenizer();
  const question = questionOf(request, tokensOf);
  yield { type: 'response-start' };
  const scored = await scoreAll(question, sources, tokensOf, run);
  const { maxQuotes, minConfidence } = options;
  const isInstruction = question.kind === 'instruction';
  const quotes =
    confidence(question, scored) < minConfidence
      ? []
      : chooseQuotes(scored, sources, tokensOf, { maxQuotes, isInstruction });
  const inputTokens = sources.reduce((sum, { text }) => sum + estimateTokens(text), estimateTokens(question.text));
  yield* written(quotes, sources.length === 0 ? introduction : abstention, inputTokens, request.maxOutputTokens);
}

const sourcesOf = ({ messages }: ChatRequest): readonly SourcePart[] =>
  messages.flatMap((message) => partsOf(message).filter((part): part is SourcePart => part.type === 'source'));

/** The last words of the user. Where they lean on what was said before ("and how old is it?") the words before help. */
const questionOf = ({ messages }: ChatRequest, tokensOf: Tokenizer): Question => {
  const asked = messages.filter(({ role }) => role === 'user').map((message) => textOf(message).trim());
  const last = asked.at(-1) ?? '';
  if (last === '') {
    throw new PipewrightError(
      'bad-input',
      'extractive was given no question. Put it as text into the last user message.',
    );
  }
  return readQuestion(last, tokensOf, asked.at(-2));
};

/** Everything that may be quoted, with its score. Gives the event loop its turns: sources may be long. */
const scoreAll = async (
  question: Question,
  sources: readonly SourcePart[],
  tokensOf: Tokenizer,
  run: Run,
): Promise<readonly Scored[]> => {
  const isDue = sliceTimer();
  const rest = async (): Promise<void> => {
    await yieldToEventLoop();
    run.throwIfAborted();
  };
  const matches: Match[] = [];
  for (const [index, part] of sources.entries()) {
    for (const candidate of candidatesOf(part, index)) {
      matches.push(matchOf(question, part, candidate, tokensOf));
      if (isDue()) await rest();
    }
  }
  const scored: Scored[] = [];
  for (const one of scoreMatches(question, matches)) {
    scored.push(one);
    if (isDue()) await rest();
  }
  return scored;
};

/** How sure the best candidate makes it that the answer is there. */
const confidence = (question: Question, scored: readonly Scored[]): number => {
  let best = 0;
  for (const [at, { score }] of scored.entries()) if (score > (scored[best]?.score ?? score)) best = at;
  const features = absoluteFeatures(
    question,
    scored.map(({ match }) => match),
    best,
  );
  return features === undefined ? 0 : confidenceOf(features);
};

/** Prose is shown on one line, however the source wraps it; code as it stands. */
const shown = (quote: string): string =>
  quote.includes('```') || quote.includes('~~~') ? quote : quote.replace(/\s+/gu, ' ');

/** The quotes as events: their text, the citation of each, the figures, the end. */
async function* written(
  quotes: readonly Quote[],
  otherwise: string,
  inputTokens: number,
  maxTokens = Number.POSITIVE_INFINITY,
): AsyncGenerator<ModelEvent, void, undefined> {
  let length = 0;
  let outputTokens = 0;
  let isCut = false;
  for (const { part, start, end } of quotes) {
    const quote = part.text.slice(start, end);
    const separator = length === 0 ? '' : '\n\n';
    const text = shown(quote);
    const tokens = estimateTokens(separator + text);
    if (outputTokens + tokens > maxTokens) {
      isCut = true;
      break;
    }
    yield { type: 'text-delta', text: separator + text };
    const from = length + separator.length;
    length = from + text.length;
    outputTokens += tokens;
    yield { type: 'citation', citation: { sourceId: part.id, quote, start: from, end: length } };
  }
  if (quotes.length === 0) {
    outputTokens = estimateTokens(otherwise);
    yield { type: 'text-delta', text: otherwise };
  }
  yield { type: 'usage', usage: { inputTokens, outputTokens } };
  yield { type: 'finish', reason: isCut ? 'length' : 'stop' };
}
