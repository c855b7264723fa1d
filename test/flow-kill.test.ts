import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../src/core/index.js';
import { killedChild } from './killed-child.js';

const child = fileURLToPath(new URL('children/work-until-killed.ts', import.meta.url));

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pipewright-flow-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('flows whose process is killed', () => {
  it('Q25 do nothing again that they had kept, and come to their end', async () => {
    const random = seededRandom(5);
    const effects = join(root, 'effects');
    const told = new Map<string, number>();
    let kills = 0;
    let last = '';
    while (!last.startsWith('end') && kills < 20) {
      const lines = await killedChild(['--import', 'tsx', child, join(root, 'store'), effects], {
        afterMs: 30 + Math.floor(random() * 40),
      });
      const done = (await readFile(effects, 'utf8')).trim().split('\n');
      const countOf = (name: string): number => done.filter((each) => each === name).length;
      // Whatever was told before this process began was kept, and its effect has not been seen again.
      for (const [name, count] of told) expect(countOf(name), name).toBe(count);
      for (const name of lines) if (!name.startsWith('end')) told.set(name, countOf(name));
      last = lines.at(-1) ?? '';
      kills += 1;
    }
    expect(last).toBe('end 24 16');
    expect(kills).toBeGreaterThan(1);
    expect(told.size).toBe(40);
    const all = (await readFile(effects, 'utf8')).trim().split('\n');
    // Each kill found at most three items and two nodes under way.
    expect(all.length).toBeLessThanOrEqual(40 + 5 * kills);
  }, 60_000);
});
