import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { agent, type AgentState } from '../agent/index.js';
import { explain, fromJson, noUsage, type Run, toJson } from '../core/index.js';
import { callsTool, scripted, type ScriptTurn, testRun } from '../testing/index.js';
import { policy, tool, toolbox } from '../tool/index.js';
import { coordinator, type MemberReply, type OnProgress, reportTable, type TeamMember, teamMember } from './index.js';

const throughJson = (state: AgentState): AgentState =>
  fromJson(JSON.parse(JSON.stringify(toJson(state)))) as AgentState;

/** A member that answers as it is told to. */
const acting = (
  name: string,
  skills: readonly string[],
  act: (task: string, run: Run) => Promise<MemberReply>,
  load = 0,
): TeamMember & { readonly tasks: string[] } => {
  const tasks: string[] = [];
  return {
    tasks,
    profile: { name, description: `Is ${name}.`, skills, maxConcurrent: 2 },
    load: () => load,
    work: ({ task }, run) => {
      tasks.push(task);
      return act(task, run);
    },
  };
};
const done = (text: string): MemberReply => ({ status: 'done', text, taint: [], usage: noUsage, costUsd: 0 });
const failed = (reason: string): MemberReply => ({ status: 'failed', reason, usage: noUsage, costUsd: 0 });
const declined: MemberReply = { status: 'declined', reason: 'Not today.' };
const good = (name: string, skills = ['dig']) => acting(name, skills, async () => done(`${name} dug.`));
const silent = (name: string, skills = ['dig']) => acting(name, skills, () => new Promise<never>(() => undefined));
const digging = { plan: [{ id: 'a', description: 'Dig.', dependsOn: [], worker: 'dig' }] };
const answering = () => scripted(['All is dug.'], { shouldRepeat: true });

describe('coordinator', () => {
  it('has a task decomposed, done side by side by those who can, and answers from all results', async () => {
    const plan = {
      tasks: [
        { id: 'a', description: 'Find prices.', dependsOn: [], worker: 'research' },
        { id: 'b', description: 'Find sizes.', dependsOn: [], worker: 'research' },
        { id: 'c', description: 'Write it.', dependsOn: ['a', 'b'], worker: 'writing' },
      ],
    };
    const model = scripted([JSON.stringify(plan), 'Here is the report.']);
    let together = 0;
    let most = 0;
    const finds = async (task: string): Promise<MemberReply> => {
      most = Math.max(most, ++together);
      await new Promise((resolve) => setImmediate(resolve));
      together--;
      return done(task.includes('prices') ? 'Price: 5.' : 'Size: 7.');
    };
    const ann = acting('Ann', ['research'], finds);
    const bob = acting('Bob', ['writing'], async () => done('5 for 7.'));
    const { run, events } = testRun();
    const result = await coordinator(model, [ann, bob])('Report.', run);
    expect(result).toMatchObject({
      text: 'Here is the report.',
      output: 'Here is the report.',
      stopReason: 'answered',
    });
    expect(result.tasks.map(({ status, result: text }) => [status, text])).toEqual([
      ['done', 'Price: 5.'],
      ['done', 'Size: 7.'],
      ['done', '5 for 7.'],
    ]);
    expect(most).toBe(2);
    expect(bob.tasks[0]).toContain('Price: 5.');
    expect(JSON.stringify(model.requests[0])).toContain('research: Is Ann.');
    expect(JSON.stringify(model.requests[1])).toContain('contradict each other');
    expect(events.filter(({ type }) => type === 'choice-made')[0]).toMatchObject({
      chosen: 'Ann',
      reason: 'research; 0 of 2 tasks; new',
    });
    expect(result.team.total).toMatchObject({ attempts: 3, done: 3, failed: 0 });
  });

  it('takes whoever has the skill and time, and did well before', async () => {
    const busy = acting('Busy', ['dig'], async () => done('x'), 2);
    const clumsy = good('Clumsy');
    const able = good('Able');
    const other = good('Other', ['sing']);
    const past = { task: 'x', startedMs: 0, durationMs: 1, usage: noUsage, costUsd: 0 };
    const history = [{ ...past, member: 'Clumsy', outcome: 'failed' as const }];
    const members = [busy, other, clumsy, able];
    const { attempts } = await coordinator(answering(), members, { ...digging, history })('Dig.');
    expect(attempts.map(({ member }) => member)).toEqual(['Able']);
  });

  it('gives a task to another when a member fails, declines or speaks nonsense, and says in its figures who did what', async () => {
    const members = [
      acting('Ann', ['dig'], async () => failed('My spade broke.')),
      acting('Bob', ['dig'], async () => declined),
      acting('Cid', ['dig'], async () => Promise.reject(new Error('Unexpected token < in JSON'))),
      good('Dan'),
    ];
    const { run, clock } = testRun();
    const work = coordinator(answering(), members, { ...digging, waiting: { maxAttempts: 4 } })('Dig.', run);
    await clock.advance(1_000);
    const { attempts, team, tasks } = await work;
    expect(tasks[0]).toMatchObject({ status: 'done', result: 'Dan dug.' });
    expect(attempts.map(({ member, outcome }) => `${member} ${outcome}`)).toEqual([
      'Ann failed',
      'Bob declined',
      'Cid failed',
      'Dan done',
    ]);
    expect(team.total).toMatchObject({ attempts: 3, failed: 2, declined: 1, reassigned: 3, successRatio: 1 / 3 });
    expect(reportTable(team)).toContain('Cid');
  });

  it('takes a member that says nothing for dead, and ignores what it says later', async () => {
    let speak = (_: MemberReply): void => undefined;
    let progress: OnProgress | undefined;
    const late: TeamMember = {
      ...silent('Late'),
      work: (_, __, onProgress) => {
        progress = onProgress;
        return new Promise((resolve) => {
          speak = resolve;
        });
      },
    };
    const { run, clock } = testRun();
    const options = { ...digging, waiting: { silenceMs: 5_000 } };
    const work = coordinator(answering(), [late, good('Dan')], options)('Dig.', run);
    await clock.advance(5_000);
    const { tasks, attempts, state } = await work;
    await progress?.();
    speak(done('I dug after all.'));
    speak(done('Twice.'));
    await clock.advance(1);
    expect(tasks[0]?.result).toBe('Dan dug.');
    expect(attempts[0]).toMatchObject({ member: 'Late', outcome: 'failed', durationMs: 5_000 });
    expect(attempts[0]?.reason).toContain('no sign of life');
    expect(JSON.stringify(state)).not.toContain('after all');
    expect(clock.pending).toBe(0);
  });

  it('lets a slow member work on as long as it gives signs of life, until its time is over', async () => {
    const busy: TeamMember = {
      ...silent('Busy'),
      work: (_, run, onProgress) =>
        new Promise(() => {
          const beat = (): void => void run.clock.after(1_000, () => void onProgress?.().then(beat));
          beat();
        }),
    };
    const { run, clock } = testRun();
    const waiting = { silenceMs: 2_000, timeoutMs: 9_500 };
    const work = coordinator(answering(), [busy, good('Dan')], { ...digging, waiting })('Dig.', run);
    await clock.advance(9_500);
    const { attempts } = await work;
    expect(attempts[0]).toMatchObject({ member: 'Busy', outcome: 'failed', durationMs: 9_500 });
    expect(attempts[1]).toMatchObject({ member: 'Dan', outcome: 'done' });
  });

  it('gives up with the reasons of all when everybody declines or dies', async () => {
    const members = [acting('Ann', ['dig'], async () => declined), silent('Bob')];
    const { run, clock } = testRun();
    const model = answering();
    const options = { ...digging, onFailure: 'skip' as const, waiting: { silenceMs: 1_000, maxAttempts: 2 } };
    const work = coordinator(model, members, options)('Dig.', run);
    await clock.advance(10_000);
    const { tasks, stopReason, attempts } = await work;
    expect(tasks[0]?.status).toBe('skipped');
    expect(tasks[0]?.reason).toContain('Ann: Not today.');
    expect(tasks[0]?.reason).toContain('Bob: Bob gave no sign of life');
    expect(attempts.length).toBeLessThanOrEqual(4);
    expect(stopReason).toBe('answered');
    expect(JSON.stringify(model.requests[0])).toContain('Not today.');
  });

  it('waits for a member that is busy', async () => {
    let load = 1;
    const ann: TeamMember = { ...good('Ann'), load: () => load, profile: { ...good('Ann').profile, maxConcurrent: 1 } };
    const { run, clock } = testRun();
    const work = coordinator(answering(), [ann], digging)('Dig.', run);
    await clock.advance(2_000);
    load = 0;
    await clock.advance(5_000);
    expect((await work).attempts).toMatchObject([{ member: 'Ann', outcome: 'done' }]);
  });

  it('refuses two members of one name, none, and a plan that cannot be carried out', () => {
    expect(() => coordinator(answering(), [good('A'), good('A')])).toThrow('`A`');
    expect(() => coordinator(answering(), [])).toThrow('at least one');
    const plan = [{ id: 'a', description: 'x', dependsOn: ['a'], worker: 'dig' }];
    expect(() => coordinator(answering(), [good('A')], { plan })).toThrow('wait for each other');
  });
});

const paid: number[] = [];
const pay = tool({
  name: 'pay',
  description: '',
  input: z.object({ eur: z.number() }),
  run: ({ eur }) => void paid.push(eur),
});
const team = (workerTurns: readonly ScriptTurn[], onState?: (state: AgentState) => void) => {
  const tools = toolbox([pay], { policy: policy([{ tool: 'pay', verdict: 'ask' }]) });
  const worker = scripted(workerTurns);
  const members = [teamMember(agent(worker, { tools, name: 'Ann' }), { skills: ['dig'] })];
  const options = { ...digging, ...(onState === undefined ? {} : { onState }) };
  return { worker, boss: coordinator(answering(), members, options) };
};

describe('a coordinator with agents', () => {
  it('pauses where a member pauses, and goes on in another process with the decision', async () => {
    paid.length = 0;
    const paused = await team([callsTool('pay', { eur: 5 })]).boss('Dig.');
    expect(paused).toMatchObject({ stopReason: 'paused', waiting: [{ tool: 'pay' }] });
    const approvals = paused.waiting.map(({ digest }) => ({ digest, isApproved: true }));
    const later = team(['I dug.']);
    const result = await later.boss({ state: throughJson(paused.state), approvals });
    expect(result).toMatchObject({ stopReason: 'answered', tasks: [{ result: 'I dug.' }] });
    expect(paid).toEqual([5]);
    expect(result.attempts.map(({ outcome }) => outcome)).toEqual(['paused', 'done']);
  });

  it('Q25 goes on from every state, and pays for nothing twice', async () => {
    const states: AgentState[] = [];
    const look = callsTool('nothing', {});
    const whole = await team([look, 'I dug.'], (state) => void states.push(throughJson(state))).boss('Dig.');
    expect(states.length).toBeGreaterThan(6);
    for (const state of states) {
      const text = JSON.stringify(state);
      const replies = text.includes('I dug.') ? 2 : text.includes('"nothing"') ? 1 : 0;
      const rest = team([look, 'I dug.'].slice(replies));
      const result = await rest.boss({ state });
      expect(result.text).toBe('All is dug.');
      expect(rest.worker.requests).toHaveLength(2 - replies);
      expect(result.tasks).toEqual(whole.tasks);
    }
  });

  it('Q02 stops everybody when the caller gives up', async () => {
    const { run, abort, clock } = testRun();
    const work = coordinator(answering(), [silent('Ann')], digging)('Dig.', run);
    const ended = expect(work).rejects.toBe('enough');
    await clock.advance(1);
    abort('enough');
    await ended;
    expect(clock.pending).toBe(0);
  });

  it('goes on with the conversation after its answer', async () => {
    const model = scripted([
      'One.',
      '{"tasks": [{"id": "b", "description": "More.", "dependsOn": [], "worker": "dig"}]}',
      'Two.',
    ]);
    const first = coordinator(model, [good('Ann')], digging);
    const { state } = await first('Dig.');
    const second = coordinator(model, [good('Ann')]);
    const result = await second({ state, messages: [{ role: 'user', content: 'And more?' }] });
    expect(result.text).toBe('Two.');
    expect(result.state.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
  });

  it('says what it costs at most', () => {
    expect(explain(team([]).boss).maxModelCalls).toBeLessThan(Infinity);
  });
});
