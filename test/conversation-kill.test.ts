import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seededRandom } from 'pipewright';
import { type Conversations, conversations } from 'pipewright/conversation';
import { diskStore } from 'pipewright/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allOf } from '../src/testing/suites/conversations.js';
import { killedChild } from './killed-child.js';

const child = fileURLToPath(new URL('children/converse-until-killed.ts', import.meta.url));
const kills = 6;

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pipewright-talk-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Lets the child talk from a turn on, kills it some time after its first turn, and resolves to the last turn that it told. */
const talkAndKill = async (path: string, from: number, afterMs: number): Promise<number> =>
  Number((await killedChild(['--import', 'tsx', child, path, String(from)], { afterMs })).at(-1) ?? -1);

const turnsOf = async (all: Conversations, id: string): Promise<readonly string[]> => {
  const texts = (await allOf(all.entries(id))).map(({ message }) => String(message.content));
  // A turn is there whole or not at all.
  expect(texts.filter((text) => text.startsWith('question')).length * 2).toBe(texts.length);
  return texts.filter((text) => text.startsWith('answer')).map((text) => text.slice('answer '.length));
};

describe('conversations whose process is killed', () => {
  it(`keep what was acknowledged and find it, after each of ${kills} kills`, async () => {
    const random = seededRandom(11);
    const path = join(root, 'store');
    let next = 0;
    for (let kill = 0; kill < kills; kill++) {
      const last = await talkAndKill(path, next, Math.floor(random() * 250));
      expect(last).toBeGreaterThanOrEqual(next);
      await using store = await diskStore(path);
      await using all = conversations({ store });
      const kept = new Set<string>();
      for (const id of ['c0', 'c1', 'c2']) {
        if ((await all.get(id)) === undefined) continue;
        for (const turn of await turnsOf(all, id)) kept.add(turn);
      }
      for (let turn = 0; turn <= last; turn++) expect(kept, `after kill ${kill}`).toContain(`turn${turn}x`);
      // At most one turn was under way.
      expect(kept.size).toBeLessThanOrEqual(last + 2);
      for (const turn of [0, next, last]) {
        const hits = await all.search(`turn${turn}x`);
        expect(new Set(hits.map(({ message }) => message.role))).toEqual(new Set(['user', 'assistant']));
        expect(hits).toHaveLength(2);
      }
      const { messages } = await all.statistics();
      expect(messages).toBe(kept.size * 2);
      next = kept.size;
    }
  }, 120_000);
});
