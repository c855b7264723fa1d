import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publicEntries } from '../../scripts/entries.js';
import { isBuilt } from '../../scripts/setup.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** What an entry may cost: kilobytes of our own code, and the packages that come with it. */
interface EntryBudget {
  readonly maxKb: number;
  readonly packages: readonly string[];
}
const budgets: Readonly<Record<string, EntryBudget>> = JSON.parse(readFileSync(here('budgets.json'), 'utf8'));

/** The suites for implementers need a running vitest. */
const entries = publicEntries(root).filter(({ name }) => name !== 'testing/suites');

let folder = '';
beforeAll(() => {
  if (!isBuilt()) throw new Error('dist is older than the sources. Run `npm test`, or `npm run build` first.');
  // A user's folder: the package stands in its node_modules.
  folder = mkdtempSync(join(tmpdir(), 'pipewright-user-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/pipewright'), 'junction');
  for (const name of ['consumer.mjs', 'consumer.cjs', 'loaded.mjs']) copyFileSync(here(name), join(folder, name));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const node = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [...args], { cwd: folder })).stdout;

const packageOf = (path: string): string | undefined => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];

/** The files that importing an entry loads in a fresh process. */
const filesLoadedBy = async (subpath: string): Promise<readonly string[]> => {
  const urls: readonly string[] = JSON.parse(await node('loaded.mjs', `pipewright${subpath.slice(1)}`));
  return urls.map((url) => (url.startsWith('file:') ? fileURLToPath(url) : url));
};

describe('the built package', () => {
  it('works for programs that import it', async () => {
    expect(await node('consumer.mjs')).toBe(`ESM: ${entries.length} entries\n`);
  });

  it('works for programs that require it', async () => {
    expect(await node('consumer.cjs')).toBe(`CommonJS: ${entries.length} entries\n`);
  });

  it('has one core, whichever entry brings it in, and through a second format errors are still known', async () => {
    const program = `
      const root = await import('pipewright');
      const testing = await import('pipewright/testing');
      const { createRequire } = await import('node:module');
      const required = createRequire(process.cwd() + '/x.js')('pipewright');
      const error = await testing.scripted([])('hi').then(() => undefined, (failure) => failure);
      console.log(error instanceof root.PipewrightError, required.isPipewrightError(error), error instanceof required.PipewrightError);`;
    expect(await node('--input-type=module', '--eval', program)).toBe('true true false\n');
  });
});

describe.each(entries)('Q09 importing $name', ({ name, subpath }) => {
  it('loads only the packages and the amount of code that its budget names', async () => {
    const budget = budgets[name];
    if (budget === undefined) throw new Error(`Give ${name} a budget in test/package/budgets.json.`);
    const files = await filesLoadedBy(subpath);
    const own = files.filter((path) => path.startsWith(dist));
    const packages = new Set(files.filter((path) => !path.startsWith(dist)).map(packageOf));
    expect(own.length).toBeGreaterThan(0);
    expect([...packages].filter((loaded) => loaded === undefined || !budget.packages.includes(loaded))).toEqual([]);
    expect(own.reduce((bytes, path) => bytes + statSync(path).size, 0) / 1024).toBeLessThan(budget.maxKb);
  });
});
