// npm run bench -- <name> [arguments]: builds, installs the peers where the bench needs them, and runs bench/<name>.ts.
import { existsSync, readdirSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, ensurePeers, handOver, requireNode, root } from './setup.mjs';

/** These measure peers too, which stand in bench/package.json. */
const withPeers = new Set(['agents', 'core', 'flow', 'keywords', 'prompt', 'stream', 'text', 'vectors']);

const [name = '', ...args] = process.argv.slice(2);
if (!existsSync(join(root, `bench/${name}.ts`))) {
  const names = readdirSync(join(root, 'bench')).filter((file) => file.endsWith('.ts'));
  console.error(`There is no bench "${name}". There are: ${names.map((file) => file.slice(0, -3)).join(', ')}.`);
  process.exit(2);
}
requireNode();
await ensureInstalled();
await ensureBuilt();
if (withPeers.has(name)) await ensurePeers();
// Its peers hold 100,000 vectors as arrays of numbers: several gigabytes of heap.
const heap = name === 'vectors' ? [`--max-old-space-size=${Math.floor((totalmem() / 1e6) * 0.6)}`] : [];
handOver([...heap, '--import', 'tsx', `bench/${name}.ts`, ...args]);
