// npm run check: sets up what is missing, then every rule that has a script. `npm run check -- layers sizes` runs only those.
import { ensureInstalled, handOver, requireNode } from './setup.mjs';

requireNode();
await ensureInstalled();
handOver(['node_modules/tsx/dist/cli.mjs', 'scripts/check/main.ts', ...process.argv.slice(2)]);
