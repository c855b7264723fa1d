import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Run, textOf } from '../../core/index.js';
import { callsTool, scripted, testRun } from '../../testing/index.js';
import { taintKey, tool } from '../../tool/index.js';
import { met, planningModel, taskIn, throughJson, unmet } from '../../../test/planning-model.js';
import { type PlanTask, resultVerifier, rewindPlan, type VerifierInput, verifiedPlanAgent } from '../index.js';

const task = (id: string, more: Partial<PlanTask> = {}) => ({
  id,
  description: `do ${id}`,
  dependsOn: [],
  criteria: [`${id} is done`],
  contingencies: [],
  ...more,
});
const phases = (...all: readonly (readonly object[])[]) => ({
  phases: all.map((tasks, index) => ({ name: `phase ${index + 1}`, tasks })),
});
const textsOf = (request: { readonly messages: Parameters<typeof textOf>[0][] } | undefined): string =>
  (request?.messages ?? []).map(textOf).join('\n');

describe('verifiedPlanAgent', () => {
  it('counts a result once its criteria are met, and says how that was seen', async () => {
    const model = planningModel({ plans: [phases([task('a'), task('b')], [task('c', { dependsOn: ['a'] })])] });
    const { run, events } = testRun();
    const result = await verifiedPlanAgent(model)('Go.', run);
    expect(result).toMatchObject({ stopReason: 'answered', checkpoints: ['phase 1', 'phase 2'] });
    expect(result.tasks[2]).toMatchObject({
      id: 'c',
      phase: 'phase 2',
      status: 'done',
      checks: [{ criterion: 'c is done', isMet: true, evidence: 'it says so' }],
    });
    expect(model.asked()).toMatch(/^p[wv]{4}wva$/u);
    expect(
      events.flatMap((event) => (event.type === 'custom' && event.name === 'checkpoint' ? [event.data] : [])),
    ).toEqual(['phase 1', 'phase 2']);
    expect(textsOf(model.requests.at(-1) as never)).toContain('"evidence":"it says so"');
  });

  it('begins a phase when the one before is over, whatever its tasks depend on', async () => {
    const order: string[] = [];
    const model = planningModel({
      plans: [phases([task('a'), task('b')], [task('c')])],
      work: (id, request) => {
        order.push(taskIn(request));
        return id;
      },
    });
    await verifiedPlanAgent(model, { limits: { concurrency: 1 } })('Go.');
    expect(order).toEqual(['do a', 'do b', 'do c']);
  });

  it('takes the other ways of the plan, in order, when a result does not hold', async () => {
    const plan = phases([task('a', { contingencies: ['by foot', 'by boat'] })]);
    let verdicts = 0;
    const model = planningModel({ plans: [plan], verify: () => (verdicts++ < 2 ? unmet : met) });
    const result = await verifiedPlanAgent(model, { limits: { maxTries: 3 } })('Go.');
    const reason = 'Not met: a is done (nothing of it)';
    expect(result.tasks[0]).toMatchObject({ status: 'done', failures: [reason, reason] });
    const tries = model.requests
      .filter((request) => taskIn(request) !== '')
      .map((request) => textsOf(request as never));
    expect(tries.map((text) => /Do it this way now: (.*)/u.exec(text)?.[1])).toEqual([undefined, 'by foot', 'by boat']);
    expect(tries[1]).toContain(JSON.stringify({ reason }));
  });

  it('ends also with a verifier that never agrees: nothing is told as done that was not verified', async () => {
    const model = planningModel({ plans: [phases([task('a')], [task('b')])], verify: () => unmet });
    const result = await verifiedPlanAgent(model, { limits: { maxTries: 2, maxReplans: 1 } })('Go.');
    expect(model.asked()).toBe('pwvwvpwvwvwvwva');
    expect(result.tasks.map(({ status, checks }) => [status, checks?.[0]?.isMet])).toEqual([
      ['skipped', false],
      ['skipped', false],
    ]);
    expect(result).toMatchObject({ stopReason: 'answered', replans: 1 });
    expect(textsOf(model.requests.at(-1) as never)).not.toContain('"status":"done"');
  });

  it('does not take silence, another criterion, or a yes and a no for a yes', async () => {
    const verdictOf = async (reply: string) => {
      const input = { task: task('a'), criteria: ['one', 'two'], result: 'r', steps: [] };
      return (await resultVerifier(scripted([reply]))(input)).map(({ isMet }) => isMet);
    };
    const entry = (criterion: number, isMet: boolean) => ({ criterion, isMet, evidence: '' });
    expect(await verdictOf(JSON.stringify({ checks: [entry(1, true)] }))).toEqual([true, false]);
    expect(await verdictOf(JSON.stringify({ checks: [entry(0, true), entry(3, true)] }))).toEqual([false, false]);
    expect(await verdictOf(JSON.stringify({ checks: [entry(1, true), entry(1, false), entry(2, true)] }))).toEqual([
      false,
      true,
    ]);
    const model = planningModel({ plans: [phases([task('a')])] });
    const lax = verifiedPlanAgent(model, { verifier: () => [], limits: { maxTries: 1, maxReplans: 0 } });
    expect((await lax('Go.')).tasks[0]).toMatchObject({
      status: 'skipped',
      checks: [{ criterion: 'a is done', isMet: false, evidence: 'It was not checked.' }],
    });
  });

  it('takes any step as verifier; one that fails is a failed try', async () => {
    const model = planningModel({ plans: [phases([task('a')])] });
    let calls = 0;
    const verifier = ({ criteria, result }: { readonly criteria: readonly string[]; readonly result: string }) => {
      calls += 1;
      if (calls === 1) throw new Error('The checker is down.');
      return criteria.map((criterion) => ({ criterion, isMet: result === 'did do a', evidence: 'equal' }));
    };
    const { tasks } = await verifiedPlanAgent(model, { verifier })('Go.');
    expect(tasks[0]).toMatchObject({ status: 'done', failures: ['The checker is down.'] });
  });

  it('tells the verifier what the tools gave, and its tools that it came from outside', async () => {
    const web = tool({
      name: 'web',
      description: '',
      input: z.object({}),
      isUntrusted: true,
      run: () => 'seen',
    });
    const model = planningModel({
      plans: [phases([task('a')])],
      work: (_, { messages }) => (messages.at(-1)?.role === 'tool' ? 'I saw it.' : callsTool('web', {})),
    });
    const seen: unknown[] = [];
    const verifier = async (input: VerifierInput, run: Run) => {
      seen.push(run.get(taintKey));
      return resultVerifier(model)(input, run);
    };
    await verifiedPlanAgent(model, { tools: [web], verifier })('Go.');
    expect(seen).toEqual([['web']]);
    const verifying = model.requests
      .map((request) => textsOf(request as never))
      .find((text) => text.includes('Check whether'));
    expect(verifying).toContain('{"tool":"web","output":"seen"}');
  });

  it('shows the model what is wrong with a plan in phases', async () => {
    const wrong = async (plan: unknown) => {
      const model = planningModel({ plans: [plan, phases([task('ok')])] });
      await verifiedPlanAgent(model)('Go.');
      return textsOf(model.requests[1] as never);
    };
    expect(await wrong(phases([task('a', { dependsOn: ['b'] })], [task('b')]))).toContain(
      'The task `a` depends on `b` of a later phase.',
    );
    expect(await wrong(phases([task('a', { criteria: [] })]))).toContain('The task `a` has no criteria.');
    expect(await wrong({ phases: [{ name: '', tasks: [task('a')] }] })).toContain('has no name');
    expect(await wrong({ phases: [{ name: 'x' }] })).toContain('`phases` must be a list');
  });
});

describe('rewindPlan', () => {
  it('goes back to the end of a phase: what came behind is done anew, and nothing else', async () => {
    const model = planningModel({ plans: [phases([task('a')], [task('b')], [task('c', { dependsOn: ['b'] })])] });
    const planner = verifiedPlanAgent(model);
    const first = await planner('Go.');
    expect(first.checkpoints).toEqual(['phase 1', 'phase 2', 'phase 3']);
    const back = rewindPlan(throughJson(first.state), 'phase 1');
    const again = await planner({ state: back });
    expect(model.asked()).toBe('pwvwvwvawvwva');
    expect(again).toMatchObject({ stopReason: 'answered', checkpoints: ['phase 1', 'phase 2', 'phase 3'] });
    expect(again.messages).toHaveLength(1);
  });

  it('refuses a phase that is not over, and a state without phases', async () => {
    const model = planningModel({ plans: [phases([task('a')], [task('b')])], verify: () => unmet });
    const { state } = await verifiedPlanAgent(model, { onFailure: 'abort' })('Go.');
    expect(() => rewindPlan(state, 'phase 1')).toThrow('There are: none.');
    expect(() => rewindPlan({ ...state, work: {} }, 'phase 1')).toThrow('There are: none.');
  });
});
