import { PipewrightError, type Run, type ToolCallPart, type Usage } from '../core/index.js';
import { type CallHead, replyParts } from './reply-parts.js';
import type {
  ChatReply,
  FinishReason,
  ModelCitation,
  ModelEvent,
  Provider,
  ReplyHeaders,
  TokenLogProb,
} from './types.js';

/** Puts the events of one reply together, and passes the deltas on to the run. */
export interface ReplyBuilder {
  readonly take: (event: ModelEvent) => void;
  /** Text so far. */
  readonly text: () => string;
  /** All that was written so far: text, reasoning, arguments; for estimates. */
  readonly written: () => string;
  /** What the provider said of the usage; undefined when it has not said anything. */
  readonly usage: () => Usage | undefined;
  /** @throws {PipewrightError} `stream-cut` when the provider never said why it finished. */
  readonly reply: (usage: Usage, costUsd: number | undefined) => ChatReply;
  readonly isFinished: () => boolean;
  /** Whether the model has written anything. */
  readonly hasBegun: () => boolean;
}

/** What the events of a reply told beside its parts. */
interface ReplyFacts {
  model: string;
  headers: ReplyHeaders;
  usage: Usage | undefined;
  finishReason: FinishReason | undefined;
  readonly citations: ModelCitation[];
  logProbs: TokenLogProb[] | undefined;
}

export const replyBuilder = (provider: Pick<Provider, 'id' | 'model'>, run: Run): ReplyBuilder => {
  const parts = replyParts();
  const facts: ReplyFacts = {
    model: provider.model,
    headers: {},
    usage: undefined,
    finishReason: undefined,
    citations: [],
    logProbs: undefined,
  };

  const take = (event: ModelEvent): void => {
    switch (event.type) {
      case 'text-delta':
        parts.addText('text', event.text);
        run.emit({ type: 'text-delta', text: event.text });
        return;
      case 'reasoning-delta':
        parts.addText('reasoning', event.text);
        run.emit({ type: 'reasoning-delta', text: event.text });
        return;
      case 'reasoning-end':
        parts.endReasoning(event.opaque);
        return;
      case 'tool-call-delta': {
        const { id, name }: CallHead = parts.addToCall(event.key, event.text, event);
        if (run.isWatched) run.emit({ type: 'tool-call-delta', id, name, text: event.text });
        return;
      }
      case 'part':
        parts.addPart(event.part);
        return;
      default:
        takeFact(facts, event);
    }
  };

  return {
    take,
    text: parts.text,
    written: parts.written,
    usage: () => facts.usage,
    isFinished: () => facts.finishReason !== undefined,
    hasBegun: () => !parts.isEmpty() || facts.usage !== undefined,
    reply: (usage, costUsd) => {
      const { finishReason, model, citations, headers, logProbs } = facts;
      const text = parts.text();
      if (finishReason === undefined) throw cutError(provider.id, text);
      const content = parts.close();
      const toolCalls = content.filter((part): part is ToolCallPart => part.type === 'tool-call');
      for (const { id, name, input } of toolCalls) run.emit({ type: 'tool-call', id, name, input });
      const cost = costUsd === undefined ? {} : { costUsd };
      const message = { role: 'assistant', content } as const;
      const tokens = logProbs === undefined ? {} : { logProbs };
      return { text, message, toolCalls, finishReason, usage, ...cost, model, citations, ...tokens, headers };
    },
  };
};

type FactEvent = Extract<
  ModelEvent,
  { readonly type: 'citation' | 'log-probs' | 'usage' | 'response-start' | 'finish' }
>;

const takeFact = (facts: ReplyFacts, event: FactEvent): void => {
  switch (event.type) {
    case 'citation':
      facts.citations.push(event.citation);
      return;
    case 'log-probs':
      facts.logProbs ??= [];
      facts.logProbs.push(...event.tokens);
      return;
    case 'usage':
      facts.usage = event.usage;
      return;
    case 'response-start':
      facts.model = event.model ?? facts.model;
      facts.headers = event.headers ?? facts.headers;
      return;
    case 'finish':
      facts.finishReason = event.reason;
  }
};

const cutError = (id: string, partialText: string): PipewrightError =>
  new PipewrightError(
    'stream-cut',
    `The reply of ${id} ended without a finish reason after ${partialText.length} characters: the connection was cut. Try again.`,
    { retryable: true, details: { partialText } },
  );
