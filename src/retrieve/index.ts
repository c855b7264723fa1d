export { condense, type ConversationQuestion } from './condense.js';
export { hybrid, type HybridOptions } from './hybrid.js';
export { type HopQuestion, multiHop, type MultiHopOptions } from './multi-hop.js';
export { planQuery, type PlanQueryOptions } from './plan-query.js';
export { planLevels, type PlanPart, type QueryPlan } from './query-plan.js';
export { retriever, type RetrieverOptions, type SearchQuery } from './retriever.js';
export { type PlannedQuestion, type PlanResult, runPlan, type RunPlanOptions } from './run-plan.js';
