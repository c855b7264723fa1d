import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isPipewrightError, type PipewrightError, type RunEvent } from '../src/core/index.js';
import { type McpClient, mcpClient, mcpResourceTool, type McpQuestion, type McpTool } from '../src/mcp/index.js';
import type { ChatRequest } from '../src/model/index.js';
import { scripted, testRun } from '../src/testing/index.js';

const serverPath = (name: string): string => join('node_modules/@modelcontextprotocol', `server-${name}/dist/index.js`);
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pipewright-mcp-')));
writeFileSync(join(folder, 'note.txt'), 'Refunds take 14 days.');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const toolsOf = async (client: McpClient): Promise<ReadonlyMap<string, McpTool>> =>
  new Map((await client.tools()).map((tool) => [tool.name.replace(`${client.name}_`, ''), tool]));
const call = async (
  client: McpClient,
  name: string,
  input: Readonly<Record<string, unknown>> = {},
): Promise<unknown> => {
  const tool = (await toolsOf(client)).get(name);
  if (tool === undefined) throw new Error(`There is no ${name}.`);
  return tool(input);
};
const failure = async (work: Promise<unknown>): Promise<PipewrightError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (isPipewrightError(error)) return error;
  throw error ?? new Error('It did not fail.');
};

const asked: ChatRequest[] = [];
const questions: McpQuestion[] = [];
const answers = {
  sampling: {
    model: scripted(['Four.', 'Never said.']),
    approve: (request: ChatRequest) => asked.push(request) === 1,
    maxOutputTokens: 50,
  },
  elicit: (question: McpQuestion) => {
    questions.push(question);
    return { action: 'accept', content: { name: 'Ada' } } as const;
  },
  roots: [folder],
};

/** What the official server that has everything must do, however it is reached. */
const describeEverything = (make: () => McpClient): void => {
  let client: McpClient;
  beforeAll(() => {
    client = make();
  });
  afterAll(() => client.close());

  it('says who it is, and lists its tools with their schemas', async () => {
    expect(await client.about()).toMatchObject({ name: 'mcp-servers/everything', protocol: '2025-11-25' });
    const tools = await toolsOf(client);
    expect(tools.size).toBeGreaterThan(12);
    expect(tools.get('get-sum')?.inputSchema).toMatchObject({ required: ['a', 'b'] });
  });

  it('gives text, values, pictures, resources and links as plain data', async () => {
    expect(await call(client, 'get-sum', { a: 2, b: 3 })).toBe('The sum of 2 and 3 is 5.');
    expect(await call(client, 'get-structured-content', { location: 'Chicago' })).toMatchObject({
      conditions: expect.any(String),
    });
    const image = await call(client, 'get-tiny-image');
    expect(image).toContainEqual({ type: 'image', mediaType: 'image/png', sizeBytes: expect.any(Number) });
    const { content } = await client.call('get-tiny-image', {});
    const bytes = content.flatMap((part) => (part.type === 'image' ? [part.data] : []));
    expect([...((bytes[0] as Uint8Array) ?? [])].slice(1, 4)).toEqual([...Buffer.from('PNG')]);
    const linked = await call(client, 'get-resource-links', { count: 1 });
    expect(linked).toContainEqual(expect.objectContaining({ type: 'link', uri: expect.stringMatching(/^demo:/u) }));
    const source = await client.call('get-resource-reference', { resourceType: 'Text', resourceId: 1 });
    expect(source.content).toContainEqual(expect.objectContaining({ type: 'source', text: expect.any(String) }));
  });

  it('refuses arguments that do not fit, here and there', async () => {
    expect((await failure(call(client, 'get-sum', { a: 'two', b: 3 }))).code).toBe('bad-input');
    const there = await failure(client.call('get-sum', { a: 'two', b: 3 }));
    expect(['tool-failed', 'bad-input']).toContain(there.code);
  });

  it('tells of its progress, and stops when the caller gives up', async () => {
    const { run, events, abort } = testRun();
    const tool = (await toolsOf(client)).get('trigger-long-running-operation');
    expect(await tool?.({ duration: 0.2, steps: 2 }, run)).toMatch(/completed/u);
    const progress = events.filter((event): event is RunEvent & { type: 'progress' } => event.type === 'progress');
    // The last one may come together with the answer, and then nobody waits for it any more.
    expect(progress[0]).toMatchObject({ label: 'trigger-long-running-operation', done: 1, total: 2 });
    const long = client.call('trigger-long-running-operation', { duration: 30, steps: 3 }, run);
    abort(new Error('enough'));
    await expect(long).rejects.toThrow('enough');
    expect(await call(client, 'echo', { message: 'still here' })).toBe('Echo: still here');
  });

  it('has resources that are documents, for code and for a model', async () => {
    const [first] = await client.resources();
    const [document] = await client.read(first?.uri ?? '');
    expect(document).toMatchObject({ id: first?.uri, source: first?.uri, metadata: { mediaType: 'text/markdown' } });
    expect(document?.text.length).toBeGreaterThan(100);
    expect((await client.resourceTemplates()).map(({ uriTemplate }) => uriTemplate)).toContain(
      'demo://resource/dynamic/text/{resourceId}',
    );
    const blob = 'demo://resource/dynamic/blob/1';
    expect((await failure(client.read(blob))).code).toBe('document-unsupported');
    expect((await client.contents(blob))[0]).toMatchObject({ type: 'file', data: expect.any(Uint8Array) });
    const tool = mcpResourceTool(client);
    expect(await tool({ uri: '' })).toHaveLength((await client.resources()).length);
    expect(await tool({ uri: first?.uri ?? '' })).toMatchObject([{ uri: first?.uri }]);
    await failure(client.read('demo://resource/none'));
  });

  it('has prompts that become messages', async () => {
    const prompts = await client.prompts();
    const withValues = prompts.find(({ name }) => name === 'args-prompt');
    expect(withValues?.variables.map(({ name, isRequired }) => [name, isRequired])).toEqual([
      ['city', true],
      ['state', false],
    ]);
    const [message] = await client.prompt('args-prompt', { city: 'Bern' });
    expect(message).toMatchObject({ role: 'user', content: [{ type: 'text', text: expect.stringContaining('Bern') }] });
    expect((await failure(client.prompt('args-prompt'))).code).toBe('bad-input');
  });
};

describe('the official server that has everything, as a process', () => {
  describeEverything(() =>
    mcpClient({ name: 'all', command: process.execPath, args: [serverPath('everything'), 'stdio'] }),
  );

  describe('that may ask us', () => {
    const client = mcpClient(
      { name: 'asking', command: process.execPath, args: [serverPath('everything'), 'stdio'], env: { GIVEN: 'yes' } },
      { answers },
    );
    afterAll(() => client.close());

    it('gets an answer of the model when it was approved, within the limit, on the budget of the call', async () => {
      const { run } = testRun();
      const reply = await client.call('trigger-sampling-request', { prompt: 'What is 2 + 2?', maxTokens: 5_000 }, run);
      expect(JSON.stringify(reply.content)).toContain('Four.');
      expect(asked[0]).toMatchObject({ maxOutputTokens: 50, messages: [{ role: 'system' }, { role: 'user' }] });
      expect(run.meter.spent.calls).toBe(1);
      const refused = await failure(client.call('trigger-sampling-request', { prompt: 'Again?', maxTokens: 5 }));
      expect(refused.message).toContain('The request to the model was refused');
    });

    it('gets answers of a person, and the folders that it was given', async () => {
      const reply = await client.call('trigger-elicitation-request', {});
      expect(JSON.stringify(reply.content)).toContain('Ada');
      expect(questions[0]).toMatchObject({ server: 'asking', schema: { type: 'object' } });
      expect(JSON.stringify((await client.call('get-roots-list', {})).content)).toContain(`file://${folder}`);
    });

    it('Q30 sees no variable of ours that it was not given', async () => {
      const shown = String(await call(client, 'get-env'));
      expect(JSON.parse(shown)).toMatchObject({ GIVEN: 'yes' });
      const usual = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER', 'GIVEN'];
      expect(Object.keys(JSON.parse(shown)).filter((name) => !usual.includes(name))).toEqual([]);
    });
  });
});

describe('the official server that has everything, over HTTP', () => {
  let port = 0;
  let server: ChildProcess;
  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server = spawn(process.execPath, [serverPath('everything'), 'streamableHttp'], {
        env: { PATH: process.env.PATH ?? '', PORT: String(port) },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      server.once('error', reject);
      server.once('exit', (code) => reject(new Error(`The server ended with ${code}.`)));
      server.stderr?.on('data', (chunk: Buffer) => chunk.toString().includes('listening') && resolve());
    });
  const stop = (): Promise<unknown> => {
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGKILL');
    return gone;
  };
  beforeAll(async () => {
    const probe = createServer().listen(0);
    const address = probe.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
    await new Promise((resolve) => probe.close(resolve));
    await start();
  });
  afterAll(stop);
  const make = (): McpClient =>
    mcpClient(
      { name: 'all', url: `http://localhost:${port}/mcp` },
      { version: '2025-11-25', answers: { elicit: answers.elicit } },
    );

  describeEverything(make);

  it('Q26 that is killed in a call fails it, is told while it is gone, and works again when it is back', async () => {
    const client = make();
    const long = failure(client.call('trigger-long-running-operation', { duration: 30, steps: 3 }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await stop();
    expect(await long).toMatchObject({ code: 'connection-lost', retryable: true });
    expect(await failure(client.call('echo', { message: 'x' }))).toMatchObject({
      code: 'connection-lost',
      retryable: true,
    });
    await start();
    expect(await call(client, 'echo', { message: 'back' })).toBe('Echo: back');
    // Another server on the same port has never heard of the session.
    await stop();
    await start();
    expect(await failure(client.call('echo', { message: 'x' }))).toMatchObject({
      code: 'connection-lost',
      retryable: true,
    });
    expect(await call(client, 'echo', { message: 'again' })).toBe('Echo: again');
    await client.close();
  }, 20_000);
});

describe('the official file server', () => {
  const client = mcpClient({ name: 'files', command: process.execPath, args: [serverPath('filesystem'), folder] });
  afterAll(() => client.close());

  it('reads and writes inside its folder alone', async () => {
    const path = join(folder, 'note.txt');
    expect(JSON.stringify(await call(client, 'read_text_file', { path }))).toContain('Refunds take 14 days.');
    await call(client, 'write_file', { path: join(folder, 'new.txt'), content: 'Hello' });
    expect(readFileSync(join(folder, 'new.txt'), 'utf8')).toBe('Hello');
    const denied = await failure(call(client, 'read_text_file', { path: '/etc/passwd' }));
    expect(denied.code).toBe('tool-failed');
    expect(denied.message).toMatch(/denied/iu);
  });
});

describe('the official memory server', () => {
  const client = mcpClient({
    name: 'memory',
    command: process.execPath,
    args: [serverPath('memory')],
    env: { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') },
  });
  afterAll(() => client.close());

  it('keeps what it is told', async () => {
    const entities = [{ name: 'Ada', entityType: 'person', observations: ['writes programs'] }];
    await call(client, 'create_entities', { entities });
    expect(await call(client, 'search_nodes', { query: 'programs' })).toMatchObject({ entities: [{ name: 'Ada' }] });
    expect(await call(client, 'read_graph')).toMatchObject({ entities: [{ entityType: 'person' }], relations: [] });
  });
});
