import { explain } from 'pipewright';
import {
  agent,
  autonomousAgent,
  planAgent,
  reactAgent,
  reflectiveAgent,
  sourceAgent,
  strategistAgent,
  verifiedPlanAgent,
} from 'pipewright/agent';
import { consensus, coordinator, debate, debateJudge, handoffs, supervisor, teamMember } from 'pipewright/team';
import { scripted } from 'pipewright/testing';
import { describe, expect, it } from 'vitest';

const model = scripted([]);
const worker = agent(model);
const members = [teamMember(worker, { name: 'ann' })];
const sides = [
  { name: 'yes', agent: worker },
  { name: 'no', agent: worker },
];

describe('explain', () => {
  it.each([
    [worker, 'up to 20 calls of the model'],
    [reactAgent(model), 'thinks, acts and observes in text'],
    [planAgent(model), 'up to 12 tasks, does up to 4 at once, each up to 2 times'],
    [verifiedPlanAgent(model), 'checks every result against them'],
    [reflectiveAgent(model), 'up to 3 drafts'],
    [strategistAgent(model), 'plans which of 0 tools to use'],
    [autonomousAgent(worker, { planner: false }), 'up to 2 attempts'],
    [sourceAgent(model), 'decides where the answer is to come from'],
    [handoffs({ a: { model, description: '' }, b: { model, description: '' } }), 'changes hands up to 5 times'],
    [supervisor(model, members), 'starts failing members again up to 3 times'],
    [coordinator(model, members), 'one of 1 member by skill and load'],
    [debate(sides, debateJudge(model)), '2 sides argue'],
    [consensus(sides), '2 members take positions'],
  ] as const)('says in words what %o does', (step, words) => {
    const { text, maxModelCalls } = explain(step);
    expect(text.split('\n')[0]).toContain(words);
    expect(maxModelCalls).toBeGreaterThan(0);
  });
});
