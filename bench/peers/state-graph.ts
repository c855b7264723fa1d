import { Annotation, END, MemorySaver, START, StateGraph } from '@langchain/langgraph';
import { type FlowContender, names, type RunFlow } from '../lib/flow-contender.js';

const State = Annotation.Root({
  sum: Annotation<number>({ reducer: (a, b) => a + b, default: () => 0 }),
  log: Annotation<readonly string[]>({ reducer: (a, b) => [...a, ...b], default: () => [] }),
});

/** The names of nodes come from a list here, which its builder has no type for. */
interface Builder {
  addNode(name: string, node: () => Promise<object>): Builder;
  addEdge(from: string | string[], to: string): Builder;
  compile(options: object): { invoke(input: object, config?: object): Promise<{ readonly sum: number }> };
}

const build = (edges: (builder: Builder) => void, hasCheckpoints: boolean): RunFlow => {
  const builder = new StateGraph(State) as unknown as Builder;
  for (const name of names) builder.addNode(name, async () => ({ sum: 1, log: [name] }));
  edges(builder);
  if (!hasCheckpoints) {
    const graph = builder.compile({});
    return async () => (await graph.invoke({ sum: 0 })).sum;
  }
  const checkpointer = new MemorySaver();
  const graph = builder.compile({ checkpointer });
  let thread = 0;
  return async () => {
    const id = `t${thread++}`;
    const { sum } = await graph.invoke({ sum: 0 }, { configurable: { thread_id: id } });
    // What has piled up is none of the next call.
    await checkpointer.deleteThread(id);
    return sum;
  };
};

const chain = (builder: Builder): void => {
  builder.addEdge(START, 'n0');
  names.slice(1).forEach((name, at) => void builder.addEdge(`n${at}`, name));
  builder.addEdge('n9', END);
};

const fan = (builder: Builder): void => {
  builder.addEdge(START, 'n0');
  const middle = names.slice(1, -1);
  for (const name of middle) builder.addEdge('n0', name);
  builder.addEdge(middle, 'n9');
  builder.addEdge('n9', END);
};

export const langgraph: FlowContender = {
  name: 'LangGraph',
  jobs: {
    'chain of 10 nodes': build(chain, false),
    'chain of 10 nodes, checkpoints in memory': build(chain, true),
    '10 nodes, 8 of them side by side': build(fan, false),
    '10 nodes, 8 of them side by side, checkpoints in memory': build(fan, true),
  },
};
