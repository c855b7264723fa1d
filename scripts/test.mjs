// npm test: sets up what is missing, then all tests. `npm test -- src/core` runs those below a folder.
import { ensureBuilt, ensureInstalled, handOver, requireNode } from './setup.mjs';

requireNode();
await ensureInstalled();
await ensureBuilt();
handOver(['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]);
