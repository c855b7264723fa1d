export type { Checkpoint, HeldPause, HeldUpdate, Arrival, Waiting } from './checkpoint.js';
export {
  durable,
  type Durable,
  type DurableInput,
  type DurableOptions,
  type ResumedRun,
  type UnfinishedRun,
} from './durable.js';
export type {
  Answers,
  Choice,
  Edge,
  GraphDefinition,
  GraphNode,
  GraphResult,
  GraphStatus,
  StateGraph,
  StateSchema,
  Target,
} from './graph-types.js';
export { idempotencyKey } from './journal.js';
export { nested, type NestedOptions } from './nested.js';
export { once, type OnceOptions } from './once.js';
export { answerIn, type Pause, pause } from './pause.js';
export { append, stateType } from './reducers.js';
export { stateGraph } from './state-graph.js';
export {
  checkpointed,
  type CheckpointedGraph,
  type CheckpointedOptions,
  type ForkOptions,
  type Snapshot,
} from './checkpointed.js';
export type { ThreadStatus } from './thread-store.js';
