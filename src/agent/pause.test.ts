import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fromJson, toJson } from '../core/index.js';
import { windowMemory } from '../memory/index.js';
import { scripted, type ScriptTurn } from '../testing/index.js';
import { policy, tool, toolbox } from '../tool/index.js';
import { agent, type AgentState } from './index.js';

const calls: ScriptTurn = [
  { type: 'tool-call-delta', key: 'a', id: 'a', name: 'look', text: '{}' },
  { type: 'tool-call-delta', key: 'b', id: 'b', name: 'pay', text: '{"eur": 5}' },
  { type: 'tool-call-delta', key: 'c', id: 'c', name: 'pay', text: '{"eur": 500}' },
  { type: 'finish', reason: 'tool-call' },
];

/** An agent of its own process: nothing but the state goes from one to the next. */
const started = (...turns: readonly ScriptTurn[]) => {
  const done: string[] = [];
  const look = tool({
    name: 'look',
    description: 'Looks.',
    input: z.object({}),
    isReadOnly: true,
    run: () => {
      done.push('look');
      return 'seen';
    },
  });
  const pay = tool({
    name: 'pay',
    description: 'Pays.',
    input: z.object({ eur: z.number() }),
    run: ({ eur }) => {
      done.push(`pay ${eur}`);
      return `paid ${eur}`;
    },
  });
  const rules = policy([{ tool: 'pay', when: ({ eur }) => Number(eur) <= 10, verdict: 'allow' }]);
  const model = scripted(turns);
  return { done, model, box: toolbox([look, pay], { policy: rules }) };
};

const throughJson = (state: AgentState): AgentState =>
  fromJson(JSON.parse(JSON.stringify(toJson(state)))) as AgentState;

describe('an agent whose calls must be approved of', () => {
  it('runs what may run, pauses for the rest, and goes on in another process with the decision', async () => {
    const first = started(calls);
    const paused = await agent(first.model, { tools: first.box })('Pay both.');
    expect(paused.stopReason).toBe('paused');
    expect(first.done).toEqual(['look', 'pay 5']);
    expect(paused.waiting).toMatchObject([{ callId: 'c', tool: 'pay', input: { eur: 500 } }]);

    const second = started('Done.');
    const digest = paused.waiting[0]?.digest ?? '';
    const result = await agent(second.model, { tools: second.box })({
      state: throughJson(paused.state),
      approvals: [{ digest, isApproved: true, by: 'Ann' }],
    });
    expect(result).toMatchObject({ stopReason: 'answered', text: 'Done.', waiting: [] });
    expect(second.done).toEqual(['pay 500']);
    expect(result.steps[0]?.results.map(({ output }) => output)).toEqual(['seen', 'paid 5', 'paid 500']);
    expect(result.state.approvals).toEqual([{ digest, isApproved: true, by: 'Ann' }]);
  });

  it('tells the model that a person refused, and why', async () => {
    const first = started(calls);
    const { waiting, state } = await agent(first.model, { tools: first.box })('Pay both.');
    const second = started('Then not.');
    const approvals = waiting.map(({ digest }) => ({ digest, isApproved: false, note: 'Too much.' }));
    const { text, steps } = await agent(second.model, { tools: second.box })({ state: throughJson(state), approvals });
    expect(text).toBe('Then not.');
    expect(second.done).toEqual([]);
    expect(steps[0]?.results[2]).toMatchObject({ isError: true, output: expect.stringContaining('Too much.') });
  });

  it('stays paused without a decision, or with one about other arguments, and asks no model meanwhile', async () => {
    const first = started(calls);
    const { state } = await agent(first.model, { tools: first.box })('Pay both.');
    for (const approvals of [[], [{ digest: 'of something else', isApproved: true }]]) {
      const again = started();
      const result = await agent(again.model, { tools: again.box })({ state: throughJson(state), approvals });
      expect(result).toMatchObject({ stopReason: 'paused', waiting: [{ callId: 'c' }] });
      expect(again.done).toEqual([]);
      expect(again.model.requests).toHaveLength(0);
    }
  });

  it('tells its memory the whole task once, when it is done', async () => {
    const memory = windowMemory();
    const first = started(calls);
    const paused = await agent(first.model, { tools: first.box, memory })('Pay both.');
    expect((await memory.recall({})).messages).toEqual([]);
    const second = started('Done.', 'Again.');
    const paying = agent(second.model, { tools: second.box, memory });
    const approvals = paused.waiting.map(({ digest }) => ({ digest, isApproved: true }));
    const { state } = await paying({ state: throughJson(paused.state), approvals });
    await paying({ state, messages: [{ role: 'user', content: 'More?' }] });
    const roles = (await memory.recall({})).messages.map(({ role }) => role);
    expect(roles).toEqual(['user', 'assistant', 'tool', 'assistant', 'user', 'assistant']);
  });
});
