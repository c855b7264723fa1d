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
export { failureChooser, type FailureChoice, type TaskFailure } from './plan/on-failure.js';
export { planAgent, type PlanAgentOptions, type PlanWorker } from './plan/plan-agent.js';
export { planReport } from './plan/board.js';
export { rewindPlan } from './plan/rewind-plan.js';
export type { CriterionCheck, PlanLimits, PlanReport, PlanTask, TaskReport, TaskStatus } from './plan/types.js';
export { verifiedPlanAgent, type VerifiedPlanAgentOptions } from './plan/verified-plan-agent.js';
export { resultVerifier, type VerifierInput } from './plan/verifier.js';
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
export {
  type Critic,
  type Criterion,
  type CriterionScore,
  type Critique,
  rubricCritic,
} from './kinds/critic.js';
export { type Reacted, reactAgent, type ReactAgentOptions, type ReactTurn } from './kinds/react-agent.js';
export {
  type Draft,
  type Reflected,
  reflectiveAgent,
  type ReflectiveAgentOptions,
} from './kinds/reflective-agent.js';
export {
  type Adaptation,
  type Strategy,
  strategistAgent,
  type StrategistAgentOptions,
} from './kinds/strategist-agent.js';
export type { PlannedTool, ToolPlan } from './kinds/tool-plan.js';
export type { ToolReport } from './kinds/tool-watch.js';
export {
  type Autonomous,
  autonomousAgent,
  type AutonomousAgent,
  type AutonomousAgentOptions,
} from './kinds/autonomous-agent.js';
export {
  type Mission,
  type MissionFailure,
  type MissionPhase,
  missionTransitions,
  type MissionTransition,
} from './kinds/mission.js';
export type { MissionSummary } from './kinds/mission-record.js';
export type { MissionLimits } from './kinds/pursue.js';
export type { Recovery } from './kinds/recovery.js';
export type { MissionGoal, MissionResume, MissionStatus, Supervisor } from './kinds/supervise.js';
