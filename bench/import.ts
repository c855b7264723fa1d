// How long importing each entry takes in a fresh process, over an empty one: npm run bench -- import [rounds]
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { publicEntries } from '../scripts/entries.js';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Measure 4: what the root entry may take. */
const maxRootMs = 15;

const lifeOf = (program: string): number => {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program]);
  if (status !== 0) throw new Error(`${program} failed:\n${stderr}`);
  return performance.now() - started;
};

// The suites for implementers need a running vitest.
const entries = publicEntries(root).filter(({ name }) => name !== 'testing/suites');
const programs = [
  { name: '(empty process)', program: '' },
  ...entries.map(({ name, subpath }) => ({
    name: `pipewright${subpath.slice(1)}`,
    program: `await import(${JSON.stringify(pathToFileURL(join(root, `dist/${name}.js`)).href)})`,
  })),
];
const rounds = Array.from({ length: Number(process.argv[2] ?? 20) }, () =>
  programs.map(({ program }) => lifeOf(program)),
);
// The quickest life: whatever else runs on the machine only ever adds.
const msOf = (index: number): number => Math.min(...rounds.map((round) => round[index] ?? Number.NaN));
console.log(`Node ${process.version}, the quickest of ${rounds.length} fresh processes`);
console.table(
  programs.map(({ name }, index) => ({
    entry: name,
    'life ms': msOf(index).toFixed(1),
    'over empty ms': (msOf(index) - msOf(0)).toFixed(1),
  })),
);
const rootMs = msOf(1) - msOf(0);
console.log(
  `${rootMs <= maxRootMs ? 'met   ' : 'MISSED'} pipewright: ${rootMs.toFixed(1)} ms over an empty process, at most ${maxRootMs} ms`,
);
