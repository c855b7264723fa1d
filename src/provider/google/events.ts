import { type ErrorCode, PipewrightError, type Run, type Usage } from '../../core/index.js';
import type { FinishReason, ModelEvent, ReplyHeaders } from '../../model/index.js';
import { isConnectionFailure } from '../shared/index.js';
import { groundingReader } from './grounding.js';
import { partReader } from './reply-parts.js';
import type { WireChunk, WireLogProbs, WireToken, WireUsage } from './wire.js';

const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ...[
    'SAFETY',
    'RECITATION',
    'BLOCKLIST',
    'PROHIBITED_CONTENT',
    'SPII',
    'MODEL_ARMOR',
    'IMAGE_SAFETY',
    'IMAGE_PROHIBITED_CONTENT',
    'IMAGE_RECITATION',
  ].map((name) => [name, 'content-filter'] as const),
]);

/** Ends in which there is no answer, and what became of it. */
const failures: ReadonlyMap<string, readonly [code: ErrorCode, retryable: boolean]> = new Map([
  ['MALFORMED_FUNCTION_CALL', ['model-failed', true]],
  ['MALFORMED_RESPONSE', ['model-failed', true]],
  ['UNEXPECTED_TOOL_CALL', ['model-failed', true]],
  ['MISSING_THOUGHT_SIGNATURE', ['bad-input', false]],
]);

/** Google counts thoughts beside the output and what its tools read beside the input; with us they are a part of them. */
const usageOf = (wire: WireUsage): Usage => {
  const { promptTokenCount = 0, toolUsePromptTokenCount = 0, thoughtsTokenCount, cachedContentTokenCount } = wire;
  const inputTokens = promptTokenCount + toolUsePromptTokenCount;
  const thoughts = thoughtsTokenCount ?? 0;
  const rest = Math.max(0, (wire.totalTokenCount ?? 0) - inputTokens - thoughts);
  return {
    inputTokens,
    outputTokens: (wire.candidatesTokenCount ?? rest) + thoughts,
    ...(cachedContentTokenCount === undefined ? {} : { cachedInputTokens: cachedContentTokenCount }),
    ...(thoughtsTokenCount === undefined ? {} : { reasoningTokens: thoughtsTokenCount }),
  };
};

const logProbEvent = ({ chosenCandidates = [], topCandidates = [] }: WireLogProbs): ModelEvent => {
  const told = ({
    token = '',
    logProbability = 0,
  }: WireToken): { readonly token: string; readonly logProb: number } => ({
    token,
    logProb: logProbability,
  });
  const tokens = chosenCandidates.map((chosen, index) => ({
    ...told(chosen),
    alternatives: (topCandidates[index]?.candidates ?? []).map(told),
  }));
  return { type: 'log-probs', tokens };
};

/** Reads the pieces of one reply. `finish` comes only where the server gave a reason, after the figures. */
export async function* readEvents(
  id: string,
  chunks: AsyncIterable<WireChunk> | Iterable<WireChunk>,
  headers: ReplyHeaders,
  run: Run,
): AsyncGenerator<ModelEvent, void, undefined> {
  const parts = partReader(run.random);
  const grounding = groundingReader();
  let hasStarted = false;
  let reason: string | undefined;
  let message = '';
  try {
    for await (const chunk of chunks) {
      const { candidates = [], usageMetadata, modelVersion: model } = chunk;
      // In the shape in which a failed request is thrown.
      if (chunk.error !== undefined) throw Object.assign(new Error('error in the reply'), { error: chunk });
      if (!hasStarted) yield { type: 'response-start', headers, ...(model === undefined ? {} : { model }) };
      hasStarted = true;
      if (typeof usageMetadata?.promptTokenCount === 'number') yield { type: 'usage', usage: usageOf(usageMetadata) };
      refuse(id, chunk);
      const candidate = candidates.find(({ index = 0 }) => index === 0);
      if (candidate === undefined) continue;
      for (const part of candidate.content?.parts ?? []) yield* parts.take(part);
      if (candidate.logprobsResult !== undefined) yield logProbEvent(candidate.logprobsResult);
      grounding.take(candidate);
      reason = candidate.finishReason ?? reason;
      message = candidate.finishMessage ?? message;
    }
  } catch (error) {
    // The reply was whole; only what comes behind it is lost.
    if (reason === undefined || !isConnectionFailure(error)) throw error;
  }
  if (reason === undefined) return;
  fail(id, reason, message);
  yield* parts.end(reason === 'STOP');
  yield* grounding.end(parts.text());
  yield { type: 'finish', reason: finishOf(reason, parts.callCount()) };
}

const finishOf = (reason: string, calls: number): FinishReason =>
  reason === 'STOP' && calls > 0 ? 'tool-call' : (finishReasons.get(reason) ?? 'other');

/** The prompt itself was blocked; then there is no candidate. */
const refuse = (id: string, { promptFeedback = {} }: WireChunk): void => {
  const { blockReason, blockReasonMessage } = promptFeedback;
  if (blockReason === undefined) return;
  const why = blockReasonMessage === undefined ? blockReason : `${blockReason} (${blockReasonMessage})`;
  throw new PipewrightError(
    'content-refused',
    `${id} refused the prompt: ${why}. The provider's content rules refuse this; change the prompt.`,
  );
};

const fail = (id: string, reason: string, message: string): void => {
  const failure = failures.get(reason);
  if (failure === undefined) return;
  const [code, retryable] = failure;
  const advice = retryable ? 'Try again.' : "Send the model's earlier messages back as they came.";
  const said = message === '' ? '' : `: ${message.slice(0, 300)}`;
  throw new PipewrightError(code, `${id} ended with ${reason}${said}. ${advice}`, { retryable });
};
