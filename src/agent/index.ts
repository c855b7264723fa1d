export { agent, type AgentOptions } from './agent.js';
export type { Agent, AgentInput, AgentResult, AgentState, AgentStep, AgentTask, StopReason } from './types.js';
