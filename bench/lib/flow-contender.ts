/** What both sides of `bench/flow.ts` do, so that they do the same. */
export const flowJobs = [
  'chain of 10 nodes',
  'chain of 10 nodes, checkpoints in memory',
  '10 nodes, 8 of them side by side',
  '10 nodes, 8 of them side by side, checkpoints in memory',
] as const;
export type FlowJob = (typeof flowJobs)[number];

/** One call of the graph; resolves to the sum of what its nodes have added. */
export type RunFlow = () => Promise<number>;

export interface FlowContender {
  readonly name: string;
  readonly jobs: Readonly<Record<FlowJob, RunFlow>>;
}

export const nodeCount = 10;
export const names: readonly string[] = Array.from({ length: nodeCount }, (_, at) => `n${at}`);

/** The state: a figure that every node raises, and a list that every node makes longer. */
export interface FlowState {
  readonly sum: number;
  readonly log: readonly string[];
}
