// Reads a streamed reply and tells what it took: run under a small heap by test/requirements/memory.test.ts.
import { Session } from 'node:inspector/promises';
import { createRun } from '../../src/core/index.js';
import { chatApis } from '../requirements/providers.js';

interface Sampled {
  readonly selfSize: number;
  readonly children: readonly Sampled[];
}

const sizeOf = ({ selfSize, children }: Sampled): number =>
  children.reduce((sum, child) => sum + sizeOf(child), selfSize);

const [name, ...urls] = process.argv.slice(2);
const api = chatApis.find((candidate) => candidate.name === name);
if (api === undefined) throw new Error(`No API ${name}.`);

const session = new Session();
session.connect();
const results: object[] = [];
for (const url of urls) {
  let shown = 0;
  const run = createRun({
    on: (event) => {
      if (event.type === 'text-delta') shown += event.text.length;
    },
  });
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: 65_536,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  const { text } = await api.model(url)('Hi', run);
  const { profile } = await session.post('HeapProfiler.stopSampling');
  results.push({ shown, length: text.length, allocatedBytes: sizeOf(profile.head) });
}
process.stdout.write(JSON.stringify(results));
