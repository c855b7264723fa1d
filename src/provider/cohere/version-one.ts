import { type Message, textOf } from '../../core/index.js';
import type { ChatRequest, ModelEvent } from '../../model/index.js';
import { misplacedPart } from '../shared/index.js';
import { callSources } from './documents.js';
import { citationsOf, finishEvent, usageEvents, type WireCitation, type WireUsage } from './outcome.js';
import { isText, type WireRequest, wireFormat } from './request.js';
import type { ChatSettings, Wire } from './wire.js';

const roles: Readonly<Record<Message['role'], string>> = {
  system: 'SYSTEM',
  user: 'USER',
  assistant: 'CHATBOT',
  tool: 'TOOL',
};

/** The body of a call to the first version of the Chat API, for texts, sources and JSON. */
export const wireRequestOne = ({ id, model, isStreaming }: ChatSettings, request: ChatRequest): WireRequest => {
  const { output } = request;
  const sources = callSources(request.messages, isText(output));
  const turns = request.messages.map((message): Wire => {
    const parts = sources.withText(message);
    const wrong = parts.find(({ type }) => type !== 'text' && type !== 'reasoning' && type !== 'provider');
    if (wrong !== undefined) throw misplacedPart(id, message.role, wrong);
    return { role: roles[message.role], message: textOf({ role: message.role, content: parts }) };
  });
  const history = turns.slice(0, -1);
  const body: Wire = {
    message: turns.at(-1)?.message,
    model,
    chat_history: history.length === 0 ? undefined : history,
    documents:
      sources.documents.length === 0
        ? undefined
        : sources.documents.map(({ id: sourceId, title, text }) => ({ id: sourceId, title, text })),
    response_format: wireFormat(output, 'schema'),
    max_tokens: request.maxOutputTokens,
    temperature: request.temperature,
    p: request.topP,
    stop_sequences: request.stop,
    seed: request.seed,
    stream: isStreaming,
    ...request.providerOptions,
  };
  return { body, sourceIds: sources.ids };
};

/** What we read of a line of a stream, and of a reply in one piece. */
export interface WireLine {
  readonly event_type?: string;
  readonly text?: string;
  readonly citations?: readonly WireCitation[];
  readonly finish_reason?: string;
  readonly error?: string;
  readonly meta?: WireUsage;
  /** The whole reply, in the last line. */
  readonly response?: { readonly meta?: WireUsage };
}

/** Reads the lines of one reply; a reply in one piece is one line. */
export async function* readLines(
  lines: AsyncIterable<WireLine> | Iterable<WireLine>,
  sourceIds: ReadonlySet<string>,
): AsyncGenerator<ModelEvent, void, undefined> {
  const citations: WireCitation[] = [];
  let text = '';
  for await (const line of lines) {
    const { event_type, finish_reason, meta, response, error } = line;
    const isText = event_type === undefined || event_type === 'text-generation';
    if (isText && line.text !== undefined && line.text !== '') {
      text += line.text;
      yield { type: 'text-delta', text: line.text };
    }
    citations.push(...(line.citations ?? []));
    if (finish_reason === undefined) continue;
    yield* citationsOf(text, citations, sourceIds);
    yield* usageEvents(meta ?? response?.meta);
    yield finishEvent(finish_reason, error);
  }
}
