// A server of its own process that fails in every way a provider does, by a seed: the same call fails in the same way each time.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRandom } from '../../src/index.js';

const seed = Number(process.argv[2] ?? 1);

/** What happens, and to how many of a hundred tries. */
const mix = [
  ['success', 58],
  // A second in which the rate limit lets nobody start.
  ['busy, with Retry-After', 0.5],
  ['busy, with retry-after-ms', 4],
  ['busy, without a hint', 11.5],
  ['failed (500)', 6],
  ['overloaded (529)', 5],
  ['cut stream', 5],
  ['stall', 4],
  ['reset', 3],
  ['wrong JSON', 3],
] as const;
type Fate = (typeof mix)[number][0];

const fateOf = (call: number, attempt: number): Fate => {
  let left = seededRandom(seed * 1_000_003 + call * 31 + attempt)() * 100;
  for (const [fate, share] of mix) {
    left -= share;
    if (left < 0) return fate;
  }
  return 'success';
};

/** Tries by call, and what became of them. */
const attempts = new Map<number, number>();
const fates: Record<string, number> = {};
let openNow = 0;
let mostOpen = 0;

const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ model: 'gpt-4o-mini', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

const refuse = (response: ServerResponse, status: number, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ error: { message: 'chaos', type: 'chaos' } }));
};

/** A model thinks before it writes, and writes word by word; a server that answers at once would only measure the processor. */
const firstTextMs = (call: number): number => 100 + ((call * 7_919) % 800);
const betweenWordsMs = 60;

const answer = (response: ServerResponse, call: number, fate: Fate): void => {
  const words = ['Answer ', 'to ', 'call ', `${call}`];
  const send = (index: number): void => {
    const word = words[index];
    if (index === 2 && fate === 'stall') return;
    if (index === 2 && fate === 'cut stream') response.end();
    else if (index === 2 && fate === 'wrong JSON') response.end('data: {"choices": [{"delta"\n\n');
    else if (word === undefined) finish(response, words.length);
    else {
      response.write(chunk({ content: word }));
      timer = setTimeout(send, betweenWordsMs, index + 1);
    }
  };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let timer = setTimeout(send, firstTextMs(call), 0);
  response.on('close', () => clearTimeout(timer));
};

const finish = (response: ServerResponse, words: number): void => {
  const usage = { prompt_tokens: 5, completion_tokens: words };
  response.end(`${chunk({}, 'stop')}data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
};

const refusals: Partial<Record<Fate, readonly [status: number, headers?: Record<string, string>]>> = {
  'busy, with Retry-After': [429, { 'retry-after': '1' }],
  'busy, with retry-after-ms': [429, { 'retry-after-ms': '40' }],
  'busy, without a hint': [429],
  'failed (500)': [500],
  'overloaded (529)': [529],
};

const act = (response: ServerResponse, call: number, fate: Fate): void => {
  const refusal = refusals[fate];
  if (refusal !== undefined) refuse(response, ...refusal);
  else if (fate === 'reset') response.socket?.resetAndDestroy();
  else answer(response, call, fate);
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const piece of request) text += String(piece);
  return text;
};

const server = createServer(async (request, response) => {
  response.on('error', () => undefined);
  if (request.url === '/stats') {
    response.end(JSON.stringify({ attempts: [...attempts], fates, openNow, mostOpen }));
    return;
  }
  openNow += 1;
  mostOpen = Math.max(mostOpen, openNow);
  response.on('close', () => (openNow -= 1));
  const call = Number(/call (\d+)/.exec(await bodyOf(request))?.[1]);
  const attempt = (attempts.get(call) ?? 0) + 1;
  attempts.set(call, attempt);
  const fate = fateOf(call, attempt);
  fates[fate] = (fates[fate] ?? 0) + 1;
  act(response, call, fate);
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
