export { analyst, type Analysis, writer } from './analyst.js';
export { agentTool, type AgentToolOptions, type DelegatedAnswer } from './agent-tool.js';
export type { AttemptLimits } from './attempt.js';
export { type Colleague, joinTeam, type JoinTeamOptions } from './colleague.js';
export type { Awarded } from './contract-net.js';
export { coordinator, type CoordinatorOptions, type CoordinatorReport } from './coordinator.js';
export { type CheckedFact, type FactCheck, factChecker } from './fact-checker.js';
export { handoffs, type HandoffMember, type HandoffsOptions, type HandoffsReport } from './handoffs.js';
export { type Match, matchMembers, type MatchOptions, type TaskNeeds } from './match.js';
export {
  type Assignment,
  type MemberProfile,
  type MemberReply,
  type OnProgress,
  type Profiled,
  type SharedResult,
  type TeamMember,
  teamMember,
  type TeamMemberOptions,
} from './member.js';
export {
  type NegotiateOptions,
  type Negotiation,
  type NegotiationTurn,
  type Negotiator,
  negotiator,
  type Offer,
  type OfferAnswer,
} from './negotiate.js';
export type { Note } from './notes.js';
export type { QuotedSource } from './quotes.js';
export { type Finding, type Research, researcher, type ResearcherOptions } from './researcher.js';
export type { Specialist, SpecialistOptions } from './specialist.js';
export { type RestartOptions, supervisor, type SupervisorOptions } from './supervisor.js';
export { type Attempt, type MemberFigures, reportTable, teamReport, type TeamReport } from './team-report.js';
export { teamTools } from './team-tools.js';
export { type Transfer, withoutToolCalls } from './transfer.js';
export { consensus, type ConsensusMember, type ConsensusOptions } from './debate/consensus.js';
export type {
  Absence,
  ConsensusReport,
  MemberPosition,
  NegotiationEnd,
  Reached,
} from './debate/consensus-report.js';
export { debate, type DebateOptions, type DebateSide } from './debate/debate.js';
export {
  type BriefSide,
  type BriefStatement,
  type DebateBrief,
  type DebateJudge,
  debateJudge,
  type DebateScore,
  type Judgement,
} from './debate/debate-judge.js';
export type { DebateAbsence, DebateReport, DebateTurn, DebateVerdict } from './debate/debate-report.js';
export type { Position } from './debate/position.js';
export type { MarkedClaim, Statement } from './debate/statement.js';
export {
  borda,
  type ChoiceVotes,
  instantRunoff,
  majority,
  type RankedBallot,
  supermajority,
  unanimity,
  type VoteResult,
  type VoteRule,
} from './debate/vote-rules.js';
export type { Bid } from './wire.js';
