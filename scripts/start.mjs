// npm start: sets up what is missing, then the main job. `npm start -- "question"`, `npm start -- ./folder "question"`.
import { ensureBuilt, ensureInstalled, handOver, requireNode } from './setup.mjs';

requireNode();
await ensureInstalled();
await ensureBuilt();
handOver(['dist/cli/main.js', 'demo', ...process.argv.slice(2)]);
