import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seededRandom } from 'pipewright';
import { promptLibrary } from 'pipewright/prompt-library';
import { diskStore } from 'pipewright/store';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { killedChild } from './killed-child.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const kills = 4;

/** Saves, labels and records without end, and says what is acknowledged. */
const child = `
import { diskStore } from './src/store/index.ts';
import { promptLibrary } from './src/prompt-library/index.ts';
const [path, from] = process.argv.slice(1);
const library = promptLibrary({ store: await diskStore(path) });
for (let n = Number(from); ; n++) {
  const { version } = await library.save('p', 'text ' + n, { labels: ['live'] });
  await library.record({ name: 'p', version }, { quality: 1 });
  process.stdout.write(version + ' ' + n + '\\n');
}
`;

/** Resolves to the acknowledgements that got out before the kill. */
const killAfter = async (path: string, from: number, afterMs: number) => {
  const args = ['--import', 'tsx', '--input-type=module', '-e', child, path, String(from)];
  const lines = await killedChild(args, { cwd: root, afterMs });
  return lines.map((line) => line.split(' ').map(Number) as [number, number]);
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pipewright-prompts-kill-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it(`keeps every version that was acknowledged through ${kills} kills, and loses no label or record of them`, async () => {
  const random = seededRandom(3);
  const path = join(folder, 'prompts');
  let last = 0;
  for (let round = 0; round < kills; round++) {
    const acknowledged = await killAfter(path, round * 1_000_000, Math.floor(random() * 60));
    expect(acknowledged.length).toBeGreaterThan(0);
    await using store = await diskStore(path);
    const library = promptLibrary({ store });
    for (const [version, n] of acknowledged) {
      expect((await library.get('p', version)).content).toBe(`text ${n}`);
      expect((await library.stats('p', version)).quality?.count).toBe(1);
    }
    const newest = (await library.get('p')).version;
    const [numbers, live] = [await library.versions('p', { limit: newest }), await library.get('p', 'live')];
    expect(numbers.map(({ version }) => version)).toEqual(numbers.map((_, index) => newest - index));
    // The last save may have been cut between its version and its label.
    expect(newest - live.version).toBeLessThanOrEqual(1);
    expect(newest).toBeGreaterThan(last);
    last = newest;
  }
}, 60_000);
