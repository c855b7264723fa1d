import { describeBadServers, secretKey } from '../../../test/wire/bad-servers.js';
import { ollama } from './index.js';

const line = (fields: object): string => `${JSON.stringify(fields)}\n`;
const model = 'llama3.3';
const said = (content: string): object => ({ model, message: { role: 'assistant', content }, done: false });
const figures = { prompt_eval_count: 12, eval_count: 3, done_reason: 'stop', done: true };

describeBadServers({
  name: 'ollama',
  model: (baseUrl, isStreaming = true) => ollama(model, { baseUrl, apiKey: secretKey, isStreaming }),
  contentType: 'application/x-ndjson',
  stream: line(said('Hello')) + line(said(' world')) + line({ ...said(''), ...figures }),
  finishMark: '"done":true',
  json: { ...said('Hello world'), ...figures },
  errorBody: (error) => ({ error }),
  errorEvent: (error) => line({ error }),
});
