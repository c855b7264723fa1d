import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Document, sleep, system, user } from '../../core/index.js';
import { chatPrompt } from '../../prompt/index.js';
import { manualClock } from '../../testing/index.js';
import { policy, tool, toolbox } from '../../tool/index.js';
import { type McpServer, type McpServerOptions, mcpServer } from '../index.js';

const paid: number[] = [];
let cancelled = 0;
const add = tool({
  name: 'add',
  description: 'Adds two numbers.',
  input: z.object({ a: z.number(), b: z.number() }),
  isReadOnly: true,
  run: ({ a, b }) => ({ sum: a + b }),
});
const list = tool({ name: 'list', description: '', input: z.object({}), isReadOnly: true, run: () => [1, 2] });
const say = tool({
  name: 'say',
  description: '',
  input: z.object({}),
  isReadOnly: true,
  run: () => 'x'.repeat(60_000),
});
const fail = tool({
  name: 'fail',
  description: '',
  input: z.object({}),
  isReadOnly: true,
  run: () => {
    throw new Error('The disk is full. Key: sk-0123456789abcdef0123');
  },
});
const wait = tool({
  name: 'wait',
  description: '',
  input: z.object({}),
  isReadOnly: true,
  run: async (_input, run) => {
    for (const done of [1, 1, 0, 2]) run.emit({ type: 'progress', label: 'waiting', done, total: 3 });
    run.onAbort(() => {
      cancelled += 1;
    });
    await sleep(60_000, run);
    return 'done';
  },
});
const pay = tool({
  name: 'pay',
  description: 'Pays.',
  input: z.object({ eur: z.number() }),
  run: ({ eur }) => {
    paid.push(eur);
    return `Paid ${eur} euros.`;
  },
});
const box = toolbox([add, list, say, fail, wait, pay], {
  policy: policy([{ tool: 'pay', when: ({ eur }) => Number(eur) > 100, verdict: 'deny' }]),
});

const url = new URL('http://localhost:8080/mcp');
/** The official client, talking to the handler without a socket. */
const officialClient = async (server: McpServer, mode: 'legacy' | 'auto', approves?: boolean): Promise<Client> => {
  const capabilities = approves === undefined ? {} : { elicitation: { form: {} } };
  const client = new Client({ name: 'test', version: '1' }, { capabilities, versionNegotiation: { mode } });
  if (approves !== undefined) {
    client.setRequestHandler('elicitation/create', () => ({
      action: 'accept' as const,
      content: { approve: approves },
    }));
  }
  const send = (to: string | URL, init?: RequestInit): Promise<Response> => server.fetch(new Request(to, init));
  await client.connect(new StreamableHTTPClientTransport(url, { fetch: send }));
  return client;
};

const documents = Array.from(
  { length: 250 },
  (_, at): Document => ({ id: `d ${at}`, text: `Text ${at}`, title: `T${at}` }),
);
const options: McpServerOptions = {
  name: 'shop',
  version: '2.0.0',
  instructions: 'Be careful.',
  resources: { documents, retriever: async (query) => [{ id: 'd 7', text: `About ${String(query)}`, score: 1 }] },
  prompts: { ask: { description: 'Asks.', prompt: chatPrompt([system('Be {mood}.'), user('{question}')]) } },
};

describe.each(['legacy', 'auto'] as const)('an official client over HTTP (%s)', (mode) => {
  const server = mcpServer(box, options);
  let client: Client;
  beforeAll(async () => {
    client = await officialClient(server, mode);
  });
  afterAll(async () => {
    await client.close();
    await server.close();
  });

  it('is told who the server is, and its tools', async () => {
    expect(client.getServerVersion()).toMatchObject({ name: 'shop', version: '2.0.0' });
    expect(client.getInstructions()).toBe('Be careful.');
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['add', 'list', 'say', 'fail', 'wait', 'pay']);
    expect(tools[0]).toMatchObject({ inputSchema: { required: ['a', 'b'] }, annotations: { readOnlyHint: true } });
  });

  it('gets values with their text, within the bounds of the tool', async () => {
    const result = await client.callTool({ name: 'add', arguments: { a: 1, b: 2 } });
    expect(result).toMatchObject({ structuredContent: { sum: 3 }, content: [{ type: 'text', text: '{"sum":3}' }] });
    const items = await client.callTool({ name: 'list' });
    expect(items.content[0]).toEqual({ type: 'text', text: '[1,2]' });
    const said = await client.callTool({ name: 'say' });
    expect(JSON.stringify(said.content).length).toBeLessThan(51_000);
  });

  it('gets failures as results, without secrets, and errors for what is not there', async () => {
    const failed = await client.callTool({ name: 'fail' });
    expect(failed).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('The disk is full.') }] });
    expect(JSON.stringify(failed)).not.toContain('0123456789abcdef');
    const wrong = await client.callTool({ name: 'add', arguments: { a: 'one', b: 2 } });
    expect(wrong).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('a: ') }] });
    await expect(client.callTool({ name: '__proto__' })).rejects.toMatchObject({ code: -32_602 });
  });

  it('is refused what the policy denies, and what nobody can approve of', async () => {
    for (const eur of [5, 500]) {
      const result = await client.callTool({ name: 'pay', arguments: { eur } });
      expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('was not run') }] });
    }
    expect(paid).toEqual([]);
  });

  it('Q02 hears of progress, which only grows, and its cancellation reaches the tool', async () => {
    const before = cancelled;
    const control = new AbortController();
    const heard: number[] = [];
    const call = client.callTool(
      { name: 'wait' },
      { signal: control.signal, onprogress: ({ progress }) => heard.push(progress) === 2 && control.abort('enough') },
    );
    await expect(call).rejects.toThrow('enough');
    for (let tries = 0; cancelled === before && tries < 200; tries += 1)
      await new Promise((done) => setTimeout(done, 5));
    expect(cancelled).toBe(before + 1);
    expect(heard).toEqual([1, 2]);
  });

  it('reads documents page by page, and what a search finds', async () => {
    const { resources } = await client.listResources();
    expect(resources).toHaveLength(250);
    const read = await client.readResource({ uri: resources[249]?.uri ?? '' });
    expect(read.contents).toMatchObject([{ uri: 'document:d%20249', text: 'Text 249', mimeType: 'text/plain' }]);
    expect((await client.listResourceTemplates()).resourceTemplates[0]?.uriTemplate).toBe('search:{query}');
    const found = await client.readResource({ uri: 'search:two%20words' });
    expect(found.contents).toMatchObject([{ uri: 'document:d%207', text: 'About two words' }]);
    for (const uri of ['document:none', 'search:%ff', 'file:///etc/passwd']) {
      await expect(client.readResource({ uri })).rejects.toThrow(/There is no resource/u);
    }
    await expect(client.listResources({ cursor: 'mine' })).rejects.toMatchObject({ code: -32_602 });
  });

  it('fills in prompts', async () => {
    expect((await client.listPrompts()).prompts).toMatchObject([
      { name: 'ask', arguments: [{ name: 'mood', required: true }, { name: 'question' }] },
    ]);
    const { messages } = await client.getPrompt({ name: 'ask', arguments: { mood: 'kind', question: 'Why?' } });
    expect(messages).toEqual([
      { role: 'user', content: { type: 'text', text: 'Be kind.' } },
      { role: 'user', content: { type: 'text', text: 'Why?' } },
    ]);
    await expect(client.getPrompt({ name: 'ask', arguments: { mood: 'kind' } })).rejects.toThrow(/question/u);
    await expect(client.getPrompt({ name: 'toString' })).rejects.toMatchObject({ code: -32_602 });
  });
});

describe.each(['legacy', 'auto'] as const)(
  'a call that needs approval, where clients may ask their users (%s)',
  (mode) => {
    const server = mcpServer(box, { approval: 'elicit', runOptions: () => ({ budget: { maxCalls: 3 } }) });
    afterAll(() => server.close());
    const payWith = async (eur: number, approves?: boolean): Promise<string> => {
      const client = await officialClient(server, mode, approves);
      const result = await client.callTool({ name: 'pay', arguments: { eur } });
      await client.close();
      return JSON.stringify(result);
    };

    it('runs when the user approves, and in no other case', async () => {
      paid.length = 0;
      expect(await payWith(5, true)).toContain('Paid 5 euros.');
      expect(await payWith(6, false)).toContain('a person refused it');
      expect(await payWith(7)).toContain('a person must approve of it first');
      expect(await payWith(500, true)).toContain('that is not allowed');
      expect(paid).toEqual([5]);
    });
  },
);

describe('an answer of a user', () => {
  it('approves of the arguments that it was given to, and of no others', async () => {
    paid.length = 0;
    const server = mcpServer(box, { approval: 'elicit' });
    const client = await officialClient(server, 'auto', true);
    const asked = await client.callTool({ name: 'pay', arguments: { eur: 1 } }, { allowInputRequired: true });
    const { inputRequests } = asked as unknown as { readonly inputRequests: Record<string, unknown> };
    const inputResponses = Object.fromEntries(
      Object.keys(inputRequests).map((key) => [key, { action: 'accept', content: { approve: true } }]),
    );
    for (const eur of [99, 1]) {
      const params = { name: 'pay', arguments: { eur }, inputResponses };
      await client.callTool(params as never, { allowInputRequired: true });
    }
    expect(paid).toEqual([1]);
    await client.close();
    await server.close();
  });
});

const post = (headers: Readonly<Record<string, string>>, body: unknown, to = url): Request =>
  new Request(to, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify(body),
  });
const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
};

describe('the door over HTTP', () => {
  it.each([
    [403, { host: 'evil.example' }],
    [403, { host: 'localhost', origin: 'https://evil.example' }],
    [403, { host: 'localhost', origin: 'null' }],
    [200, { host: 'localhost:8080', origin: 'http://localhost:3000' }],
    [200, { host: '127.0.0.1' }],
  ])('says %i to %j', async (status, headers) => {
    const server = mcpServer(box);
    const response = await server.fetch(post(headers as Record<string, string>, initialize));
    expect(response.status).toBe(status);
    await response.body?.cancel();
    await server.close();
  });

  it('lets in those that were named, and nobody else then', async () => {
    const server = mcpServer(box, { http: { hosts: ['mcp.example.com'], origins: ['app.example.com'] } });
    const to = new URL('https://mcp.example.com/mcp');
    const welcome = await server.fetch(post({ origin: 'https://app.example.com' }, initialize, to));
    expect(welcome.status).toBe(200);
    await welcome.body?.cancel();
    expect((await server.fetch(post({}, initialize))).status).toBe(403);
    await server.close();
    expect((await server.fetch(post({}, initialize, to))).status).toBe(503);
  });

  it('refuses what is too long, is no JSON, or has no session', async () => {
    const server = mcpServer(box, { http: { maxRequestBytes: 1_000 } });
    expect((await server.fetch(post({}, { ...initialize, pad: 'x'.repeat(2_000) }))).status).toBe(413);
    const broken = new Request(url, {
      method: 'POST',
      body: '{"jsonrpc":',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    });
    expect((await server.fetch(broken)).status).toBe(400);
    expect((await server.fetch(post({}, { jsonrpc: '2.0', id: 2, method: 'tools/list' }))).status).toBe(400);
    expect(
      (await server.fetch(post({ 'mcp-session-id': 'guessed' }, { jsonrpc: '2.0', id: 2, method: 'tools/list' })))
        .status,
    ).toBe(404);
    expect((await server.fetch(new Request(url))).status).toBe(400);
    await server.close();
  });

  it('Q27 opens a bounded number of sessions, and more once some were idle or ended', async () => {
    const clock = manualClock();
    const server = mcpServer(box, { http: { maxSessions: 2, sessionIdleMs: 60_000, clock } });
    const begin = async (): Promise<Response> => {
      const response = await server.fetch(post({}, initialize));
      await response.body?.cancel();
      return response;
    };
    const all = await Promise.all([begin(), begin(), begin(), begin()]);
    expect(all.map(({ status }) => status).sort()).toEqual([200, 200, 503, 503]);
    const id = all.find(({ status }) => status === 200)?.headers.get('mcp-session-id') ?? '';
    const ended = await server.fetch(new Request(url, { method: 'DELETE', headers: { 'mcp-session-id': id } }));
    expect(ended.status).toBe(200);
    expect((await begin()).status).toBe(200);
    expect((await begin()).status).toBe(503);
    await clock.advance(60_001);
    expect((await begin()).status).toBe(200);
    await server.close();
  });
});

describe('an official client over standard input and output', () => {
  it('is served, and the process goes with it', async () => {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: ['--import', 'tsx', 'test/children/serve-mcp.ts'],
      stderr: 'pipe',
    });
    let said = '';
    transport.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(transport);
    const { pid } = transport;
    expect(await client.callTool({ name: 'add', arguments: { a: 2, b: 2 } })).toMatchObject({
      structuredContent: { sum: 4 },
    });
    expect(await client.callTool({ name: 'pay', arguments: { eur: 1 } })).toMatchObject({ isError: true });
    expect((await client.readResource({ uri: 'document:terms' })).contents).toHaveLength(1);
    const control = new AbortController();
    const onprogress = (): void => control.abort('enough');
    await expect(client.callTool({ name: 'wait' }, { signal: control.signal, onprogress })).rejects.toThrow('enough');
    for (let tries = 0; said === '' && tries < 200; tries += 1) await new Promise((done) => setTimeout(done, 10));
    expect(said).toContain('wait was cancelled');
    await client.close();
    expect(() => process.kill(pid ?? 0, 0)).toThrow(/ESRCH/u);
  });
});
