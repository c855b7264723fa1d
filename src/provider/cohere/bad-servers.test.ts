import { sseText } from '../../testing/index.js';
import { type Dialect, describeBadServers, secretKey } from '../../../test/wire/bad-servers.js';
import { cohere } from './index.js';

const usage = { billed_units: { input_tokens: 2, output_tokens: 2 }, tokens: { input_tokens: 12, output_tokens: 3 } };
const text = (type: string, piece: string): object => ({
  type,
  index: 0,
  delta: { message: { content: { type: 'text', text: piece } } },
});

const dialect: Dialect = {
  name: 'cohere',
  model: (baseUrl, isStreaming = true) => cohere('command-a-03-2025', { baseUrl, apiKey: secretKey, isStreaming }),
  contentType: 'text/event-stream',
  stream: sseText([
    { type: 'message-start', id: 'x', delta: { message: { role: 'assistant', content: [], tool_calls: [] } } },
    text('content-start', ''),
    text('content-delta', 'Hello'),
    text('content-delta', ' world'),
    { type: 'content-end', index: 0 },
    { type: 'message-end', delta: { usage, finish_reason: 'COMPLETE' } },
  ]),
  finishMark: 'COMPLETE',
  json: {
    message: { role: 'assistant', content: [{ type: 'text', text: 'Hello world' }] },
    usage,
    finish_reason: 'COMPLETE',
  },
  errorBody: (message) => ({ id: 'x', message }),
  errorEvent: (message) => sseText([{ id: 'x', message }]),
};

describeBadServers(dialect);

const line = (fields: object): string => `${JSON.stringify(fields)}\n`;

describeBadServers({
  name: 'cohere, first version of the API',
  model: (baseUrl, isStreaming = true) => cohere('command', { baseUrl, apiKey: secretKey, isStreaming, apiVersion: 1 }),
  contentType: 'application/stream+json',
  stream: [
    line({ event_type: 'stream-start' }),
    line({ event_type: 'text-generation', text: 'Hello' }),
    line({ event_type: 'text-generation', text: ' world' }),
    line({ event_type: 'stream-end', response: { meta: usage }, finish_reason: 'COMPLETE' }),
  ].join(''),
  finishMark: 'COMPLETE',
  json: { text: 'Hello world', meta: usage, finish_reason: 'COMPLETE' },
  errorBody: (message) => ({ message }),
  errorEvent: (message) => line({ event_type: 'stream-end', finish_reason: 'ERROR', error: message }),
});
