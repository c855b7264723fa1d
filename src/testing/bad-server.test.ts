import { describe, expect, it } from 'vitest';
import { badServer, manualClock, sseText } from './index.js';

describe('badServer', () => {
  it('answers as told, one behaviour after another, and the last one from then on', async () => {
    await using server = await badServer([
      { type: 'json', status: 429, headers: { 'retry-after': '2' }, body: { error: 'slow' } },
      { type: 'text', text: '<html>' },
    ]);
    const first = await fetch(`${server.url}/a?b=1`, { method: 'POST', body: '{"x":1}', headers: { 'x-own': 'y' } });
    expect([first.status, first.headers.get('retry-after'), await first.json()]).toEqual([429, '2', { error: 'slow' }]);
    expect(await (await fetch(server.url)).text()).toBe('<html>');
    expect(await (await fetch(server.url, { method: 'POST', body: 'plain' })).text()).toBe('<html>');
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      path: '/a?b=1',
      body: { x: 1 },
      headers: { 'x-own': 'y' },
    });
    expect(server.requests[2]?.body).toBe('plain');
    expect(await server.requests[0]?.closed).toBe('finished');
  });

  it('streams on its clock, and stops waiting when the client leaves', async () => {
    const clock = manualClock();
    await using server = await badServer({ type: 'sse', chunks: ['a', 'b', 'c'], delayMs: 100 }, { clock });
    const control = new AbortController();
    const response = await fetch(server.url, { signal: control.signal });
    const reader = response.body!.getReader();
    await clock.advance(100);
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('a');
    const lost = reader.read().catch(() => 'left');
    control.abort();
    expect(await lost).toBe('left');
    expect(await server.requests[0]?.closed).toBe('cut');
  });

  it('cuts after a number of bytes, with a clean end or a broken connection', async () => {
    await using clean = await badServer({ type: 'sse', chunks: ['abc', 'def'], cutAfterBytes: 4 });
    expect(await (await fetch(clean.url)).text()).toBe('abcd');
    await using broken = await badServer({ type: 'sse', chunks: ['abc', 'def'], cutAfterBytes: 4, ending: 'reset' });
    await expect(fetch(broken.url).then((response) => response.text())).rejects.toThrow();
  });

  it('breaks what is open when it is disposed', async () => {
    const server = await badServer({ type: 'silence' });
    const lost = fetch(server.url).catch(() => 'broken');
    const request = await server.request(0);
    await server[Symbol.asyncDispose]();
    expect([await lost, await request.closed]).toEqual(['broken', 'cut']);
  });

  it('sends as much as it is told', async () => {
    await using server = await badServer({ type: 'huge', bytes: 200_000 });
    expect(((await (await fetch(server.url)).json()) as string).length).toBe(200_000);
  });

  it('breaks the connection when the function of the test fails or there is no behaviour', async () => {
    await using throwing = await badServer(() => {
      throw new Error('in the test');
    });
    await expect(fetch(throwing.url)).rejects.toThrow();
    await using empty = await badServer([]);
    await expect(fetch(empty.url)).rejects.toThrow();
  });
});

describe('sseText', () => {
  it('frames events, with their names where asked to', () => {
    expect(sseText([{ type: 'a' }, '[DONE]'])).toBe('data: {"type":"a"}\n\ndata: [DONE]\n\n');
    expect(sseText([{ type: 'a' }], true)).toBe('event: a\ndata: {"type":"a"}\n\n');
  });
});
