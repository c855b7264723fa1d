import { sseText } from '../../src/testing/index.js';

/** A reply "Hello world" with figures 12 and 3, in the wire of one API. */
export interface Wire {
  readonly contentType: string;
  readonly stream: string;
  /** What the stream holds only once the reply is over. */
  readonly finishMark: string;
  readonly json: unknown;
  readonly errorBody: (message: string) => unknown;
}

const json = JSON.stringify;
const line = (fields: object): string => `${json(fields)}\n`;
const eventStream = 'text/event-stream';
const sameMessage = (message: string): unknown => ({ error: { message } });

const chunk = (delta: object, finish: string | null = null): object => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const chatUsage = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 };
export const chatWire: Wire = {
  contentType: eventStream,
  stream: `${sseText([
    chunk({ role: 'assistant', content: 'Hello' }),
    chunk({ content: ' world' }),
    chunk({}, 'stop'),
    { ...chunk({}), choices: [], usage: chatUsage },
  ])}data: [DONE]\n\n`,
  finishMark: '"finish_reason":"stop"',
  json: {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello world' }, finish_reason: 'stop' }],
    usage: chatUsage,
  },
  errorBody: sameMessage,
};

const written = (text: string, finish_reason: string | null = null): object => ({
  model: 'm',
  choices: [{ index: 0, text, finish_reason }],
});
export const completionWire: Wire = {
  ...chatWire,
  stream: sseText([written('Hello'), written(' world'), written('', 'stop'), { choices: [], usage: chatUsage }]),
  json: { ...written('Hello world', 'stop'), usage: chatUsage },
};

const message = {
  id: 'm1',
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text: 'Hello world' }],
};
const response = {
  id: 'r1',
  model: 'm',
  status: 'completed',
  output: [message],
  usage: { input_tokens: 12, output_tokens: 3 },
};
const said = (delta: string): object => ({
  type: 'response.output_text.delta',
  item_id: 'm1',
  output_index: 0,
  content_index: 0,
  delta,
});
export const responsesWire: Wire = {
  contentType: eventStream,
  stream: sseText(
    [
      { type: 'response.created', response: { ...response, status: 'in_progress', output: [], usage: null } },
      { type: 'response.output_item.added', output_index: 0, item: { ...message, content: [] } },
      said('Hello'),
      said(' world'),
      { type: 'response.output_item.done', output_index: 0, item: message },
      { type: 'response.completed', response },
    ],
    true,
  ),
  finishMark: '"type":"response.completed"',
  json: response,
  errorBody: sameMessage,
};

const anthropicUsage = { input_tokens: 12, output_tokens: 3 };
const block = (text: string): object => ({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text },
});
export const anthropicWire: Wire = {
  contentType: eventStream,
  stream: sseText(
    [
      { type: 'message_start', message: { model: 'm', usage: { ...anthropicUsage, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      block('Hello'),
      block(' world'),
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } },
      { type: 'message_stop' },
    ],
    true,
  ),
  finishMark: 'end_turn',
  json: {
    model: 'm',
    content: [{ type: 'text', text: 'Hello world' }],
    stop_reason: 'end_turn',
    usage: anthropicUsage,
  },
  errorBody: (text) => ({ type: 'error', error: { type: 'x', message: text } }),
};

const candidate = (text: string, more: object = {}): object => ({
  candidates: [{ content: { role: 'model', parts: [{ text }] }, ...more }],
  usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 3 },
});
export const googleWire: Wire = {
  contentType: eventStream,
  stream: sseText([candidate('Hello'), candidate(' world'), candidate('', { finishReason: 'STOP' })]),
  finishMark: '"finishReason":"STOP"',
  json: candidate('Hello world', { finishReason: 'STOP' }),
  errorBody: sameMessage,
};

const cohereUsage = { tokens: { input_tokens: 12, output_tokens: 3 } };
const piece = (type: string, text: string): object => ({
  type,
  index: 0,
  delta: { message: { content: { type: 'text', text } } },
});
export const cohereWire: Wire = {
  contentType: eventStream,
  stream: sseText([
    { type: 'message-start', id: 'x', delta: { message: { role: 'assistant', content: [], tool_calls: [] } } },
    piece('content-start', ''),
    piece('content-delta', 'Hello'),
    piece('content-delta', ' world'),
    { type: 'content-end', index: 0 },
    { type: 'message-end', delta: { usage: cohereUsage, finish_reason: 'COMPLETE' } },
  ]),
  finishMark: 'COMPLETE',
  json: {
    message: { role: 'assistant', content: [{ type: 'text', text: 'Hello world' }] },
    usage: cohereUsage,
    finish_reason: 'COMPLETE',
  },
  errorBody: (text) => ({ message: text }),
};

export const cohereOneWire: Wire = {
  contentType: 'application/stream+json',
  stream: [
    line({ event_type: 'stream-start' }),
    line({ event_type: 'text-generation', text: 'Hello' }),
    line({ event_type: 'text-generation', text: ' world' }),
    line({ event_type: 'stream-end', response: { meta: cohereUsage }, finish_reason: 'COMPLETE' }),
  ].join(''),
  finishMark: 'COMPLETE',
  json: { text: 'Hello world', meta: cohereUsage, finish_reason: 'COMPLETE' },
  errorBody: (text) => ({ message: text }),
};

const told = (content: string): object => ({ model: 'm', message: { role: 'assistant', content }, done: false });
const ollamaEnd = { prompt_eval_count: 12, eval_count: 3, done_reason: 'stop', done: true };
export const ollamaWire: Wire = {
  contentType: 'application/x-ndjson',
  stream: line(told('Hello')) + line(told(' world')) + line({ ...told(''), ...ollamaEnd }),
  finishMark: '"done":true',
  json: { ...told('Hello world'), ...ollamaEnd },
  errorBody: (error) => ({ error }),
};
