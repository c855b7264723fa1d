/**
 * State graphs beside LangGraph's: `npm run bench -- flow [rounds]`. Both are called in turns in one process, on the built package; what
 * counts is the ratio of a round, and the median of those.
 */
import type { GraphDefinition } from 'pipewright/flow';
import { type FlowContender, flowJobs, type FlowState, names, nodeCount, type RunFlow } from './lib/flow-contender.js';
import { median } from './lib/report.js';

/** The built package, as users get it: the sources would run with what tsx adds to every function. */
const built = (entry: string): string => new URL(`../dist/${entry}.js`, import.meta.url).href;
const { append, checkpointed, stateGraph, stateType }: typeof import('pipewright/flow') = await import(built('flow'));
const { memoryStore }: typeof import('pipewright/store') = await import(built('store'));

const build = (edges: Readonly<Record<string, string | readonly string[]>>, hasCheckpoints: boolean): RunFlow => {
  const graph = stateGraph<FlowState, FlowState, string>({
    state: stateType<FlowState>(),
    reducers: { sum: (before, more) => before + more, log: append },
    nodes: Object.fromEntries(names.map((name) => [name, async () => ({ sum: 1, log: [name] })])),
    start: 'n0',
    edges,
    joins: edges.n1 === 'n9' ? { n9: names.slice(1, -1) } : {},
  } as GraphDefinition<FlowState, FlowState, string>);
  const input: FlowState = { sum: 0, log: [] };
  if (!hasCheckpoints) return async () => (await graph(input)).state.sum;
  const kept = checkpointed(graph, { name: 'bench', store: memoryStore() });
  let thread = 0;
  return async () => {
    const id = `t${thread++}`;
    const { state } = await kept.start(id, input);
    // What has piled up is none of the next call.
    await kept.delete(id);
    return state.sum;
  };
};

const chain = Object.fromEntries(names.map((name, at) => [name, names[at + 1] ?? 'end']));
const fan = Object.fromEntries(
  names.map((name, at) => [name, at === 0 ? names.slice(1, -1) : at === nodeCount - 1 ? 'end' : 'n9']),
);

const own: FlowContender = {
  name: 'pipewright',
  jobs: {
    'chain of 10 nodes': build(chain, false),
    'chain of 10 nodes, checkpoints in memory': build(chain, true),
    '10 nodes, 8 of them side by side': build(fan, false),
    '10 nodes, 8 of them side by side, checkpoints in memory': build(fan, true),
  },
};

/** Named at run time, because the peers may not be installed. */
const peers = './peers/state-graph.js';
const { langgraph }: { readonly langgraph: FlowContender } = await import(peers);

/** Microseconds a node over at least `budgetMs`. */
const time = async (run: RunFlow, budgetMs: number): Promise<number> => {
  const start = performance.now();
  let calls = 0;
  do {
    // Guards against measuring something that did not do the job.
    if ((await run()) !== nodeCount) throw new Error('A node did not run.');
    calls += 1;
  } while (performance.now() - start < budgetMs);
  return ((performance.now() - start) * 1_000) / (calls * nodeCount);
};

const rounds = Number(process.argv[2] ?? 7);
console.log(`${'a node of'.padEnd(58)} ${own.name.padStart(12)} ${langgraph.name.padStart(14)}  ratio  target`);
for (const job of flowJobs) {
  const [run, runPeer] = [own.jobs[job], langgraph.jobs[job]];
  await time(run, 300);
  await time(runPeer, 300);
  const pairs: { readonly us: number; readonly peerUs: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    pairs.push({ us: await time(run, 100), peerUs: await time(runPeer, 100) });
  }
  const us = median(pairs.map((pair) => pair.us));
  const peerUs = median(pairs.map((pair) => pair.peerUs));
  const ratio = median(pairs.map((pair) => pair.peerUs / pair.us));
  const target = job.endsWith('memory') ? 10 : 25;
  console.log(
    `${job.padEnd(58)} ${`${us.toFixed(2)} µs`.padStart(12)} ${`${peerUs.toFixed(1)} µs`.padStart(14)}  ${ratio.toFixed(1).padStart(5)}  ≥ ${target}`,
  );
}
process.exit();
