// Kills a process that writes to a vector collection at random moments, and looks at what is there after each kill.
// Run: npm run bench -- vector-kills [kills]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killWriters } from '../test/vector-kills.js';

const kills = Number(process.argv[2] ?? 1_000);
const root = await mkdtemp(join(tmpdir(), 'pipewright-vector-kills-'));
const start = performance.now();
const under = await killWriters(join(root, 'vectors'), { kills, seed: 11 });
const seconds = ((performance.now() - start) / 1_000).toFixed(0);
console.log(`${kills} kills, ${under} of them in the middle of a round: nothing lost, nothing twice (${seconds} s)`);
await rm(root, { recursive: true });
