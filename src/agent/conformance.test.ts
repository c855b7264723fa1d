import type { ScriptAction, ScriptTurn } from '../testing/index.js';
import { type AgentSuite, describeAgent } from '../testing/suites/index.js';
import {
  agent,
  autonomousAgent,
  planAgent,
  reactAgent,
  reflectiveAgent,
  sourceAgent,
  strategistAgent,
  verifiedPlanAgent,
} from './index.js';

const direct: AgentSuite['turns'] = (acting, end) => [acting, end];

describeAgent('agent', { make: (model, parts) => agent(model, parts), turns: direct });

describeAgent('sourceAgent', {
  make: (model, parts) => sourceAgent(model, parts),
  turns: direct,
  task: 'Take a note: what must be written down.',
});

/** The calls of a turn as a model writes them that only writes text. */
const asText = (acting: ScriptTurn): ScriptTurn => {
  if (typeof acting !== 'object') return acting;
  const pieces = new Map<string, { name: string; text: string }>();
  const others: ScriptAction[] = [];
  for (const action of acting) {
    if (action.type === 'tool-call-delta') {
      const key = String(action.key);
      const { name, text } = pieces.get(key) ?? { name: '', text: '' };
      pieces.set(key, { name: name + (action.name ?? ''), text: text + (action.text ?? '') });
    } else if (action.type === 'finish') {
      others.push({ type: 'finish', reason: action.reason === 'tool-call' ? 'stop' : action.reason });
    } else others.push(action);
  }
  const calls = [...pieces.values()].map(({ name, text }) => `Action: ${name}\nAction Input: ${text}`);
  return [{ type: 'text-delta', text: `Thought: I write it down.\n${calls.join('\n')}` }, ...others];
};
describeAgent('reactAgent', {
  make: (model, parts) => reactAgent(model, parts),
  turns: (acting, end) => [asText(acting), `Thought: It is done.\nFinal Answer: ${end}`],
});

const critique = JSON.stringify({
  scores: ['correct', 'complete', 'clear'].map((criterion) => ({ criterion, reason: 'It is.', score: 10 })),
});
describeAgent('reflectiveAgent', {
  make: (model, { onState, ...parts }) =>
    reflectiveAgent(agent(model, parts), { critic: model, ...(onState === undefined ? {} : { onState }) }),
  turns: (acting, end) => [acting, end, critique],
});

const toolPlan = JSON.stringify({
  analysis: 'A note is wanted.',
  steps: [{ tool: 'note', why: 'It writes.', expect: 'A note.', fallbacks: [] }],
});
describeAgent('strategistAgent', {
  make: (model, parts) => strategistAgent(model, parts),
  turns: (acting, end) => [toolPlan, acting, end],
});

const task = { id: 'write', description: 'Write it down.', dependsOn: [] };
describeAgent('planAgent', {
  make: (model, parts) => planAgent(model, { ...parts, onFailure: 'abort', limits: { concurrency: 1 } }),
  turns: (acting, end) => [JSON.stringify({ tasks: [task] }), acting, 'It is written.', end],
});

const phase = { name: 'all', tasks: [{ ...task, criteria: ['It is written.'], contingencies: [] }] };
const met = '{"checks": [{"criterion": 1, "evidence": "Noted.", "isMet": true}]}';
describeAgent('verifiedPlanAgent', {
  make: (model, parts) => verifiedPlanAgent(model, { ...parts, onFailure: 'abort', limits: { concurrency: 1 } }),
  turns: (acting, end) => [JSON.stringify({ phases: [phase] }), acting, 'It is written.', met, end],
});

describeAgent('autonomousAgent', {
  make: (model, { onState, ...parts }) =>
    autonomousAgent(agent(model, parts), { planner: false, ...(onState === undefined ? {} : { onState }) }),
  turns: direct,
});
