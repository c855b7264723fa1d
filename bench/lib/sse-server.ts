// A server of its own process that streams chat completions: chunks of one word, some milliseconds apart.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const chunkCount = Number(process.argv[2] ?? 20);
const gapMs = Number(process.argv[3] ?? 5);

const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o-mini', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const word = chunk({ content: 'word ' });
const usage = `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o-mini', choices: [], usage: { prompt_tokens: 3, completion_tokens: chunkCount, total_tokens: 3 + chunkCount } })}\n\n`;

const stream = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(chunk({ role: 'assistant', content: '' }));
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    if (sent <= chunkCount) response.write(word);
    else {
      clearInterval(timer);
      response.end(`${chunk({}, 'stop')}${usage}data: [DONE]\n\n`);
    }
  }, gapMs);
  response.on('close', () => clearInterval(timer));
};

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => stream(response));
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
