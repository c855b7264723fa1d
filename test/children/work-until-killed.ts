import { appendFileSync } from 'node:fs';
import { createRun, isPipewrightError, map, pipe, type Run, sleep } from '../../src/core/index.js';
import { append, checkpointed, durable, once, stateGraph, stateType } from '../../src/flow/index.js';
import { diskStore } from '../../src/store/index.js';

/**
 * Goes on with one durable run and one thread of a graph in a folder. Each effect leaves a line in a file, and is printed once the step
 * behind it has begun: then its result is kept.
 */
const [, , path = '', effects = ''] = process.argv;
const store = await diskStore(path);
const run = createRun();

const effect = async (name: string, within: Run): Promise<string> => {
  await sleep(10, within);
  appendFileSync(effects, `${name}\n`);
  return name;
};
const tell = (name: string): string => {
  process.stdout.write(`${name}\n`);
  return name;
};

const work = durable(
  pipe(map(pipe(once('effect', effect), tell), { concurrency: 3 }), (names) => names.length),
  {
    name: 'work',
    store,
    leaseMs: 60,
  },
);
const graph = stateGraph({
  state: stateType<{ readonly done: readonly string[] }>(),
  reducers: { done: append<string> },
  nodes: {
    left: async ({ done }, within) => ({ done: [await effect(`left ${done.length}`, within)] }),
    right: async ({ done }, within) => ({ done: [await effect(`right ${done.length}`, within)] }),
    told: ({ done }) => {
      for (const name of done.slice(-2)) tell(name);
      return {};
    },
  },
  start: ['left', 'right'],
  edges: { left: 'told', right: 'told', told: ({ done }) => (done.length < 16 ? ['left', 'right'] : 'end') },
});
const threads = checkpointed(graph, { name: 'threads', store });

const worked = async (): Promise<number> => {
  for (;;) {
    try {
      return await work({ id: 'a', input: Array.from({ length: 24 }, (_, at) => `item ${at}`) }, run);
    } catch (error) {
      // The lease of the process before has to run out.
      if (!isPipewrightError(error) || error.code !== 'store-locked') throw error;
      await sleep(20, run);
    }
  }
};
const walked = (await threads.get('a')) === undefined ? threads.start('a', { done: [] }) : threads.resume('a');
const [count, { state }] = await Promise.all([worked(), walked]);
process.stdout.write(`end ${count} ${state.done.length}\n`);
await store.close();
