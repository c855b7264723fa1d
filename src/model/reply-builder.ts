import { PipewrightError, type Part, type Run, type ToolCallPart, type Usage } from '../core/index.js';
import type { ChatReply, FinishReason, ModelCitation, ModelEvent, Provider, ReplyHeaders } from './types.js';

interface OpenCall {
  readonly type: 'open-call';
  readonly key: string;
  id: string;
  name: string;
  json: string;
}

interface OpenText {
  readonly type: 'text' | 'reasoning';
  text: string;
  opaque?: string;
}

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

const parsedInput = (json: string): unknown => {
  if (json.trim() === '') return {};
  try {
    return JSON.parse(json);
  } catch {
    // The model wrote no valid JSON. Whoever runs the tool tells it so; the raw text is what there is.
    return json;
  }
};

const closePart = (part: OpenCall | OpenText): Part => {
  if (part.type === 'open-call') {
    return { type: 'tool-call', id: part.id, name: part.name, input: parsedInput(part.json) };
  }
  if (part.type === 'text') return { type: 'text', text: part.text };
  return { type: 'reasoning', text: part.text, ...(part.opaque ? { opaque: part.opaque } : {}) };
};

export const replyBuilder = (provider: Provider, run: Run): ReplyBuilder => {
  const parts: (OpenCall | OpenText)[] = [];
  const citations: ModelCitation[] = [];
  let text = '';
  let model = provider.model;
  let headers: ReplyHeaders = {};
  let usage: Usage | undefined;
  let finishReason: FinishReason | undefined;

  const appendText = (type: OpenText['type'], delta: string): void => {
    const last = parts.at(-1);
    if (last?.type === type && last.opaque === undefined) last.text += delta;
    else parts.push({ type, text: delta });
  };

  const appendCall = (event: ModelEvent & { readonly type: 'tool-call-delta' }): void => {
    let call = parts.find((part): part is OpenCall => part.type === 'open-call' && part.key === event.key);
    if (call === undefined) {
      call = {
        type: 'open-call',
        key: event.key,
        id: event.id ?? `call_${event.key}`,
        name: event.name ?? '',
        json: '',
      };
      parts.push(call);
    }
    call.json += event.text;
    if (run.isWatched) run.emit({ type: 'tool-call-delta', id: call.id, name: call.name, text: event.text });
  };

  const endReasoning = (opaque: string | undefined): void => {
    const last = parts.at(-1);
    if (last?.type === 'reasoning' && last.opaque === undefined) last.opaque = opaque ?? '';
    else if (opaque !== undefined) parts.push({ type: 'reasoning', text: '', opaque });
  };

  const take = (event: ModelEvent): void => {
    switch (event.type) {
      case 'text-delta':
        text += event.text;
        appendText('text', event.text);
        run.emit({ type: 'text-delta', text: event.text });
        return;
      case 'reasoning-delta':
        appendText('reasoning', event.text);
        run.emit({ type: 'reasoning-delta', text: event.text });
        return;
      case 'reasoning-end':
        endReasoning(event.opaque);
        return;
      case 'tool-call-delta':
        appendCall(event);
        return;
      case 'citation':
        citations.push(event.citation);
        return;
      case 'usage':
        usage = event.usage;
        return;
      case 'response-start':
        model = event.model ?? model;
        headers = event.headers ?? headers;
        return;
      case 'finish':
        finishReason = event.reason;
    }
  };

  const reply = (finalUsage: Usage, costUsd: number | undefined): ChatReply => {
    if (finishReason === undefined) throw cutError(provider.id, text);
    const content = parts.map(closePart);
    const toolCalls = content.filter((part): part is ToolCallPart => part.type === 'tool-call');
    for (const { id, name, input } of toolCalls) run.emit({ type: 'tool-call', id, name, input });
    return {
      text,
      message: { role: 'assistant', content },
      toolCalls,
      finishReason,
      usage: finalUsage,
      ...(costUsd === undefined ? {} : { costUsd }),
      model,
      citations,
      headers,
    };
  };

  return {
    take,
    text: () => text,
    written: () => parts.map((part) => (part.type === 'open-call' ? part.json : part.text)).join(''),
    usage: () => usage,
    reply,
    isFinished: () => finishReason !== undefined,
    hasBegun: () => parts.length > 0 || usage !== undefined,
  };
};

const cutError = (id: string, partialText: string): PipewrightError =>
  new PipewrightError(
    'stream-cut',
    `The reply of ${id} ended without a finish reason after ${partialText.length} characters: the connection was cut. Try again.`,
    { retryable: true, details: { partialText } },
  );
