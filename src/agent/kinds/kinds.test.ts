import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRun, fromJson, pairedMessages, PipewrightError, sleep, toJson } from '../../core/index.js';
import type { ChatRequest } from '../../model/index.js';
import { callsTool, manualClock, scripted, type ScriptedModel, type ScriptTurn, testRun } from '../../testing/index.js';
import { policy, tool, toolbox } from '../../tool/index.js';
import { agent } from '../agent.js';
import type { AgentSettings } from '../define-agent.js';
import type { Agent, AgentState } from '../types.js';
import { autonomousAgent } from './autonomous-agent.js';
import { reactAgent } from './react-agent.js';
import { reflectiveAgent } from './reflective-agent.js';
import { strategistAgent } from './strategist-agent.js';

/** An agent of its own process, with what it did there. */
interface Made {
  readonly agent: Agent<unknown>;
  readonly models: readonly ScriptedModel[];
  readonly done: readonly string[];
}

interface Hooks extends AgentSettings {
  /** Runs inside the tool. */
  readonly inTool?: (item: string) => unknown;
  readonly isAsking?: boolean;
  /** How many calls run at once. */
  readonly concurrency?: number;
  /** What the model does in place of what it should, from its first reply on. */
  readonly turn?: ScriptTurn;
}

const textOfAll = ({ messages }: ChatRequest): string => JSON.stringify(messages);
const count = (text: string, part: string): number => text.split(part).length - 1;
const two = (first: string, second: string): ScriptTurn => [
  { type: 'tool-call-delta', key: 'a', id: 'a', name: 'look', text: JSON.stringify({ item: first }) },
  { type: 'tool-call-delta', key: 'b', id: 'b', name: 'look', text: JSON.stringify({ item: second }) },
  { type: 'finish', reason: 'tool-call' },
];

/** A model that knows what to do from what it is asked alone, so that it goes on in any process. */
const brain = (decide: (request: ChatRequest) => ScriptTurn, { turn }: Hooks): ScriptedModel =>
  scripted(
    [
      async (request, run) => {
        const chosen = turn ?? decide(request);
        return typeof chosen === 'function' ? chosen(request, run) : chosen;
      },
    ],
    { shouldRepeat: true },
  );

const boxOf = (hooks: Hooks) => {
  const done: string[] = [];
  const look = tool({
    name: 'look',
    description: 'Looks how much there is of an item.',
    input: z.object({ item: z.string() }),
    run: async ({ item }, run) => {
      await hooks.inTool?.(item);
      run.throwIfAborted();
      done.push(item);
      if (item === 'dust') throw new Error('There is no dust.');
      return `12 of ${item}`;
    },
  });
  const verdict = hooks.isAsking === true ? 'ask' : 'allow';
  return {
    done,
    box: toolbox([look], { policy: policy([], { otherwise: verdict }), concurrency: hooks.concurrency ?? 8 }),
  };
};

const settingsOf = ({ onState, memory, budget }: Hooks): AgentSettings => ({
  ...(onState === undefined ? {} : { onState }),
  ...(memory === undefined ? {} : { memory }),
  ...(budget === undefined ? {} : { budget }),
});

const react = (hooks: Hooks): Made => {
  const { done, box } = boxOf(hooks);
  const model = brain((request) => {
    const seen = count(textOfAll(request), 'Observation: 12');
    const act = (item: string): string => `Thought: I need ${item}.\nAction: look\nAction Input: {"item": "${item}"}`;
    return (
      [act('tea'), `${act('milk')}\n${act('salt').split('\n').slice(1).join('\n')}`][seen] ?? 'Final Answer: Enough.'
    );
  }, hooks);
  return { agent: reactAgent(model, { tools: box, ...settingsOf(hooks) }), models: [model], done };
};

const reflective = (hooks: Hooks): Made => {
  const { done, box } = boxOf(hooks);
  const model = brain((request) => {
    const all = textOfAll(request);
    if (count(all, '"tool-result"') === 0) return two('tea', 'milk');
    return `Draft ${1 + count(all, '<review>')}.`;
  }, hooks);
  const critic = brain((request) => {
    const score = textOfAll(request).includes('Draft 3') ? 9 : 3 + count(textOfAll(request), 'Draft 2');
    return JSON.stringify({ scores: [{ criterion: 'long', reason: 'Short.', score }], advice: 'More.' });
  }, {});
  const worker = agent(model, { tools: box });
  const rubric = [{ name: 'long' }];
  const made = reflectiveAgent(worker, { critic, rubric, ...settingsOf(hooks) });
  return { agent: made, models: [model, critic], done };
};

const strategist = (hooks: Hooks): Made => {
  const { done, box } = boxOf(hooks);
  const planner = brain(
    () =>
      JSON.stringify({
        analysis: 'It needs figures.',
        steps: [{ tool: 'look', why: 'It knows them.', expect: 'A number.', fallbacks: [] }],
      }),
    {},
  );
  const model = brain((request) => {
    const results = count(textOfAll(request), '"tool-result"');
    if (results === 0) return two('dust', 'dust');
    return results === 2 ? callsTool('look', { item: 'tea' }, 'c') : 'Enough.';
  }, hooks);
  const made = strategistAgent(model, { tools: box, planner, ...settingsOf(hooks) });
  return { agent: made, models: [model, planner], done };
};

const autonomous = (hooks: Hooks): Made => {
  const { done, box } = boxOf(hooks);
  const planner = brain(() => '{"steps": ["Look.", "Tell."], "criteria": ["It is long."]}', {});
  const model = brain((request) => {
    const all = textOfAll(request);
    if (count(all, '"tool-result"') === 0) return two('tea', 'milk');
    return `Result ${1 + count(all, '<review>')}.`;
  }, hooks);
  const critic = brain((request) => {
    const score = textOfAll(request).includes('Result 2') ? 9 : 3;
    return JSON.stringify({ scores: [{ criterion: 'criterion 1', reason: 'Short.', score }], advice: 'More.' });
  }, {});
  const made = autonomousAgent(agent(model, { tools: box }), { planner, critic, ...settingsOf(hooks) });
  return { agent: made, models: [model, planner, critic], done };
};

const kinds = { react, reflective, strategist, autonomous };
const throughJson = (state: AgentState): AgentState =>
  fromJson(JSON.parse(JSON.stringify(toJson(state)))) as AgentState;
const paid = ({ models }: Made): number => models.reduce((sum, { requests }) => sum + requests.length, 0);

describe.each(Object.entries(kinds))('the kind %s', (_, make) => {
  it('Q25 goes on from every state that it told, in another process, and nothing is paid or done twice', async () => {
    const told: { readonly state: AgentState; readonly paid: number; readonly done: readonly string[] }[] = [];
    // One call at a time: one that runs beside another when the process dies runs again, as it must.
    const whole = make({
      concurrency: 1,
      onState: (state) => void told.push({ state: throughJson(state), paid: paid(whole), done: [...whole.done] }),
    });
    const result = await whole.agent('Do it.');
    expect(result.stopReason).toBe('answered');
    expect(told.length).toBeGreaterThan(4);
    for (const before of told) {
      const after = make({});
      const resumed = await after.agent({ state: before.state });
      expect(resumed).toMatchObject({ text: result.text, stopReason: 'answered' });
      expect(before.paid + paid(after)).toBe(paid(whole));
      expect([...before.done, ...after.done].toSorted()).toEqual([...whole.done].toSorted());
      expect(resumed.usage).toEqual(result.usage);
    }
  });

  it('Q02 rejects with the reason of an abort inside a tool, and asks no model any more', async () => {
    const { run, abort } = testRun();
    const reason = new Error('enough');
    const made = make({ inTool: () => abort(reason) });
    const before = made.agent('Do it.', run);
    await expect(before).rejects.toBe(reason);
    const asked = paid(made);
    await Promise.resolve();
    expect([paid(made), made.done.length]).toEqual([asked, 0]);
  });

  it('Q03 has one result for every call, at whichever state it was left', async () => {
    const states: AgentState[] = [];
    const made = make({ onState: (state) => void states.push(state) });
    const { messages } = await made.agent('Do it.');
    expect(pairedMessages(messages)).toEqual(messages);
    for (const state of states) {
      const left = await make({ budget: { maxCalls: 0 } }).agent({ state: throughJson(state) });
      expect(pairedMessages(left.messages)).toEqual(left.messages);
    }
  });

  it.each([
    [
      'fails at once',
      [{ type: 'throw', error: new PipewrightError('model-overloaded', 'Busy.', { retryable: true }) }],
    ],
    [
      'fails within its reply',
      [
        { type: 'text-delta', text: 'I' },
        { type: 'throw', error: new PipewrightError('connection-lost', 'Gone.', { retryable: true }) },
      ],
    ],
  ] as const)('Q10 rejects when the model %s, and leaves no other promise behind', async (_, turn) => {
    const made = make({ turn });
    await expect(made.agent('Do it.')).rejects.toMatchObject({ retryable: true });
  });

  it('Q10 rejects when nobody can keep its state', async () => {
    const made = make({
      onState: () => {
        throw new Error('The disk is full.');
      },
    });
    await expect(made.agent('Do it.')).rejects.toThrow('The disk is full.');
  });

  it('Q12 runs no tool of a reply that was cut', async () => {
    const turn: ScriptTurn = [
      { type: 'text-delta', text: 'Action: look\nAction Input: {"item": "tea"}' },
      { type: 'tool-call-delta', key: 'a', id: 'a', name: 'look', text: '{"item": "tea"}' },
      { type: 'finish', reason: 'length' },
    ];
    const made = make({ turn });
    expect(await made.agent('Do it.')).toMatchObject({ stopReason: 'cut', output: undefined });
    expect(made.done).toEqual([]);
  });

  it('Q21 asks the same, whichever tool ends first, and only adds to what it asked', async () => {
    const asked: string[] = [];
    for (const slow of ['milk', 'tea']) {
      const clock = manualClock();
      const run = createRun({ clock });
      const made = make({ inTool: (item) => sleep(item === slow ? 20 : 10, run) });
      const running = made.agent('Do it.', run);
      for (let turn = 0; turn < 10; turn++) await clock.advance(20);
      await running;
      const requests = (made.models[0]?.requests ?? []).map(({ messages }) =>
        JSON.stringify(messages.filter(({ role }) => role !== 'system')),
      );
      for (const [at, request] of requests.entries()) {
        if (at > 0) expect(request.startsWith((requests[at - 1] ?? '').slice(0, -1))).toBe(true);
      }
      asked.push(JSON.stringify(requests));
    }
    expect(asked[0]).toBe(asked[1]);
  });

  it('pauses when a person must decide, and goes on in another process with the decisions', async () => {
    let made = make({ isAsking: true });
    let result = await made.agent('Do it.');
    const done: string[] = [...made.done];
    for (let turn = 0; turn < 5 && result.stopReason === 'paused'; turn++) {
      const approvals = result.waiting.map(({ digest }) => ({ digest, isApproved: true }));
      expect(approvals.length).toBeGreaterThan(0);
      made = make({ isAsking: true });
      result = await made.agent({ state: throughJson(result.state), approvals });
      done.push(...made.done);
    }
    const whole = make({});
    expect(result).toMatchObject({ stopReason: 'answered', text: (await whole.agent('Do it.')).text });
    expect(done.toSorted()).toEqual([...whole.done].toSorted());
  });

  it('stops at a budget of its own with what it has, and passes on that of the run around it', async () => {
    const made = make({ budget: { maxCalls: 1 } });
    const stopped = await made.agent('Do it.');
    expect(stopped.stopReason).toBe('budget');
    expect((await make({}).agent({ state: throughJson(stopped.state) })).stopReason).toBe('answered');
    const run = createRun({ budget: { maxCalls: 1 } });
    await expect(make({}).agent('Do it.', run)).rejects.toMatchObject({ code: 'budget-exceeded' });
  });

  it('answers a further message in the same conversation', async () => {
    const { state, text } = await make({}).agent('Do it.');
    const again = await make({}).agent({ state: throughJson(state), messages: [{ role: 'user', content: 'Again.' }] });
    expect(again.stopReason).toBe('answered');
    expect(text).not.toBe('');
    expect(again.messages.filter(({ role }) => role === 'user')).toHaveLength(1);
  });
});
