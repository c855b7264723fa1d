// What a step and a streamed piece of text cost, beside plain code and beside peers, in one run: npm run bench -- core [rounds]
// Every contender runs in a process of its own, which loads nothing of the others, and beside it in the same process the plain
// code that it is compared with. Rounds are interleaved; figures are medians.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Contender } from './lib/contender.js';
import { contenders as own, plainDeltas, plainSteps } from './lib/own-contenders.js';
import { median, type Measurement, report } from './lib/report.js';

/** The modules that hold contenders; those of peers are named at run time, because peers may not be installed. */
const modules = [
  './lib/own-contenders.js',
  ...readdirSync(new URL('core-peers', import.meta.url)).map((file) => `./core-peers/${file}`),
];

const contendersOf = async (module: string): Promise<readonly Contender[]> =>
  module === './lib/own-contenders.js' ? own : (await import(module)).contenders;

/** Microseconds per unit over at least `budgetMs`. */
const time = async (run: () => Promise<unknown>, units: number, budgetMs: number): Promise<number> => {
  const start = performance.now();
  let runs = 0;
  do {
    await run();
    runs++;
  } while (performance.now() - start < budgetMs);
  return ((performance.now() - start) * 1000) / (runs * units);
};

const measure = async (module: string, name: string): Promise<Measurement> => {
  const contender = (await contendersOf(module)).find((one) => one.name === name);
  if (contender === undefined) throw new Error(`There is no contender ${name}.`);
  const plain = contender.job === 'step' ? plainSteps : plainDeltas;
  const [run, runPlain] = [await contender.make(), await plain.make()];
  await time(run, contender.units, 500);
  await time(runPlain, plain.units, 200);
  const us: number[] = [];
  const plainUs: number[] = [];
  for (let i = 0; i < 5; i++) {
    us.push(await time(run, contender.units, 200));
    plainUs.push(await time(runPlain, plain.units, 60));
  }
  return { name, job: contender.job, us: median(us), plainUs: median(plainUs) };
};

const measureApart = (module: string, name: string): Measurement => {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), '--one', module, name];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} failed:\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
};

const [first = '3', module = '', name = ''] = process.argv.slice(2);
if (first === '--one') {
  console.log(JSON.stringify(await measure(module, name)));
} else {
  const all = await Promise.all(
    modules.map(async (from) => (await contendersOf(from)).map((contender) => ({ from, contender }))),
  );
  const rounds = Array.from({ length: Number(first) }, () =>
    all.flat().map(({ from, contender }) => measureApart(from, contender.name)),
  );
  report(rounds.flat());
}
process.exit();
