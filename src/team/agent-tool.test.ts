import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { agent, type AgentState, type Delegation, delegationKey } from '../agent/index.js';
import { fromJson, toJson } from '../core/index.js';
import { callsTool, scripted, type ScriptTurn, testRun } from '../testing/index.js';
import { policy, tool, toolbox } from '../tool/index.js';
import { agentTool } from './index.js';

const paid: string[] = [];
const box = () => {
  const pay = tool({
    name: 'pay',
    description: '',
    input: z.object({ eur: z.number() }),
    run: ({ eur }) => void paid.push(`${eur}`),
  });
  return toolbox([pay], { policy: policy([{ tool: 'pay', verdict: 'ask' }]) });
};
const throughJson = (state: AgentState): AgentState =>
  fromJson(JSON.parse(JSON.stringify(toJson(state)))) as AgentState;

/** A boss whose clerk pays: nothing but the state goes from one to the next. */
const started = (
  bossTurns: readonly ScriptTurn[],
  clerkTurns: readonly ScriptTurn[],
  onState?: (s: AgentState) => void,
) => {
  const clerk = scripted(clerkTurns);
  const model = scripted(bossTurns);
  const tools = [agentTool(agent(clerk, { tools: box() }), { name: 'clerk', description: 'Pays bills.' })];
  return { model, clerk, boss: agent(model, { tools, ...(onState === undefined ? {} : { onState }) }) };
};

describe('agentTool', () => {
  it('gives the model the answer, counts what it took, and marks it as text from outside', async () => {
    const { boss, model } = started([callsTool('clerk', { task: 'Say hi.' }), 'It says hi.'], ['Hi there.']);
    const { text, usage, state } = await boss('Ask.');
    expect(text).toBe('It says hi.');
    expect(usage).toMatchObject({ inputTokens: 3, outputTokens: 6 });
    expect(JSON.stringify(model.requests[1]?.messages.at(-1))).toContain('"answer":"Hi there."');
    expect(state.taint).toEqual(['clerk']);
    expect(state.delegated).toBeUndefined();
  });

  it('pauses with the agent that called it, and goes on where it stood with the decision', async () => {
    paid.length = 0;
    const first = started([callsTool('clerk', { task: 'Pay.' })], [callsTool('pay', { eur: 5 })]);
    const paused = await first.boss('Pay 5.');
    expect(paused).toMatchObject({ stopReason: 'paused', waiting: [{ tool: 'pay', input: { eur: 5 } }] });
    expect(paid).toEqual([]);
    const second = started(['All paid.'], ['Paid.']);
    const approvals = paused.waiting.map(({ digest }) => ({ digest, isApproved: true }));
    const done = await second.boss({ state: throughJson(paused.state), approvals });
    expect(done).toMatchObject({ stopReason: 'answered', text: 'All paid.' });
    expect(paid).toEqual(['5']);
    expect(second.clerk.requests).toHaveLength(1);
  });

  it('Q25 goes on from every state without paying twice for a reply or a tool', async () => {
    const states: AgentState[] = [];
    const ask = callsTool('clerk', { task: 'Pay.' });
    const paused = await started([ask], [callsTool('pay', { eur: 7 })]).boss('Pay 7.');
    const approvals = paused.waiting.map(({ digest }) => ({ digest, isApproved: true }));
    paid.length = 0;
    const whole = started(['All paid.'], ['Paid.'], (state) => void states.push(throughJson(state)));
    await whole.boss({ state: paused.state, approvals });
    expect(states.length).toBeGreaterThan(3);
    for (const state of states) {
      paid.length = 0;
      const rest = started(['All paid.'], ['Paid.']);
      expect(await rest.boss({ state })).toMatchObject({ text: 'All paid.', stopReason: 'answered' });
      expect(paid).toEqual([]);
    }
  });

  it('says what it waits for where nobody can keep its state', async () => {
    const clerk = agentTool(agent(scripted([callsTool('pay', { eur: 5 })]), { tools: box(), name: 'clerk' }));
    expect(await clerk({ task: 'Pay.' }, testRun().run)).toContain('must approve of `pay`');
  });

  it('tells the model what failed, and that an answer is not whole', async () => {
    const failing = scripted([[{ type: 'throw', error: new Error('The line is dead.') }]]);
    const short = agent(scripted([callsTool('nothing', {})], { shouldRepeat: true }), {
      tools: box(),
      maxSteps: 1,
    });
    const tools = [
      agentTool(agent(failing), { name: 'broken', description: '' }),
      agentTool(short, { name: 'short', description: '' }),
    ];
    const turns = [callsTool('broken', { task: 'x' }), callsTool('short', { task: 'x' }), 'Done.'];
    const { steps } = await agent(scripted(turns), { tools })('Go.');
    expect(steps[0]?.results[0]).toMatchObject({ isError: true, output: expect.stringContaining('The line is dead.') });
    expect(steps[1]?.results[0]).toMatchObject({ isError: true, output: expect.stringContaining('limit of steps') });
  });

  it('forgets the work for a call that took too long, whatever is told of it later', async () => {
    const { run, clock } = testRun();
    let late: Delegation | undefined;
    const slow = tool({
      name: 'slow',
      description: '',
      input: z.object({}),
      timeoutMs: 1_000,
      run: (_, inner) => {
        late = inner.get(delegationKey);
        return new Promise(() => undefined);
      },
    });
    const { state: other } = await agent(scripted(['Hi.']))('?');
    const states: AgentState[] = [];
    const boss = agent(scripted([callsTool('slow', {}), 'Done.']), {
      tools: [slow],
      onState: (state) => void states.push(state),
    });
    const work = boss('Go.', run);
    await clock.advance(1_000);
    await late?.onState(other);
    await work;
    expect(states.some(({ delegated }) => delegated !== undefined)).toBe(false);
    expect(states).toHaveLength(4);
  });

  it('Q02 stops at once when the caller gives up inside', async () => {
    const { run, abort } = testRun();
    const { boss, model } = started(
      [callsTool('clerk', { task: 'x' }), 'Never.'],
      [
        () => {
          abort('enough');
          return 'Hi.';
        },
      ],
    );
    await expect(boss('Go.', run)).rejects.toBe('enough');
    expect(model.requests).toHaveLength(1);
  });
});
