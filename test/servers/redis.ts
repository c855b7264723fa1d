import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Redis server for tests. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  /** Ends the server as a crash does, with all that it held; undefined where it is not ours. */
  readonly crash?: () => Promise<void>;
  /** Starts it anew at the same address, empty. */
  readonly restart?: () => Promise<void>;
}

const sleepMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.end());
    socket.on('close', (hadError) => resolve(!hadError));
    socket.on('error', () => undefined);
  });

/** Starts a server that keeps nothing on disk. It ends with this process: the shell beside it waits for the end of its input. */
const startServer = async (folder: string, port: number): Promise<() => Promise<void>> => {
  const settings = `--port ${port} --bind 127.0.0.1 --save '' --appendonly no --dir "${folder}" --requirepass hunter2-secret`;
  const script = `redis-server ${settings} > /dev/null 2>&1 & cat > /dev/null; kill -KILL $!; wait`;
  const shell = spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise<void>((resolve) => shell.once('exit', () => resolve()));
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries === 200) throw new Error('Redis does not start.');
    await sleepMs(25);
  }
  return async () => {
    shell.stdin.end();
    await ended;
  };
};

/**
 * A Redis server: that of `PIPEWRIGHT_REDIS` (an address), or one made for the test from the program that is installed. Where
 * neither is there, says what is left out.
 */
export const startRedis = async (leftOut: string): Promise<RedisServer | undefined> => {
  const own = process.env.PIPEWRIGHT_REDIS;
  if (own !== undefined && own !== '') return { url: own, [Symbol.asyncDispose]: async () => undefined };
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    console.warn(
      `Left out: ${leftOut}, because no Redis server is installed. test/servers/install-redis.sh installs one.`,
    );
    return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'pipewright-redis-'));
  const port = await freePort();
  let stop = await startServer(folder, port);
  return {
    url: `redis://:hunter2-secret@127.0.0.1:${port}`,
    crash: () => stop(),
    restart: async () => {
      stop = await startServer(folder, port);
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
