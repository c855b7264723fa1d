import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRun, explain, PipewrightError, type Run, type Store, toMermaid } from '../../src/core/index.js';
import { modelRegistry, router } from '../../src/model/index.js';
import { balance, budget, budgetPool, cache, rateLimit, resilient, semanticCache } from '../../src/resilience/index.js';
import { memoryStore } from '../../src/store/index.js';
import { type Behaviour, badServer, record } from '../../src/testing/index.js';
import { stringsIn } from '../wire/bad-servers.js';
import { lengthEmbedder } from './decorators.js';
import { chatApis, half, plainApis, secretKey, sending } from './providers.js';

/** Every string that can be reached, joined to look for the key in. */
const leaksIn = (...values: readonly unknown[]): readonly string[] =>
  values.flatMap((value) => stringsIn(value)).filter((text) => text.includes(secretKey));

const said = `Wrong key ${secretKey}; header authorization: Bearer ${secretKey}; https://x.test/?key=${secretKey}`;

/** Servers that say the key again, wherever they can. */
const echoes: readonly Behaviour[] = [
  { type: 'json', status: 401, body: { error: { message: said, code: secretKey, type: secretKey, param: secretKey } } },
  {
    type: 'json',
    status: 400,
    headers: { 'x-request-id': secretKey, 'retry-after': secretKey },
    body: { message: said, detail: said },
  },
  { type: 'json', status: 422, body: [{ [secretKey]: said }] },
  { type: 'text', status: 500, text: `<html><title>${said}</title></html>` },
  { type: 'text', status: 302, text: '', headers: { location: '/elsewhere' } },
  { type: 'text', text: said },
  { type: 'text', text: `{"data": "${said}`, headers: { 'content-type': 'application/json' } },
  { type: 'json', body: { error: { message: said } } },
  { type: 'reset' },
];

describe.each(chatApis)('$name', (api) => {
  it('Q30 the key is in no error, event, property, drawing, explanation, cache key or cassette', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'calls.jsonl');
    const behaviours = [
      ...echoes,
      sending(api, {}, half(api.stream)),
      sending(api, {
        headers: { 'content-type': api.contentType, 'set-cookie': secretKey },
      }),
    ];
    await using server = await badServer(behaviours);
    const model = api.model(server.url);
    const recorded = record(model, path);
    const ask = cache(resilient(recorded, { retry: false, circuitBreaker: false }));
    const events: unknown[] = [];
    const run = createRun({ on: (event) => events.push(event) });
    const outcomes: unknown[] = [];
    for (const _ of behaviours) outcomes.push(await ask('Hi', run).catch((error: unknown) => error));
    expect(outcomes.at(-1)).toMatchObject({ text: 'Hello world' });
    // The AI SDK goes where the redirect leads, so that one answer fewer is left.
    expect(outcomes.filter((outcome) => outcome instanceof PipewrightError).length).toBeGreaterThanOrEqual(
      behaviours.length - 2,
    );
    const shown = [
      explain(ask),
      toMermaid(ask),
      JSON.stringify({ ...ask }),
      ask.cache.keyOf('Hi'),
      readFileSync(path, 'utf8'),
    ];
    expect(leaksIn(outcomes, events, model, ...shown)).toEqual([]);
    for (const { path: asked } of server.requests) expect(asked).not.toContain(secretKey);
    // A redirect to another host would take the key along. The AI SDK's providers fetch for themselves.
    if (!api.name.startsWith('fromAiSdk'))
      expect(server.requests.map(({ path: asked }) => asked)).not.toContain('/elsewhere');
  });
});

describe.each(plainApis)('$name', ({ name, call }) => {
  it('Q30 the key is in no error, event or URL', async () => {
    await using server = await badServer(echoes);
    const events: unknown[] = [];
    const run = createRun({ on: (event) => events.push(event) });
    const outcomes: unknown[] = [];
    for (const _ of echoes) outcomes.push(await call(server.url)(run).catch((error: unknown) => error));
    expect(outcomes.filter((outcome) => outcome instanceof PipewrightError).length).toBeGreaterThanOrEqual(
      echoes.length - 2,
    );
    expect(leaksIn(outcomes, events)).toEqual([]);
    for (const { path: asked } of server.requests) expect(asked).not.toContain(secretKey);
    // A redirect to another host would take the key along. The AI SDK's providers fetch for themselves.
    if (!name.startsWith('fromAiSdk'))
      expect(server.requests.map(({ path: asked }) => asked)).not.toContain('/elsewhere');
  });
});

const password = `redis://user:${secretKey}@cache.test:6379`;
const lost = (): Promise<never> => Promise.reject(new Error(`connect ECONNREFUSED ${password}`));
const hanging = (): Promise<never> => new Promise(() => undefined);
const storeOf = (fail: () => Promise<never>): Store => ({
  ...memoryStore(),
  get: fail,
  write: fail,
  compareAndSet: fail,
  // biome-ignore lint/correctness/useYield: it fails before it has anything
  range: async function* () {
    await fail();
  },
});

const answer = (text: string): string => text;
/** Every part that may lie in a store; `goesOn` tells whether a call goes on without it. */
const stored: Readonly<
  Record<
    string,
    { readonly goesOn: boolean; readonly part: (store: Store) => (text: string, run: Run) => Promise<unknown> }
  >
> = {
  cache: { goesOn: true, part: (store) => cache(answer, { store, name: 'answers' }) },
  rateLimit: { goesOn: true, part: (store) => rateLimit(answer, { store, name: 'rate', limits: [{ requests: 100 }] }) },
  balance: { goesOn: true, part: (store) => balance([answer, (text) => text], { store, name: 'targets' }) },
  circuitBreaker: {
    goesOn: true,
    part: (store) => resilient(answer, { circuitBreaker: { store, name: 'circuit' }, retry: false }),
  },
  budget: { goesOn: false, part: (store) => budget(answer, { maxCalls: 1, pool: budgetPool({ maxCalls: 5, store }) }) },
};

describe.each(Object.entries(stored))('%s', (_name, { goesOn, part }) => {
  it.each([
    ['fails', lost],
    ['hangs', hanging],
  ])(
    'Q26 Q30 a store that %s makes a typed error or a warning, without the password of the store',
    async (_how, fail) => {
      const ask = part(storeOf(fail));
      const events: unknown[] = [];
      const run = createRun({ on: (event) => events.push(event) });
      const outcomes = await Promise.all(
        ['a', 'b', 'c'].map((text) => ask(text, run).catch((error: unknown) => error)),
      );
      if (goesOn) expect(outcomes).toEqual(['a', 'b', 'c']);
      else for (const outcome of outcomes) expect(outcome).toMatchObject({ retryable: true, code: expect.any(String) });
      const messages = outcomes.map((outcome) => (outcome instanceof Error ? outcome.message : outcome));
      expect(leaksIn(messages, events)).toEqual([]);
    },
  );

  it('Q26 a store that is lost on the way is a warning or a typed error, and is used again when it is back', async () => {
    let isLost = false;
    const inner = memoryStore();
    const store: Store = {
      ...inner,
      get: (key) => (isLost ? lost() : inner.get(key)),
      write: (changes) => (isLost ? lost() : inner.write(changes)),
      compareAndSet: (...all) => (isLost ? lost() : inner.compareAndSet(...all)),
    };
    const ask = part(store);
    const run = createRun();
    expect(await ask('a', run)).toBe('a');
    isLost = true;
    const outcome: unknown = await ask('b', run).catch((error: unknown) => error);
    if (goesOn) expect(outcome).toBe('b');
    else expect(outcome).toMatchObject({ retryable: true });
    isLost = false;
    expect(await ask('c', run)).toBe('c');
  });
});

it('Q26 what stands between models goes on when a provider is lost on the way', async () => {
  const [api] = chatApis;
  if (api === undefined) return;
  await using server = await badServer(sending(api));
  const gone = await badServer(sending(api, { ending: 'reset', delayMs: 5 }, half(api.stream)));
  const [first, second] = [api.model(gone.url), api.model(server.url)];
  const asks = [
    resilient(first, { fallbacks: [second], retry: { initialDelayMs: 1 } }),
    resilient(balance([first, second]), { retry: { initialDelayMs: 1, maxAttempts: 4 } }),
    resilient(semanticCache(second, { embedder: lengthEmbedder })),
    resilient(router([second])),
    resilient(modelRegistry([{ model: second }]).model()),
  ];
  for (const ask of asks) expect((await ask('Hi')).text).toBe('Hello world');
  await gone[Symbol.asyncDispose]();
  for (const ask of asks) expect((await ask('Hello')).text).toBe('Hello world');
});
