export { agent, type AgentOptions } from './agent.js';
export {
  type AgentContext,
  type AgentKind,
  type AgentReading,
  type AgentSettings,
  defineAgent,
  workOn,
  type WorkOnOptions,
} from './define-agent.js';
export { type DelegatedState, type Delegation, delegationKey } from './delegation.js';
export type {
  Agent,
  AgentEnd,
  AgentInput,
  AgentResult,
  AgentState,
  AgentStep,
  AgentTask,
  StopReason,
} from './types.js';
export { type SourceAgentOptions, type SourceAgentReading, sourceAgent } from './sources/source-agent.js';
export {
  type AnswerSource,
  modelSourceChoice,
  type SourceChoice,
  type SourceChoiceOptions,
  sourceChoice,
} from './sources/source-choice.js';
