import { describe, expect, it } from 'vitest';
import { createRun, inspect, user } from '../../core/index.js';
import { badServer } from '../../testing/index.js';
import { anthropicTokenCount } from './index.js';

describe('anthropicTokenCount', () => {
  it('asks the server, in the form of a call but without what is no prompt', async () => {
    await using server = await badServer({ type: 'json', body: { input_tokens: 671 } });
    const count = anthropicTokenCount('claude-sonnet-4-5', { baseUrl: server.url });
    const run = createRun();
    const tools = [{ name: 'add', description: 'Adds', inputSchema: {} }];
    const request = { messages: [user('Hi')], tools, toolChoice: 'auto', maxOutputTokens: 9, stop: ['x'] } as const;
    expect(await count(request, run)).toBe(671);
    expect(server.requests[0]).toMatchObject({ path: '/v1/messages/count_tokens', method: 'POST' });
    expect(server.requests[0]?.body).toEqual({
      model: 'claude-sonnet-4-5',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      tools: [{ name: 'add', description: 'Adds', input_schema: {} }],
      tool_choice: { type: 'auto' },
    });
    expect(run.meter.spent.calls).toBe(0);
    expect(inspect(count).name).toBe('anthropic:claude-sonnet-4-5 token count');
  });

  it('fails with a typed error, and closes the connection on abort', async () => {
    await using server = await badServer([
      { type: 'json', body: {} },
      {
        type: 'json',
        status: 529,
        body: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      },
      { type: 'silence' },
    ]);
    const count = anthropicTokenCount('claude-sonnet-4-5', { baseUrl: server.url });
    await expect(count('Hi')).rejects.toMatchObject({ code: 'model-failed' });
    await expect(count('Hi')).rejects.toMatchObject({ code: 'model-overloaded', retryable: true });
    const control = new AbortController();
    const outcome = count('Hi', createRun({ signal: control.signal })).catch((reason: unknown) => reason);
    const received = await server.request(2);
    control.abort('enough');
    expect(await outcome).toBe('enough');
    expect(await received.closed).toBe('cut');
  });
});
