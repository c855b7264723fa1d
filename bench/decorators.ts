// What each decorator adds to a call that succeeds, with nobody listening: npm run bench -- decorators [rounds]
import { createRun, type Run } from '../src/index.js';
import { decorated, plain, type NumberStep } from './lib/decorated.js';
import { median } from './lib/report.js';

const calls = 100_000;

const usOf = async (step: NumberStep, run: Run): Promise<number> => {
  const started = performance.now();
  for (let i = 0; i < calls; i++) await step(i, run);
  return ((performance.now() - started) * 1000) / calls;
};

const rounds = Number(process.argv[2] ?? 7);
const run = createRun();
const figures = new Map<string, number[]>();
const contenders = Object.entries({ plain: { step: plain, maxUs: 0 }, ...decorated });
for (let round = 0; round <= rounds; round++) {
  for (const [name, { step }] of contenders) {
    const us = await usOf(step, run);
    // The first round compiles.
    if (round > 0) figures.set(name, [...(figures.get(name) ?? []), us]);
  }
}
const plainUs = median(figures.get('plain') ?? []);
console.log(
  `Node ${process.version}, ${calls} calls, median of ${rounds} rounds; a plain step takes ${plainUs.toFixed(2)} µs`,
);
for (const [name, { maxUs }] of contenders.slice(1)) {
  const us = median(figures.get(name) ?? []) - plainUs;
  console.log(`${us <= maxUs ? 'met   ' : 'MISSED'} ${name}: ${us.toFixed(2)} µs, at most ${maxUs}`);
}
