// Many streamed replies at once from a local server, beside peers: npm run bench -- stream [rounds] [streams]
// Every contender runs in a process of its own; the server is another. Rounds are interleaved; figures are medians.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { median } from './lib/report.js';
import type { StreamContender } from './lib/stream-contenders.js';

const chunkCount = 20;
const gapMs = 5;
const textLength = chunkCount * 'word '.length;

const modules = [
  './lib/stream-contenders.js',
  ...readdirSync(new URL('stream-peers', import.meta.url)).map((file) => `./stream-peers/${file}`),
];
const contendersOf = async (module: string): Promise<readonly StreamContender[]> =>
  (await import(module)).streamContenders;

interface Figures {
  readonly name: string;
  readonly totalMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
  readonly delayP99Ms: number;
}

const measure = async (module: string, name: string, baseUrl: string, count: number): Promise<Figures> => {
  const contender = (await contendersOf(module)).find((one) => one.name === name);
  if (contender === undefined) throw new Error(`There is no contender ${name}.`);
  const read = await contender.make(baseUrl);
  const readAll = async (times: number): Promise<void> => {
    const lengths = await Promise.all(Array.from({ length: times }, read));
    if (lengths.some((length) => length !== textLength)) throw new Error(`${name} lost text.`);
  };
  // As many as are measured: the code is compiled, the connections are open.
  await readAll(count);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const cpu = process.cpuUsage();
  const started = performance.now();
  await readAll(count);
  const totalMs = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  delay.disable();
  return {
    name,
    totalMs,
    cpuMs: (user + system) / 1000,
    peakMb: process.resourceUsage().maxRSS / 1024,
    delayP99Ms: delay.percentile(99) / 1e6,
  };
};

const measureApart = (module: string, name: string, baseUrl: string, count: number): Figures => {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), '--one', module, name, baseUrl, String(count)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} failed:\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
};

const startServer = async (): Promise<{ readonly server: ChildProcess; readonly baseUrl: string }> => {
  const file = fileURLToPath(new URL('lib/sse-server.ts', import.meta.url));
  const args = [...process.execArgv, file, String(chunkCount), String(gapMs)];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<string>((resolve) =>
    server.stdout?.once('data', (data) => resolve(String(data).trim())),
  );
  return { server, baseUrl: `http://127.0.0.1:${port}/v1` };
};

const report = (all: readonly Figures[], count: number): void => {
  const names = [...new Set(all.map(({ name }) => name))];
  const of = (name: string, field: Exclude<keyof Figures, 'name'>): number =>
    median(all.filter((one) => one.name === name).map((one) => one[field]));
  console.log(`Node ${process.version}, ${count} streams at once of ${chunkCount} chunks, ${gapMs} ms apart`);
  const [bare = ''] = names;
  const ratio = (name: string, field: 'cpuMs' | 'peakMb'): number => of(name, field) / of(bare, field);
  console.table(
    names.map((name) => ({
      contender: name,
      'total ms': of(name, 'totalMs').toFixed(0),
      'CPU ms': of(name, 'cpuMs').toFixed(0),
      '× SDK': ratio(name, 'cpuMs').toFixed(2),
      'peak MB': of(name, 'peakMb').toFixed(0),
      '× SDK ': ratio(name, 'peakMb').toFixed(2),
      'loop delay p99 ms': of(name, 'delayP99Ms').toFixed(1),
    })),
  );
  for (const name of names.filter((one) => one.startsWith('pipewright'))) {
    const isMet = ratio(name, 'cpuMs') <= 1.15 && ratio(name, 'peakMb') <= 1.15;
    console.log(`${isMet ? 'met   ' : 'MISSED'} ${name}: at most 1.15 × the CPU and memory of the bare SDK`);
  }
};

const [first = '5', ...rest] = process.argv.slice(2);
if (first === '--one') {
  const [module = '', name = '', baseUrl = '', count = '500'] = rest;
  console.log(JSON.stringify(await measure(module, name, baseUrl, Number(count))));
} else {
  const count = Number(rest[0] ?? 500);
  const { server, baseUrl } = await startServer();
  const all = await Promise.all(
    modules.map(async (from) => (await contendersOf(from)).map(({ name }) => ({ from, name }))),
  );
  const rounds = Array.from({ length: Number(first) }, () =>
    all.flat().map(({ from, name }) => measureApart(from, name, baseUrl, count)),
  );
  server.kill();
  report(rounds.flat(), count);
}
process.exit();
