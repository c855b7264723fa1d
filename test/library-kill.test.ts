import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seededRandom } from 'pipewright';
import { openLibrary } from 'pipewright/rag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killedChild } from './killed-child.js';

const child = fileURLToPath(new URL('children/ingest-until-killed.ts', import.meta.url));
const kills = 20;
const files = 40;
const sectionsPerFile = 40;

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pipewright-kill-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A file of many sections; each names its file, its number and its edition, so that a search can tell them apart. */
const textOf = (file: number, edition: number): string =>
  Array.from(
    { length: sectionsPerFile },
    (_, section) =>
      `## Section ${section}\n\nMarker file${file}x section${section}x edition${edition}x.\n\n${`Padding of file ${file} number ${section}. `.repeat(12)}\n`,
  ).join('\n');

const writeFolder = async (folder: string, edition: number): Promise<void> => {
  await mkdir(folder, { recursive: true });
  for (let file = 0; file < files; file++) await writeFile(join(folder, `${file}.md`), textOf(file, edition));
};

type Acknowledged = readonly (readonly [source: string, hash: string])[];

/** Starts an ingest and kills it `afterMs` after it has opened; resolves to the last acknowledgement that got out. */
const killDuringIngest = async (index: string, folder: string, afterMs: number): Promise<Acknowledged> =>
  JSON.parse((await killedChild(['--import', 'tsx', child, index, folder], { afterMs })).at(-1) ?? '[]');

describe('a library whose ingest is killed', () => {
  it(`opens again after each of ${kills} kills, keeps what was acknowledged, and finds nothing twice`, async () => {
    const random = seededRandom(7);
    const index = join(root, 'index');
    const folder = join(root, 'folder');
    let interrupted = 0;
    for (let round = 0; round < kills; round++) {
      // Every second round brings a new edition of every file, so that kills hit first writes and replacements alike.
      if (round % 2 === 0) await writeFolder(folder, round);
      const acknowledged = await killDuringIngest(index, folder, Math.floor(random() * 400));
      if (acknowledged.length < files) interrupted += 1;
      await using library = await openLibrary({ path: index });
      const now = new Map(library.sources().map((record) => [record.source, record]));
      for (const [source] of acknowledged) expect(now.has(source), `${source} after kill ${round}`).toBe(true);
      const passages = [...now.values()].flatMap(({ ids }) => ids);
      expect(new Set(passages).size).toBe(passages.length);
      expect((await library.stats()).passages).toBe(passages.length);
      for (const record of [...now.values()].slice(0, 3)) await findsOnce(library, record.source);
    }
    expect(interrupted).toBeGreaterThan(0);
    await using library = await openLibrary({ path: index });
    await library.ingest(folder);
    expect(library.sources().length).toBe(files);
  }, 240_000);
});

/** Some section of the file is found, and no text of it is found twice. */
const findsOnce = async (library: Awaited<ReturnType<typeof openLibrary>>, source: string): Promise<void> => {
  const file = source.match(/(\d+)\.md$/)?.[1];
  const hits = await library.retriever({ text: `file${file}x section7x`, k: 20 });
  const own = hits.filter((hit) => hit.source === source).map((hit) => hit.text);
  expect(own.length).toBeGreaterThan(0);
  expect(new Set(own).size).toBe(own.length);
};
