// Brings a fresh clone to the point where it can run: checks the version of Node, installs, builds. Plain JavaScript without
// dependencies, because it runs before anything is installed. It talks on stderr; stdout belongs to the job.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const say = (text) => process.stderr.write(`${text}\n`);

const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** Whether version `actual` (`v20.19.0`) is at least `wanted` (`20.19`). */
export const isAtLeast = (actual, wanted) => {
  const [have, want] = [actual, wanted].map((version) => version.replace('v', '').split('.').map(Number));
  const different = want.findIndex((part, index) => part !== (have[index] || 0));
  return different === -1 || have[different] > want[different];
};

/** Ends the process with a plain message when this Node is too old. */
export const requireNode = () => {
  const wanted = readJson('package.json').engines.node.replace('>=', '');
  if (isAtLeast(process.version, wanted)) return;
  say(
    `pipewright needs Node ${wanted} or newer; this is Node ${process.version.slice(1)}. Get one from https://nodejs.org.`,
  );
  process.exit(1);
};

/**
 * What the lockfile names and `node_modules` does not hold in that version. Optional packages may be absent: npm leaves out
 * what does not fit the platform or could not be built.
 */
export const missingPackages = (lock, installed) =>
  Object.entries(lock.packages)
    .filter(([path, { version, optional, devOptional }]) => {
      if (path === '') return false;
      const found = installed.packages[path];
      return found === undefined ? !(optional || devOptional) : found.version !== version;
    })
    .map(([path]) => path);

const isInstalled = (folder) => {
  try {
    const lock = readJson(join(folder, 'package-lock.json'));
    // npm writes this file last, so a broken-off install does not have it.
    return missingPackages(lock, readJson(join(folder, 'node_modules/.package-lock.json'))).length === 0;
  } catch {
    return false; // no such file: nothing is installed yet
  }
};

/** Shows that something is going on: a turning line on a terminal, one plain line elsewhere. Returns what ends it. */
const showProgress = (label, hint) => {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  if (!process.stderr.isTTY) {
    say(`${label} (${hint}) …`);
    return (outcome) => say(`${label}: ${outcome} after ${seconds()} s`);
  }
  const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
  let turn = 0;
  const draw = () => process.stderr.write(`\r${frames[turn++ % frames.length]} ${label} (${hint}) … ${seconds()} s `);
  const timer = setInterval(draw, 100);
  return (outcome) => {
    clearInterval(timer);
    process.stderr.write(`\r\u001b[K${label}: ${outcome} after ${seconds()} s\n`);
  };
};

/** Runs a command quietly. When it fails, prints the end of what it said and ends this process with its exit code. */
const runQuietly = async (label, hint, command, args, env) => {
  const end = showProgress(label, hint);
  const output = [];
  const code = await new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => {
      output.push(Buffer.from(`${error.message}\n`));
      resolve(1);
    });
    child.on('close', (exitCode) => resolve(exitCode === null ? 1 : exitCode));
  });
  end(code === 0 ? 'done' : 'failed');
  if (code === 0) return;
  const lines = Buffer.concat(output).toString().trimEnd().split('\n');
  say(`The last lines of \`${[command, ...args].join(' ')}\`:\n${lines.slice(-40).join('\n')}`);
  process.exit(code);
};

/** Installs what the lockfile of a folder names, unless it is there already. */
const install = async (folder, label) => {
  if (isInstalled(folder)) return;
  const args = ['ci', '--prefix', folder, '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  // The npm that called us, run by this very Node; else the one on the path.
  const [command, ...before] = npm?.endsWith('npm-cli.js') ? [process.execPath, npm] : ['npm'];
  await runQuietly(label, 'once, about a minute', command, [...before, ...args]);
};

export const ensureInstalled = () => install('.', 'Installing packages');

/** Installs the peers that benchmarks measure beside us. */
export const ensurePeers = () => install('bench', 'Installing the peers to compare with');

/** Milliseconds since 1970 when something below `path` last changed; folders count, so that a deleted file is noticed. */
const lastChangeBelow = (path) => {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  const inner = readdirSync(path)
    .filter((name) => !/\.test(-d)?\.ts$/.test(name))
    .map((name) => lastChangeBelow(join(path, name)));
  return Math.max(stat.mtimeMs, ...inner);
};

const buildInputs = ['src', 'package.json', 'tsconfig.json', 'tsup.config.ts', 'scripts/entries.ts'];

/** Whether `dist` was built from the sources as they are now. */
export const isBuilt = () => {
  const built = join(root, 'dist/.built');
  if (!existsSync(built)) return false;
  const builtMs = statSync(built).mtimeMs;
  return buildInputs.every((path) => lastChangeBelow(join(root, path)) <= builtMs);
};

/** Builds `dist`. `quick` leaves out the type declarations, which running needs none of. */
export const build = async ({ quick }) => {
  const dist = join(root, 'dist');
  const started = new Date();
  rmSync(dist, { recursive: true, force: true });
  const hint = quick ? 'a few seconds' : 'with types, about half a minute';
  await runQuietly('Building', hint, process.execPath, ['node_modules/tsup/dist/cli-default.js'], {
    PIPEWRIGHT_BUILD: quick ? 'quick' : 'full',
    // The declarations of all entries take 4.5 GB, a little more than Node allows itself.
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --max-old-space-size=6144`.trim(),
  });
  writeFileSync(join(dist, '.built'), quick ? 'quick' : 'full');
  // A file that changed while the build ran is newer than the build.
  utimesSync(join(dist, '.built'), started, started);
};

export const ensureBuilt = async () => {
  if (!isBuilt()) await build({ quick: true });
};

/** Hands over to the job itself: its output, its exit code, and Ctrl-C. */
export const handOver = (args, env = {}) => {
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('close', (code, signal) => process.exit(signal === null ? code : 1));
};
