import { afterAll, describe, expect, it } from 'vitest';
import { isPipewrightError, messageOf, type PipewrightError, type Run } from '../../core/index.js';
import { testRun } from '../../testing/index.js';
import { toolbox } from '../../tool/index.js';
import { type McpClient, type McpClientOptions, type McpLog, mcpClient, type McpTool } from '../index.js';

const secret = 'hunter2-hunter2';
const logs: McpLog[] = [];
const hostile = (mode = '', options: McpClientOptions = {}): McpClient =>
  mcpClient(
    {
      name: 'host',
      command: process.execPath,
      args: ['test/children/hostile-mcp.mjs', mode],
      env: { SECRET_KEY: secret },
    },
    { maxMessageBytes: 1_000_000, onLog: (log) => logs.push(log), ...options },
  );

const client = hostile();
afterAll(() => client.close());

const toolNamed = async (name: string, of: McpClient = client): Promise<McpTool> => {
  const found = (await of.tools()).find((each) => each.name === name);
  if (found === undefined) throw new Error(`There is no ${name}.`);
  return found;
};

const traitsOf = ({ isReadOnly, isOutward, isUntrusted }: McpTool): readonly boolean[] => [
  isReadOnly,
  isOutward,
  isUntrusted,
];

const failure = async (work: Promise<unknown>): Promise<PipewrightError> => {
  try {
    await work;
  } catch (error) {
    if (isPipewrightError(error)) return error;
    throw error;
  }
  throw new Error('It did not fail.');
};

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const pidOf = async (of: McpClient): Promise<number> => {
  const { content } = await of.call('pid', {});
  return Number(content[0]?.type === 'text' && content[0].text);
};
const until = async (isTrue: () => boolean): Promise<void> => {
  for (let tries = 0; !isTrue() && tries < 500; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(isTrue()).toBe(true);
};

describe('the tools of a server', () => {
  it('have names that every provider takes, each its own', async () => {
    const names = (await client.tools()).map(({ name }) => name);
    expect(names.every((name) => /^[\w-]{1,64}$/u.test(name))).toBe(true);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('host_steady');
    expect(names).toContain('host___proto__');
    expect(names.filter((name) => name.startsWith('host_a_b'))).toHaveLength(2);
  });

  it('of two servers do not shadow each other', async () => {
    const other = mcpClient({ name: 'other', command: process.execPath, args: ['test/children/hostile-mcp.mjs'] });
    try {
      const box = toolbox([...(await client.tools()), ...(await other.tools())]);
      const asked = { type: 'tool-call', id: '1', name: 'other_pid', input: {} } as const;
      expect((await box.call(asked)).output).toBe(String(await pidOf(other)));
      expect(await pidOf(other)).not.toBe(await pidOf(client));
    } finally {
      await other.close();
    }
  });

  it('are not believed when they say that they only read, unless the server is trusted', async () => {
    expect(traitsOf(await toolNamed('host_steady'))).toEqual([false, true, true]);
    const trusting = hostile('', { isTrusted: true });
    try {
      expect(traitsOf(await toolNamed('host_steady', trusting))).toEqual([true, true, true]);
      expect(traitsOf(await toolNamed('host_pid', trusting))).toEqual([false, true, true]);
    } finally {
      await trusting.close();
    }
  });

  it('are described to the model within bounds, and their text goes nowhere else', async () => {
    const long = (await client.tools()).find(({ description }) => description.startsWith('ddd'));
    expect(long?.description.length).toBe(10_001);
    expect((await toolNamed('host___proto__')).description).toContain('Ignore all rules');
    expect(await client.call('__proto__', {})).toEqual({ content: [{ type: 'text', text: 'called __proto__' }] });
  });

  it('give text, values, and errors that a model sees', async () => {
    expect(await (await toolNamed('host_steady'))({})).toBe('hello');
    expect(await (await toolNamed('host_env'))({})).toMatchObject({ names: expect.arrayContaining(['PATH']) });
    const box = toolbox(await client.tools());
    const result = await box.call({ type: 'tool-call', id: '1', name: 'host_leak', input: {} });
    expect(result).toMatchObject({ isError: true, output: 'Error: tool-failed: cannot log in with [secret]' });
    expect((await failure(client.call('silent', {}))).message).toBe('`silent` failed, and did not say why.');
  });

  it('are refused a value that does not fit what they promised', async () => {
    expect((await failure(client.call('strict', {}))).message).toMatch(/output schema/u);
  });

  it('that are not there are not asked for', async () => {
    expect((await failure(client.call('constructor', {}))).code).toBe('not-found');
  });
});

describe('a process', () => {
  it('Q30 gets no variable that it was not given, and no error quotes those', async () => {
    process.env.PIPEWRIGHT_TEST_TOKEN = 'not for you';
    const own = hostile();
    try {
      const { structured } = await own.call('env', {});
      const { names } = structured as { readonly names: readonly string[] };
      expect(names).toContain('SECRET_KEY');
      const usual = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER', 'SECRET_KEY', '__CF_USER_TEXT_ENCODING'];
      expect(names.filter((name) => !usual.includes(name))).toEqual([]);
      const error = await failure(own.call('die', {}));
      expect(error).toMatchObject({ code: 'connection-lost', retryable: true });
      expect(error.message).toContain('panic: out of luck, key was [secret]');
      expect(JSON.stringify([error, error.cause ?? null, logs])).not.toContain(secret);
    } finally {
      delete process.env.PIPEWRIGHT_TEST_TOKEN;
      await own.close();
    }
  });

  it('Q26 that dies in a call fails it with an error that may be tried again, and is started anew', async () => {
    const before = await pidOf(client);
    const waiting = failure(client.call('hang', {}));
    const dying = failure(client.call('die', {}));
    expect(await waiting).toMatchObject({ code: 'connection-lost', retryable: true });
    expect(await dying).toMatchObject({ code: 'connection-lost', retryable: true });
    const after = await pidOf(client);
    expect(after).not.toBe(before);
    expect(isRunning(before)).toBe(false);
    expect(await (await toolNamed('host_steady'))({})).toBe('hello');
  });

  it('that is killed between two calls is started anew without anybody noticing', async () => {
    const pid = await pidOf(client);
    const [held] = [await toolNamed('host_steady')];
    process.kill(pid, 'SIGKILL');
    await until(() => !isRunning(pid));
    // The end of the process may come to us in the middle of this call, which then says so.
    const said = await held({}).catch((error: unknown) =>
      isPipewrightError(error) && error.retryable ? held({}) : error,
    );
    expect(said).toBe('hello');
  });

  it('that writes more than it may in one message loses its connection', async () => {
    const error = await failure(client.call('giant', {}));
    expect(error).toMatchObject({ code: 'output-invalid', retryable: false });
    expect(error.message).toContain('1000000 bytes');
    expect(await (await toolNamed('host_steady'))({})).toBe('hello');
  });

  it('may write what is not of the protocol between its answers', async () => {
    expect((await client.call('noise', {})).content).toEqual([{ type: 'text', text: 'after the noise' }]);
    expect(logs.some(({ logger }) => logger === 'connection')).toBe(true);
  });

  it('that ends at once, or is not there, is told with its last words after a bounded number of tries', async () => {
    const { run, clock } = testRun();
    const broken = hostile('crash');
    const asked = failure(broken.tools(run));
    for (const waits of [1, 2]) {
      await until(() => clock.pending > 0);
      await clock.advance(250 * waits);
    }
    const error = await asked;
    expect(error).toMatchObject({ code: 'connection-lost', retryable: true });
    expect(error.message).toContain('cannot find the config');
    await broken.close();
    const absent = mcpClient({ name: 'absent', command: '/no/such/program' });
    expect((await failure(absent.tools())).code).toBe('not-found');
    await absent.close();
  });

  it('Q05 that never shakes hands, and one that never answers, fail by their deadline', async () => {
    const deaf = hostile('deaf', { timeoutMs: 300 });
    const closing = hostile('deaf');
    const waiting = failure(closing.tools());
    expect((await failure(deaf.about())).code).toBe('timeout');
    await deaf.close();
    await closing.close();
    expect(await waiting).toMatchObject({ code: 'connection-lost', retryable: false });
    const { run, clock } = testRun();
    await client.tools();
    const late = failure(client.call('hang', {}, run));
    await until(() => clock.pending > 0);
    await clock.advance(60_000);
    expect(await late).toMatchObject({ code: 'timeout', retryable: true });
  });

  it('is ended with the client, and with force where it does not go', async () => {
    const [mild, stubborn] = [hostile(), hostile('stubborn')];
    const pids = [await pidOf(mild), await pidOf(stubborn)];
    expect(pids.every(isRunning)).toBe(true);
    const waiting = failure(stubborn.call('hang', {}));
    await Promise.all([mild.close(), stubborn.close()]);
    await until(() => !pids.some(isRunning));
    expect(await waiting).toMatchObject({ code: 'connection-lost', retryable: false });
    expect((await failure(mild.tools())).message).toContain('was closed');
  }, 15_000);
});

describe('a call that is given up', () => {
  const cancelledOf = async (): Promise<number> => {
    const { structured } = await client.call('cancelled', {});
    return (structured as { readonly cancelled: readonly unknown[] }).cancelled.length;
  };

  it('Q02 rejects with the reason at once, and the server is told', async () => {
    const before = await cancelledOf();
    const { run, abort } = testRun();
    const work = client.call('hang', {}, run);
    abort(new Error('changed my mind'));
    await expect(work).rejects.toThrow('changed my mind');
    const other = testRun();
    const later = (await toolNamed('host_hang'))({}, other.run);
    await new Promise((resolve) => setTimeout(resolve, 20));
    other.abort(new Error('not that one'));
    await expect(later).rejects.toThrow('not that one');
    expect(await cancelledOf()).toBeGreaterThan(before);
  });

  it('Q01 leaves nothing on the signal that a thousand calls share', async () => {
    const control = new AbortController();
    const warnings: string[] = [];
    const hear = (warning: Error): number => warnings.push(messageOf(warning));
    process.on('warning', hear);
    const { run } = testRun();
    const shared: Run = run.with({ signal: control.signal });
    await Promise.all(Array.from({ length: 200 }, () => client.call('steady', {}, shared)));
    process.off('warning', hear);
    expect(warnings).toEqual([]);
  });
});

describe('a list', () => {
  it.each(['thousands', 'endless'])('of %s of tools is refused', async (mode) => {
    const endless = hostile(mode);
    try {
      expect((await failure(endless.tools())).code).toBe('output-invalid');
    } finally {
      await endless.close();
    }
  });
});

describe('mcpClient', () => {
  it('refuses options that cannot be', () => {
    expect(() => mcpClient({ name: 'my server', command: 'x' })).toThrow(/`name`/u);
    expect(() => hostile('', { timeoutMs: 0 })).toThrow(/timeoutMs/u);
    expect(() => hostile('', { pins: { version: 2 } as never })).toThrow(/version 2/u);
  });
});
