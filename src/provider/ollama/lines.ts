import type { Run } from '../../core/index.js';
import {
  type ChatRequest,
  estimateRequestTokens,
  type FinishReason,
  type ModelEvent,
  type TokenLogProb,
} from '../../model/index.js';
import { type ToolCallReader, toolCallReader } from '../shared/index.js';

interface WireMessage {
  readonly content?: string;
  readonly thinking?: string;
  readonly tool_calls?: readonly WireCall[];
}

interface WireCall {
  readonly id?: string;
  readonly function?: { readonly name?: string; readonly arguments?: unknown };
}

interface WireToken {
  readonly token: string;
  readonly logprob: number;
  readonly top_logprobs?: readonly WireToken[];
}

/** What we read of a line of a stream, and of a reply in one piece. */
export interface WireLine {
  readonly model?: string;
  /** Of `/api/chat`. */
  readonly message?: WireMessage;
  /** Text of `/api/generate`, with its thoughts beside it. */
  readonly response?: string;
  readonly thinking?: string;
  readonly done?: boolean;
  readonly done_reason?: string;
  readonly prompt_eval_count?: number;
  readonly eval_count?: number;
  readonly logprobs?: readonly WireToken[];
  readonly error?: string;
}

const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
]);

/** Reads the lines of one reply. `finish` comes only where the server says that it is done, after the figures. */
export async function* readLines(
  lines: AsyncIterable<WireLine> | Iterable<WireLine>,
  request: ChatRequest,
  run: Run,
): AsyncGenerator<ModelEvent, void, undefined> {
  const calls = toolCallReader(run.random);
  let isThinking = false;
  let isNamed = false;
  for await (const line of lines) {
    // In the shape that `serverError` reads.
    if (line.error !== undefined) throw Object.assign(new Error(line.error), { error: line });
    if (!isNamed && line.model !== undefined) yield { type: 'response-start', model: line.model };
    isNamed ||= line.model !== undefined;
    const { content = line.response ?? '', thinking = line.thinking ?? '', tool_calls = [] } = line.message ?? {};
    if (thinking !== '') yield { type: 'reasoning-delta', text: thinking };
    isThinking ||= thinking !== '';
    if (isThinking && (content !== '' || tool_calls.length > 0)) {
      isThinking = false;
      yield { type: 'reasoning-end' };
    }
    if (content !== '') yield { type: 'text-delta', text: content };
    if (line.logprobs !== undefined) yield { type: 'log-probs', tokens: line.logprobs.map(tokenOf) };
    for (const call of tool_calls) yield* readCall(calls, call);
    if (line.done !== true) continue;
    yield* calls.end();
    yield usageOf(line, request);
    yield { type: 'finish', reason: calls.count() > 0 ? 'tool-call' : reasonOf(line) };
  }
}

/** A call always comes whole, whatever index it says. */
function* readCall(calls: ToolCallReader, { id, function: called }: WireCall): Generator<ModelEvent> {
  const text = JSON.stringify(called?.arguments ?? {});
  const event = calls.take({ index: calls.count(), id, name: called?.name, text });
  if (event !== undefined) yield event;
}

/** Older servers give no reason when all is well. */
const reasonOf = ({ done_reason = 'stop' }: WireLine): FinishReason => finishReasons.get(done_reason) ?? 'other';

/** A server that had the prompt in its cache may leave out the count. */
const usageOf = ({ model, prompt_eval_count, eval_count = 0 }: WireLine, request: ChatRequest): ModelEvent => {
  if (prompt_eval_count !== undefined) {
    return { type: 'usage', usage: { inputTokens: prompt_eval_count, outputTokens: eval_count } };
  }
  const inputTokens = estimateRequestTokens(request, model ?? '');
  return { type: 'usage', usage: { inputTokens, outputTokens: eval_count, isEstimated: true } };
};

const tokenOf = ({ token, logprob, top_logprobs = [] }: WireToken): TokenLogProb => ({
  token,
  logProb: logprob,
  alternatives: top_logprobs.map((other) => ({ token: other.token, logProb: other.logprob })),
});
