// What a step of an agent costs beside that of the model and the tool, in one run with peers, and whether a thousand agents at once
// leave memory as it was: npm run bench -- agents [rounds]
// Every contender runs in a process of its own, which loads nothing of the others. Rounds are interleaved; figures are medians.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type AgentContender, answer, stepCount } from './lib/agent-contender.js';
import { median } from './lib/report.js';

interface Measurement {
  readonly name: string;
  /** Microseconds for one step: a call of the model, one of a tool, and all between. */
  readonly usPerStep: number;
  /** What a thousand agents at once take at most, and what of it is left afterwards. */
  readonly peakMb: number;
  readonly leftMb: number;
}

const modules = [
  './lib/own-agent.js',
  ...readdirSync(new URL('agent-peers', import.meta.url)).map((file) => `./agent-peers/${file}`),
];
const contenderIn = async (module: string): Promise<AgentContender> => (await import(module)).contenders[0];

const check = (text: string): void => {
  if (text !== answer) throw new Error(`The agent said ${JSON.stringify(text)}.`);
};

const usPerStep = async (run: () => Promise<string>, budgetMs: number): Promise<number> => {
  const start = performance.now();
  let runs = 0;
  do {
    check(await run());
    runs++;
  } while (performance.now() - start < budgetMs);
  return ((performance.now() - start) * 1_000) / (runs * (stepCount + 1));
};

const heapMb = (): number => process.memoryUsage().heapUsed / 2 ** 20;
const collectedMb = (): number => {
  globalThis.gc?.();
  return heapMb();
};

const together = 1_000;

const measure = async (module: string): Promise<Measurement> => {
  const { name, make } = await contenderIn(module);
  const run = await make();
  await usPerStep(run, 500);
  const us: number[] = [];
  for (let i = 0; i < 5; i++) us.push(await usPerStep(run, 200));
  const crowd = async (): Promise<number> => {
    const work = Promise.all(Array.from({ length: together }, () => run()));
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, heapMb());
    }, 5);
    (await work).forEach(check);
    clearInterval(watch);
    return Math.max(peak, heapMb());
  };
  // The first crowd fills caches that stay.
  await crowd();
  const before = collectedMb();
  const peak = await crowd();
  return { name, usPerStep: median(us), peakMb: peak - before, leftMb: collectedMb() - before };
};

const measureApart = (module: string): Measurement => {
  const args = [...process.execArgv, '--expose-gc', fileURLToPath(import.meta.url), '--one', module];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${module} failed:\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
};

const [first = '3', module = ''] = process.argv.slice(2);
if (first === '--one') {
  console.log(JSON.stringify(await measure(module)));
} else {
  const rounds = Array.from({ length: Number(first) }, () => modules.map(measureApart)).flat();
  const names = [...new Set(rounds.map(({ name }) => name))];
  const figure = (name: string, key: 'usPerStep' | 'peakMb' | 'leftMb'): number =>
    median(rounds.filter((each) => each.name === name).map((each) => each[key]));
  const own = figure(names[0] ?? '', 'usPerStep');
  console.table(
    names.map((name) => ({
      agent: name,
      'µs per step': Number(figure(name, 'usPerStep').toFixed(1)),
      '× ours': Number((figure(name, 'usPerStep') / own).toFixed(1)),
      [`${together} at once, MB`]: Number(figure(name, 'peakMb').toFixed(0)),
      'left, MB': Number(figure(name, 'leftMb').toFixed(1)),
    })),
  );
}
process.exit();
