import { getEventListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRun, stream } from '../../src/core/index.js';
import { timeout } from '../../src/resilience/index.js';
import { type Behaviour, badServer, testRun } from '../../src/testing/index.js';
import { caught, timedClose } from '../wire/bad-servers.js';
import { chatApis, half, plainApis, sending } from './providers.js';

/** Public functions of providers that send nothing. */
const silent: ReadonlySet<string> = new Set(['toAiSdk', 'connectionOf', 'extractive']);

const root = join(import.meta.dirname, '../../src/provider');

it('Q04 Q05 are asked of everything that sends: each public function of each provider is in the table', async () => {
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names: string[] = [];
  for (const { name: folder } of folders.filter(({ name }) => name !== 'shared')) {
    const exported = (await import(join(root, folder, 'index.ts'))) as Readonly<Record<string, unknown>>;
    names.push(...Object.keys(exported).filter((name) => typeof exported[name] === 'function'));
  }
  const tested = new Set([...chatApis, ...plainApis].map(({ name }) => name));
  expect(names.filter((name) => !tested.has(name) && !silent.has(name))).toEqual([]);
});

const jsonHeaders = { 'content-type': 'application/json' };
const halfJson: Behaviour = { type: 'sse', chunks: ['{"data":'], headers: jsonHeaders, ending: 'stall' };
const silence: Behaviour = { type: 'silence' };

/** What was called, and how a call of it can hang. */
interface Hanging {
  readonly name: string;
  readonly call: (baseUrl: string) => (run?: ReturnType<typeof createRun>) => Promise<unknown>;
  readonly isPaid: boolean;
  readonly behaviour: Behaviour;
}

const hanging: readonly Hanging[] = [
  ...chatApis.flatMap((api): readonly Hanging[] => {
    const streamed: Hanging['call'] = (baseUrl) => (run) => api.model(baseUrl)('Hi', run);
    const plain: Hanging['call'] = (baseUrl) => (run) => api.model(baseUrl, false)('Hi', run);
    return [
      { name: `${api.name}, streamed, without an answer`, isPaid: true, call: streamed, behaviour: silence },
      {
        name: `${api.name}, streamed, after headers`,
        isPaid: true,
        call: streamed,
        behaviour: sending(api, { chunks: [], ending: 'stall' }),
      },
      {
        name: `${api.name}, streamed, in the middle`,
        isPaid: true,
        call: streamed,
        behaviour: sending(api, { ending: 'stall' }, half(api.stream)),
      },
      { name: `${api.name}, in one piece, without an answer`, isPaid: true, call: plain, behaviour: silence },
      { name: `${api.name}, in one piece, in the middle`, isPaid: true, call: plain, behaviour: halfJson },
    ];
  }),
  ...plainApis.flatMap(({ name, call, isPaid }): readonly Hanging[] => [
    { name: `${name}, without an answer`, isPaid, call, behaviour: silence },
    { name: `${name}, after headers`, isPaid, call, behaviour: { ...halfJson, chunks: [] } },
    { name: `${name}, in the middle`, isPaid, call, behaviour: halfJson },
  ]),
];

describe.each(hanging)('$name', ({ call, behaviour, isPaid }) => {
  it('Q04 Q05 Q19 an abort ends the call with its reason and the socket in 100 ms, and leaves an estimate and no listener', async () => {
    await using server = await badServer(behaviour);
    const control = new AbortController();
    const run = createRun({ signal: control.signal });
    const outcome = call(server.url)(run).catch((reason: unknown) => reason);
    await server.request(0);
    const reason = new Error('gone');
    control.abort(reason);
    expect(await outcome).toBe(reason);
    const { how, ms } = await timedClose(server);
    expect(how).toBe('cut');
    expect(ms).toBeLessThan(100);
    expect(getEventListeners(control.signal, 'abort')).toHaveLength(0);
    expect(run.meter.held).toEqual({ tokens: 0, costUsd: 0, calls: 0 });
    if (!isPaid) return;
    expect(run.meter.spent).toMatchObject({ calls: 1, usage: { isEstimated: true } });
    expect(run.meter.spent.usage.inputTokens).toBeGreaterThan(0);
  });

  it('Q05 Q19 a deadline ends the call and the socket, and leaves an estimate and no timer', async () => {
    await using server = await badServer(behaviour);
    const { run, clock } = testRun();
    const limited = timeout((_: null, inner: typeof run) => call(server.url)(inner), { totalMs: 30_000 });
    const outcome = caught(limited(null, run));
    await server.request(0);
    await clock.advance(30_000);
    expect(await outcome).toMatchObject({ code: 'timeout', retryable: true });
    expect(await server.requests[0]?.closed).toBe('cut');
    expect(clock.pending).toBe(0);
    if (isPaid) expect(run.meter.spent).toMatchObject({ calls: 1, usage: { isEstimated: true } });
  });
});

describe.each(chatApis)('$name', (api) => {
  it('Q04 Q19 leaving the stream early closes the socket within 100 ms and leaves an estimate not below what was shown', async () => {
    await using server = await badServer(sending(api, { ending: 'stall' }, half(api.stream)));
    let shown = '';
    const { run, events } = testRun();
    const watched = stream(api.model(server.url), 'Hi', { run });
    for await (const event of watched) {
      if (event.type !== 'text-delta') continue;
      shown += event.text;
      break;
    }
    const { how, ms } = await timedClose(server);
    expect(shown).toBe('Hello');
    expect(how).toBe('cut');
    expect(ms).toBeLessThan(100);
    await watched.result.catch(() => undefined);
    const usages = events.flatMap((event) => (event.type === 'usage' ? [event.usage] : []));
    expect(usages).toEqual([expect.objectContaining({ isEstimated: true })]);
    expect(usages[0]?.outputTokens).toBeGreaterThanOrEqual(1);
  });

  it('Q19 a broken connection leaves an estimate not below what was delivered, and the text in the error', async () => {
    await using server = await badServer(sending(api, { ending: 'reset', delayMs: 5 }, half(api.stream)));
    const run = createRun();
    const error = await caught(api.model(server.url)('Hi', run));
    expect(['connection-lost', 'stream-cut']).toContain(error.code);
    expect(error.retryable).toBe(true);
    expect('Hello ').toContain(error.details.partialText ?? '');
    expect(run.meter.spent).toMatchObject({ calls: 1, usage: { isEstimated: true } });
    expect(run.meter.spent.usage.inputTokens).toBeGreaterThan(0);
  });
});

describe.each(plainApis.filter(({ isPaid }) => isPaid))('$name', ({ call, json }) => {
  it('Q19 a connection that breaks after the request went out leaves an estimate', async () => {
    await using server = await badServer({ type: 'reset' });
    const run = createRun();
    expect(await caught(call(server.url)(run))).toMatchObject({ code: 'connection-lost', retryable: true });
    expect(run.meter.spent).toMatchObject({ calls: 1, usage: { isEstimated: true } });
  });

  it('Q18 counts one call, once', async () => {
    await using server = await badServer({ type: 'json', body: json });
    const { run, events } = testRun();
    await call(server.url)(run);
    const usages = events.flatMap((event) => (event.type === 'usage' ? [event.usage] : []));
    expect(usages).toHaveLength(1);
    expect(run.meter.spent.calls).toBe(1);
    expect(run.meter.spent.usage.inputTokens).toBe(usages[0]?.inputTokens);
  });
});
