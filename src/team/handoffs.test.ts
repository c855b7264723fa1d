import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { AgentState } from '../agent/index.js';
import { fromJson, messageGroups, partsOf, toJson } from '../core/index.js';
import { callsTool, scripted, type ScriptTurn, testRun } from '../testing/index.js';
import { policy, tool, toolbox } from '../tool/index.js';
import { handoffs, type HandoffsOptions, withoutToolCalls } from './index.js';

const to = (name: string, id = `to-${name}`): ScriptTurn =>
  callsTool(`transfer_to_${name}`, { reason: 'It is theirs.' }, id);
const paid: number[] = [];
const pay = tool({
  name: 'pay',
  description: '',
  input: z.object({ eur: z.number() }),
  run: ({ eur }) => void paid.push(eur),
});
const throughJson = (state: AgentState): AgentState =>
  fromJson(JSON.parse(JSON.stringify(toJson(state)))) as AgentState;

const shop = (deskTurns: readonly ScriptTurn[], billTurns: readonly ScriptTurn[], options: HandoffsOptions = {}) => {
  const desk = scripted(deskTurns);
  const bill = scripted(billTurns);
  const tools = toolbox([pay], { policy: policy([{ tool: 'pay', verdict: 'ask' }]) });
  const shopping = handoffs(
    {
      desk: { model: desk, description: 'Finds out what is wanted.', options: { system: 'You are the desk.' } },
      bill: { model: bill, description: 'Knows bills.', options: { system: 'You know bills.', tools } },
    },
    options,
  );
  return { desk, bill, shopping };
};

describe('handoffs', () => {
  it('hands the conversation over, with all that was said, and says who has it', async () => {
    const { run, events } = testRun();
    const { shopping, bill, desk } = shop([to('bill')], ['You owe 5.']);
    const result = await shopping('What do I owe?', run);
    expect(result).toMatchObject({
      text: 'You owe 5.',
      output: 'You owe 5.',
      active: 'bill',
      transfers: [{ from: 'desk', to: 'bill', reason: 'It is theirs.' }],
    });
    expect(desk.requests[0]?.tools?.map(({ name }) => name)).toEqual(['transfer_to_bill']);
    expect(bill.requests[0]?.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool']);
    expect(events.find(({ type }) => type === 'choice-made')).toMatchObject({ chosen: 'bill' });
    expect(result.messages.map(({ role }) => role)).toEqual(['assistant', 'tool', 'assistant']);
  });

  it('gives the next message to the one who has the conversation, after a restart too', async () => {
    const first = await shop([to('bill')], ['You owe 5.']).shopping('What do I owe?');
    const later = shop([], ['By Monday.']);
    const state = throughJson(first.state);
    const result = await later.shopping({ state, messages: [{ role: 'user', content: 'By when?' }] });
    expect(result).toMatchObject({ text: 'By Monday.', active: 'bill' });
    expect(later.desk.requests).toHaveLength(0);
    const asked = later.bill.requests[0]?.messages ?? [];
    expect(JSON.stringify(asked)).toContain('You owe 5.');
    expect(JSON.stringify(asked).match(/By when/gu)).toHaveLength(1);
  });

  it('stops a ping-pong: the one who has it must answer, and the next message of the user begins a new count', async () => {
    const play = shop(
      [to('bill', '1'), to('bill', '3'), 'Then I answer.'],
      [to('desk', '2'), to('desk', '4'), 'Fine.'],
      {
        maxHandoffs: 3,
      },
    );
    const result = await play.shopping('Hot potato.');
    expect(result.transfers).toHaveLength(3);
    expect(result).toMatchObject({ active: 'bill', text: 'Fine.' });
    expect(JSON.stringify(result.messages)).toContain('handed over 3 times');
    const next = shop(['Back here.'], [to('desk', '5')], { maxHandoffs: 3 });
    const after = await next.shopping({ state: result.state, messages: [{ role: 'user', content: 'Again.' }] });
    expect(after).toMatchObject({ active: 'desk', text: 'Back here.' });
  });

  it('gives the next one only what a filter leaves', async () => {
    const model = scripted(['Hello.']);
    const two = handoffs({
      a: { model: scripted([to('b')]), description: '' },
      b: { model, description: '', filter: withoutToolCalls },
    });
    const { messages } = await two('Hi.');
    expect(model.requests[0]?.messages).toEqual([{ role: 'user', content: 'Hi.' }]);
    expect(messages).toHaveLength(3);
  });

  it('pauses for approval with the one who has it, and goes on there', async () => {
    paid.length = 0;
    const paused = await shop([to('bill')], [callsTool('pay', { eur: 5 })]).shopping('Pay.');
    expect(paused).toMatchObject({ stopReason: 'paused', active: 'bill', waiting: [{ tool: 'pay' }] });
    const approvals = paused.waiting.map(({ digest }) => ({ digest, isApproved: true }));
    const done = await shop([], ['Paid.']).shopping({ state: throughJson(paused.state), approvals });
    expect(done).toMatchObject({ stopReason: 'answered', text: 'Paid.', active: 'bill' });
    expect(paid).toEqual([5]);
  });

  it('Q25 goes on from every state with the same end, and asks nobody twice', async () => {
    const states: AgentState[] = [];
    const turns = { desk: [to('bill', '1'), 'Sent.'], bill: [callsTool('nothing', {}), to('desk', '2')] };
    const whole = shop(turns.desk, turns.bill, { onState: (state) => void states.push(throughJson(state)) });
    const end = await whole.shopping('Go.');
    expect(states.length).toBeGreaterThan(6);
    for (const state of states) {
      const replies = messageGroups(state.messages.slice(1)).length;
      const told = state.messages.filter(({ role }) => role === 'assistant').length;
      const byBill = Math.min(2, Math.max(0, told - 1));
      const rest = shop(told >= 4 ? [] : turns.desk.slice(told === 0 ? 0 : 1), turns.bill.slice(byBill));
      const result = await rest.shopping({ state });
      expect(result.text, `after ${replies}`).toBe('Sent.');
      expect(result.state.messages).toEqual(end.state.messages);
      const calls = result.state.messages.flatMap(partsOf).filter(({ type }) => type === 'tool-call').length;
      const results = result.state.messages.flatMap(partsOf).filter(({ type }) => type === 'tool-result').length;
      expect(calls).toBe(results);
    }
  });

  it('refuses names that are not there', () => {
    const model = scripted([]);
    expect(() => handoffs({ a: { model, description: '', to: ['b'] } })).toThrow('`b`');
    expect(() => handoffs({ a: { model, description: '' } }, { start: 'z' })).toThrow('`z`');
  });
});
