import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRun, pairedMessages, seededRandom, sleep, textOf } from '../../core/index.js';
import { callsTool, type ManualClock, scripted, type ScriptTurn, testRun } from '../../testing/index.js';
import { tool } from '../../tool/index.js';
import { planningModel, type PlanningScript, taskIn, tasks, throughJson } from '../../../test/planning-model.js';
import { type AgentState, planAgent, verifiedPlanAgent } from '../index.js';

/** A tool that leaves a mark in the world. */
const marking = () => {
  const marks: string[] = [];
  const mark = tool({
    name: 'mark',
    description: 'Leaves a mark.',
    input: z.object({ text: z.string() }),
    run: ({ text }) => {
      marks.push(text);
      return `marked ${text}`;
    },
  });
  return { marks, mark };
};

interface Recorded {
  readonly description: string;
  readonly status: string;
  readonly state?: AgentState;
}

const recordsIn = ({ work }: AgentState): readonly Recorded[] =>
  ((work ?? {}) as { readonly tasks?: readonly Recorded[] }).tasks ?? [];

/** Every task leaves a mark first, then answers. */
const marks: NonNullable<PlanningScript['work']> = (task, { messages }) =>
  messages.at(-1)?.role === 'tool' ? `did ${task}` : callsTool('mark', { text: task }, `mark ${task}`);

const plan = tasks('a:', 'b: a', 'c:', 'd: b c');
const verified = {
  phases: [
    { name: 'one', tasks: [{ id: 'a', description: 'do a', dependsOn: [], criteria: ['x'], contingencies: [] }] },
    { name: 'two', tasks: [{ id: 'b', description: 'do b', dependsOn: ['a'], criteria: ['x'], contingencies: [] }] },
  ],
};

const kinds = {
  planAgent: { make: planAgent, script: { plans: [plan], work: marks }, done: ['do a', 'do b', 'do c', 'do d'] },
  verifiedPlanAgent: { make: verifiedPlanAgent, script: { plans: [verified], work: marks }, done: ['do a', 'do b'] },
} as const;

describe.each(Object.entries(kinds))('%s', (_, { make, script, done }) => {
  it.each([1, 4])('Q25 goes on from every state that it told, in a new agent, %i at once', async (concurrency) => {
    const limits = { concurrency };
    const states: AgentState[] = [];
    const onState = (state: AgentState): void => void states.push(throughJson(state));
    const world = marking();
    const first = await make(planningModel(script), { tools: [world.mark], limits, onState })('Go.');
    expect([...world.marks].sort()).toEqual(done);
    for (const state of states) {
      const { marks: again, mark } = marking();
      const model = planningModel(script);
      const result = await make(model, { tools: [mark], limits })({ state: throughJson(state) });
      expect(result).toMatchObject({ stopReason: 'answered', text: 'All done.' });
      expect(result.tasks).toEqual(first.tasks);
      const paidAgain = model.requests.map(taskIn);
      for (const { description, status } of recordsIn(state)) {
        if (status === 'done') expect(paidAgain).not.toContain(description);
      }
      // A mark whose result the state holds is not left again, and no mark twice.
      const kept = JSON.stringify(recordsIn(state).map((record) => record.state ?? { done: record.status }));
      for (const text of again) expect(kept).not.toContain(`marked ${text}`);
      expect(new Set(again).size).toBe(again.length);
      // What was spent until the state, and since, is what the whole took: what ran beside it is the only thing to be paid again.
      if (concurrency === 1) expect(result.usage).toEqual(first.usage);
    }
    expect(states.length).toBeGreaterThan(done.length * 3);
  });

  it('Q21 sends the same bytes whatever ends first', async () => {
    const bytes = async (seed: number): Promise<readonly string[]> => {
      const { run, clock } = testRun();
      const random = seededRandom(seed);
      const model = planningModel({
        ...script,
        work: async (task, request) => {
          await sleep(Math.floor(random() * 100), run);
          return marks(task, request);
        },
      });
      const going = make(model, { tools: [marking().mark] })('Go.', run);
      await settled(going, clock);
      return model.requests.map((request) => JSON.stringify(request.messages)).sort();
    };
    const first = await bytes(1);
    for (const seed of [2, 3, 4, 5]) expect(await bytes(seed)).toEqual(first);
  });

  it('Q28 works with a model that has neither tools nor schemas', async () => {
    const { marks: left, mark } = marking();
    const work: PlanningScript['work'] = (task, { messages }) =>
      messages.some((message) => textOf(message).includes(`marked ${task}`))
        ? `did ${task}`
        : `<tool_call>\n{"name": "mark", "arguments": {"text": "${task}"}}\n</tool_call>`;
    const features = { tools: false, jsonSchema: false, jsonSchemaWithTools: false };
    const model = planningModel({ ...script, work }, { features });
    const result = await make(model, { tools: [mark] })('Go.');
    expect(result.tasks.map(({ status }) => status)).toEqual(done.map(() => 'done'));
    expect([...left].sort()).toEqual(done);
    expect(model.requests.every((request) => request.tools === undefined && request.output === undefined)).toBe(true);
  });

  it('Q02 rejects with the reason when it is aborted inside a task, and asks no model after it', async () => {
    const { run, abort } = testRun();
    const reason = new Error('enough');
    const stuck = tool({
      name: 'mark',
      description: '',
      input: z.object({ text: z.string() }),
      run: () => {
        abort(reason);
        return new Promise(() => undefined);
      },
    });
    const model = planningModel(script);
    const going = make(model, { tools: [stuck] })('Go.', run);
    await expect(going).rejects.toBe(reason);
    const asked = model.requests.length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(model.requests).toHaveLength(asked);
  });

  it('Q03 sends no call without its result after an abort at any model call', async () => {
    const whole = planningModel(script);
    await make(whole, { tools: [marking().mark] })('Go.');
    for (let last = 1; last <= whole.requests.length; last += 1) {
      const { run, abort } = testRun({ isWatched: false });
      const model = planningModel({
        ...script,
        work: (task, request) => {
          if (model.requests.length >= last) abort('enough');
          return marks(task, request);
        },
      });
      let kept: AgentState | undefined;
      const onState = (state: AgentState): void => {
        kept = throughJson(state);
      };
      await make(model, { tools: [marking().mark], onState })('Go.', run).catch(() => undefined);
      const next = planningModel(script);
      const input = kept === undefined ? 'Go.' : { state: kept };
      expect(await make(next, { tools: [marking().mark] })(input)).toMatchObject({ stopReason: 'answered' });
      for (const { messages } of next.requests) expect(pairedMessages(messages)).toEqual(messages);
    }
  });

  it('ends with what there is when its budget is spent, and goes on with more', async () => {
    const { mark } = marking();
    const model = planningModel(script);
    const limits = { concurrency: 1 };
    const poor = await make(model, { tools: [mark], limits, budget: { maxCalls: 4 } })('Go.');
    expect(poor).toMatchObject({ stopReason: 'budget', output: undefined });
    expect(poor.tasks.some(({ status }) => status === 'done')).toBe(true);
    expect(poor.tasks.flatMap(({ failures }) => failures)).toEqual([]);
    const rich = await make(planningModel(script), { tools: [mark], limits })({ state: throughJson(poor.state) });
    expect(rich).toMatchObject({ stopReason: 'answered' });
    const model2 = planningModel(script);
    const run = createRun({ budget: { maxCalls: 3 } });
    await expect(make(model2, { tools: [mark] })('Go.', run)).rejects.toMatchObject({ code: 'budget-exceeded' });
  });

  it('Q10 settles, and leaves no rejection behind, whatever breaks and when', async () => {
    const whole = planningModel(script);
    await make(whole, { tools: [marking().mark] })('Go.');
    for (let broken = 0; broken < whole.requests.length; broken += 1) {
      const model = planningModel(script);
      const flawed: ScriptTurn = (request, run) => {
        if (count++ === broken)
          return [
            { type: 'text-delta', text: 'x' },
            { type: 'throw', error: new Error('cut') },
          ];
        return model(request, run).then(({ message }) => actionsOf(message));
      };
      let count = 0;
      const result = await make(scripted([flawed], { shouldRepeat: true }), { tools: [marking().mark] })('Go.').then(
        ({ stopReason }) => stopReason,
        (error: Error) => error.message,
      );
      expect(['answered', 'cut']).toContain(result);
    }
  });
});

const actionsOf = ({ content }: { readonly content: unknown }): string | ReturnType<typeof callsTool> => {
  if (typeof content === 'string') return content;
  const part = (
    content as readonly {
      readonly type: string;
      readonly text: string;
      readonly name: string;
      readonly input: unknown;
      readonly id: string;
    }[]
  )[0];
  return part?.type === 'tool-call' ? callsTool(part.name, part.input, part.id) : (part?.text ?? '');
};

/** Waits for what runs on a clock. */
const settled = async <T>(going: Promise<T>, { advance }: ManualClock): Promise<T> => {
  let isOver = false;
  const watched = going.finally(() => {
    isOver = true;
  });
  while (!isOver) await advance(10);
  return watched;
};

describe('an answer that is cut', () => {
  it('is told as far as it came, and written anew from the results when the work goes on', async () => {
    const cut: ScriptTurn = [
      { type: 'text-delta', text: 'All is' },
      { type: 'finish', reason: 'length' },
    ];
    const plans = JSON.stringify(tasks('a:'));
    const planner = planAgent(scripted([plans, 'done', cut, 'All is well.']));
    const first = await planner('Go.');
    expect(first).toMatchObject({ stopReason: 'cut', text: 'All is', output: undefined });
    const second = await planner({ state: throughJson(first.state) });
    expect(second).toMatchObject({ stopReason: 'answered', text: 'All is well.' });
    expect(second.messages).toHaveLength(1);
  });
});

describe('a state that cannot be kept', () => {
  it('ends the work with what its keeper threw, tasks under way included', async () => {
    const model = planningModel({
      plans: [tasks('a:', 'b:')],
      work: (task) => (task === 'do a' ? 'did a' : [{ type: 'stall' }]),
    });
    const onState = ({ work }: AgentState): void => {
      if (JSON.stringify(work).includes('did a')) throw new Error('The disk is full.');
    };
    await expect(planAgent(model, { onState })('Go.')).rejects.toThrow('The disk is full.');
    expect(model.asked()).toBe('pww');
  });
});

describe('a plan that is made anew', () => {
  it('Q21 is asked for with the same bytes whatever ended first', async () => {
    const bytes = async (seed: number): Promise<readonly string[]> => {
      const { run, clock } = testRun();
      const random = seededRandom(seed);
      const work: PlanningScript['work'] = async (task) => {
        await sleep(Math.floor(random() * 100), run);
        if (task.startsWith('do bad')) throw new Error(`${task} is broken`);
        return `did ${task}`;
      };
      const model = planningModel({ plans: [tasks('a:', 'bad1:', 'bad2: a', 'b: a', 'c: b'), tasks('d:')], work });
      await settled(planAgent(model)('Go.', run), clock);
      expect(model.asked()).toMatch(/^pw+pwa$/u);
      return model.requests.map((request) => JSON.stringify(request.messages)).sort();
    };
    const first = await bytes(1);
    for (const seed of [2, 3, 4, 5]) expect(await bytes(seed)).toEqual(first);
  });
});

describe('random plans', () => {
  it('run every task once, after all that it depends on, and not more at once than they may', async () => {
    const dags = fc.record({
      needs: fc.array(fc.array(fc.nat(20), { maxLength: 3 }), { minLength: 1, maxLength: 12 }),
      concurrency: fc.integer({ min: 1, max: 5 }),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(dags, async ({ needs, concurrency, seed }) => {
        const lines = needs.map((each, index) => {
          const earlier = index === 0 ? [] : [...new Set(each.map((need) => need % index))];
          return `t${index}: ${earlier.map((need) => `t${need}`).join(' ')}`;
        });
        const random = seededRandom(seed);
        const shuffled = [...lines].sort(() => random() - 0.5);
        const { run, clock } = testRun({ isWatched: false });
        const ended = new Set<string>();
        let running = 0;
        let most = 0;
        const work: PlanningScript['work'] = async (task) => {
          const line = lines.find((each) => each.startsWith(`${task.slice(3)}:`)) ?? '';
          for (const need of line.split(': ')[1]?.split(' ').filter(Boolean) ?? []) expect(ended).toContain(need);
          running += 1;
          most = Math.max(most, running);
          await sleep(Math.floor(random() * 50), run);
          running -= 1;
          expect(ended).not.toContain(task.slice(3));
          ended.add(task.slice(3));
          return task;
        };
        const model = planningModel({ plans: [tasks(...shuffled)], work });
        const going = planAgent(model, { limits: { concurrency } })('Go.', run);
        expect(
          (await settled(going, clock)).tasks.every(
            ({ status, failures }) => status === 'done' && failures.length === 0,
          ),
        ).toBe(true);
        expect(ended.size).toBe(lines.length);
        expect(most).toBeLessThanOrEqual(concurrency);
      }),
      { numRuns: 60 },
    );
  });
});
