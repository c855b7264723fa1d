import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { killWriters } from './vector-kills.js';

it('a vector collection keeps what was acknowledged, has nothing twice and answers the same after each of 30 kills', async () => {
  const root = await mkdtemp(join(tmpdir(), 'pipewright-vector-kills-'));
  // So many of the kills came in the middle of a round.
  expect(await killWriters(join(root, 'vectors'), { kills: 30, seed: 3 })).toBeGreaterThan(0);
  await rm(root, { recursive: true });
}, 120_000);
