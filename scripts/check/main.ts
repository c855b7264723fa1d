// npm run check: every rule that has a script. `npm run check -- layers sizes` runs only those.
import { existsSync, readFileSync } from 'node:fs';
import { publicEntries } from '../entries.js';
import { apiPath, checkApi, publicNames } from './api.js';
import { runNode } from './command.js';
import { checkExports } from './exports.js';
import { checkKernel } from './kernel.js';
import { checkLayers } from './layers.js';
import { checkLinks } from './links.js';
import { checkPackage } from './package.js';
import { checkSizes } from './sizes.js';
import { type Problem, readSources } from './source.js';
import { checkStyle } from './style.js';
import { checkThirdParty } from './third-party.js';

const root = process.cwd();
const entries = publicEntries(root);
const library = readSources(root, ['src'], ['.ts']);
const tools = readSources(root, ['scripts', 'bench', 'examples', 'test'], ['.ts']);
const pages = readSources(root, [''], ['.md']);
const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

/** A program of its own whose exit code is the verdict. */
const byCommand = async (path: string, args: readonly string[]): Promise<readonly Problem[]> => {
  const { code, output } = await runNode(root, args);
  return code === 0 ? [] : [{ path, message: `\n${output}` }];
};

type Check = () => readonly Problem[] | Promise<readonly Problem[]>;

/** The slow ones are programs of their own; they start first, so that the others run beside them. */
const checks: Readonly<Record<string, Check>> = {
  types: () => byCommand('tsconfig.json', ['node_modules/typescript/bin/tsc', '--noEmit', '-p', '.']),
  package: () => checkPackage(root),
  lint: () =>
    byCommand('biome.json', [
      'node_modules/@biomejs/biome/bin/biome',
      'check',
      '--error-on-warnings',
      '--diagnostic-level=warn',
      '.',
    ]),
  layers: () => checkLayers(library, readJson('scripts/layers.json')),
  'third-party': () => checkThirdParty(library, readJson('scripts/third-party.json')),
  sizes: () => checkSizes([...library, ...tools]),
  style: () => checkStyle(library),
  exports: () => checkExports(root, entries),
  kernel: () => checkKernel(root),
  links: () => checkLinks(root, pages),
  api: () => checkApi(existsSync(apiPath) ? readFileSync(apiPath, 'utf8') : '', publicNames(root, entries)),
};

const report = (problems: readonly Problem[]): void => {
  for (const { path, line, message } of problems)
    console.error(`  ${path}${line === undefined ? '' : `:${line}`} ${message}`);
};

/** A check that cannot do its work has failed too. */
const verdictOf = async (check: Check): Promise<readonly Problem[]> => {
  try {
    return await check();
  } catch (error) {
    return [{ path: '.', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }];
  }
};

const runCheck = async (name: string, check: Check): Promise<boolean> => {
  const started = performance.now();
  const problems = await verdictOf(check);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(12)} ${seconds.padStart(5)} s`);
  report(problems);
  return problems.length === 0;
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(checks, name));
if (unknown.length > 0) {
  console.error(`There is no check ${unknown.join(', ')}. There are: ${Object.keys(checks).join(', ')}.`);
  process.exit(2);
}
const chosen = Object.entries(checks).filter(([name]) => wanted.length === 0 || wanted.includes(name));
const outcomes = await Promise.all(chosen.map(([name, check]) => runCheck(name, check)));
const failed = outcomes.filter((isGood) => !isGood).length;
console.log(failed === 0 ? `All ${outcomes.length} checks passed.` : `${failed} of ${outcomes.length} checks failed.`);
process.exitCode = failed === 0 ? 0 : 1;
