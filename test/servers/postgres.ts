import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';

/** A server for tests. */
export interface TestServer extends AsyncDisposable {
  readonly connectionString: string;
  /** Ends the server as a crash does; undefined where it is not ours. */
  readonly crash?: () => Promise<void>;
  /** Starts it anew at the same address, after a crash. */
  readonly restart?: () => Promise<void>;
}

const sleepMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The programs of the newest server that Debian has installed. */
const programFolder = (): string | undefined => {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(root, version, 'bin')).find((folder) => existsSync(join(folder, 'initdb')));
};

/** Why there is no server to start; undefined where there is one. */
const whyNot = (programs: string | undefined): string | undefined => {
  if (programs === undefined) return 'no Postgres server is installed';
  const shared = execFileSync(join(programs, 'pg_config'), ['--sharedir'], { encoding: 'utf8' }).trim();
  if (!existsSync(join(shared, 'extension/vector.control'))) return 'the Postgres server has no pgvector';
  return undefined;
};

const isRoot = process.getuid?.() === 0;
/** Postgres refuses to run as root. */
const asServerUser = (program: string, args: readonly string[]): readonly [string, readonly string[]] =>
  isRoot ? ['runuser', ['-u', 'postgres', '--', program, ...args]] : [program, args];

const idOfServerUser = (flag: '-u' | '-g'): number =>
  Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

const answers = async (connectionString: string): Promise<boolean> => {
  const client = new Client({ connectionString });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
};

/** Starts the server of a cluster. It ends with this process: the shell beside it waits for the end of its input. */
const startServer = async (
  programs: string,
  folder: string,
  port: number,
  connectionString: string,
): Promise<() => Promise<void>> => {
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder} -c fsync=off -c max_connections=40`;
  const script = `"${programs}/postgres" -D "${folder}/data" ${settings} > "${folder}/log" 2>&1 & cat > /dev/null; kill -QUIT $!; wait`;
  const [program, args] = asServerUser('sh', ['-c', script]);
  const shell = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise<void>((resolve) => shell.once('exit', () => resolve()));
  for (let tries = 0; !(await answers(connectionString)); tries++) {
    if (tries === 200) throw new Error(`Postgres does not start: ${readFileSync(join(folder, 'log'), 'utf8')}`);
    await sleepMs(50);
  }
  return async () => {
    shell.stdin.end();
    await ended;
  };
};

const startCluster = async (programs: string): Promise<TestServer> => {
  const folder = await mkdtemp(join(tmpdir(), 'pipewright-postgres-'));
  if (isRoot) await chown(folder, idOfServerUser('-u'), idOfServerUser('-g'));
  const make = ['-D', join(folder, 'data'), '-U', 'tester', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  const [program, args] = asServerUser(join(programs, 'initdb'), make);
  execFileSync(program, args, { stdio: 'ignore' });
  const port = await freePort();
  const connectionString = `postgres://tester:hunter2-secret@127.0.0.1:${port}/postgres`;
  let stop = await startServer(programs, folder, port, connectionString);
  return {
    connectionString,
    crash: () => stop(),
    restart: async () => {
      stop = await startServer(programs, folder, port, connectionString);
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/**
 * A Postgres server with pgvector: that of `PIPEWRIGHT_POSTGRES` (a connection string), or one made for the test from the
 * programs that are installed. Where neither is there, says what is left out.
 */
export const startPostgres = async (leftOut: string): Promise<TestServer | undefined> => {
  const own = process.env.PIPEWRIGHT_POSTGRES;
  if (own !== undefined && own !== '') return { connectionString: own, [Symbol.asyncDispose]: async () => undefined };
  const programs = programFolder();
  const reason = whyNot(programs);
  if (programs !== undefined && reason === undefined) return startCluster(programs);
  console.warn(`Left out: ${leftOut}, because ${reason}. test/servers/install-postgres.sh installs what is missing.`);
  return undefined;
};
