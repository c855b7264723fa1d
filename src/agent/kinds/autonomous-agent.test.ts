import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRun, PipewrightError, type Store } from '../../core/index.js';
import { windowMemory } from '../../memory/index.js';
import { memoryStore } from '../../store/index.js';
import { callsTool, manualClock, scripted, testRun } from '../../testing/index.js';
import { policy, tool, toolbox } from '../../tool/index.js';
import { agent } from '../agent.js';
import { type AutonomousAgentOptions, autonomousAgent } from './autonomous-agent.js';
import { missionTransitions, type MissionPhase, moved, idleMission } from './mission.js';

const phasesOf = ({ transitions }: { readonly transitions: readonly { readonly to: MissionPhase }[] }) =>
  transitions.map(({ to }) => to);

/** A tool that holds its agent until the test lets it go. */
const held = () => {
  let release = (): void => undefined;
  let began = (): void => undefined;
  const isWaiting = new Promise<void>((resolve) => {
    began = resolve;
  });
  const done: string[] = [];
  const wait = tool({
    name: 'wait',
    description: 'Waits.',
    input: z.object({}),
    run: async () => {
      began();
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      done.push('waited');
      return 'It is time.';
    },
  });
  return { wait, done, isWaiting, release: () => release() };
};

const plain = (turns: Parameters<typeof scripted>[0], options: AutonomousAgentOptions<string> = {}) =>
  autonomousAgent(scripted(turns), { planner: false, ...options });

describe('a mission', () => {
  it('refuses a phase that cannot follow, and forgets its oldest transitions', () => {
    expect(() => moved(idleMission([]), 'done', '', 0)).toThrow('A mission that is idle cannot become done.');
    let mission = moved(idleMission([]), 'planning', '', 0);
    for (let turn = 1; turn < 300; turn++) mission = moved(mission, turn % 2 === 1 ? 'paused' : 'planning', '', turn);
    expect(mission.transitions).toHaveLength(100);
    expect(mission.transitions.at(-1)?.atMs).toBe(299);
    expect(Object.values(missionTransitions).flat()).not.toContain('idle');
  });

  it('plans, executes, and tells its way with times and reasons', async () => {
    const model = scripted(['{"steps": ["Look."], "criteria": ["A number."]}', 'It is 7.', judged(9)]);
    const { run, clock, events } = testRun({ nowMs: 50 });
    const running = autonomousAgent(model)('Count.', run);
    await clock.advance(0);
    const { mission, text } = await running;
    expect(text).toBe('It is 7.');
    expect(mission).toMatchObject({ phase: 'done', plan: ['Look.'], criteria: ['A number.'], attempts: 1, calls: 3 });
    expect(mission.transitions).toMatchObject([
      { from: 'idle', to: 'planning', atMs: 50, reason: 'A goal was given.' },
      { from: 'planning', to: 'executing', reason: 'A plan of 1 steps.' },
      { from: 'executing', to: 'done', reason: 'The goal is reached.' },
    ]);
    expect(JSON.stringify(model.requests[1]?.messages)).toContain('It is reached when');
    const told = events.filter(({ type }) => type === 'progress' || type === 'custom');
    expect(told.length).toBeGreaterThan(5);
  });

  it('is worked on anew with the review until the criteria are met, and fails when they never are', async () => {
    const turns = ['{"steps": [], "criteria": ["Long."]}', 'Short.', judged(2), '{"steps": ["More."], "criteria": []}'];
    const model = scripted([...turns, 'It is long now.', judged(8)]);
    const { mission, text } = await autonomousAgent(model)('Write.');
    expect([text, mission.attempts, mission.criteria]).toEqual(['It is long now.', 2, ['Long.']]);
    expect(JSON.stringify(model.requests[4]?.messages)).toContain('<review>');

    const never = autonomousAgent(scripted([...turns, 'Still short.', judged(3)]));
    const failed = await never('Write.');
    expect(failed).toMatchObject({ stopReason: 'stopped', output: undefined });
    expect(failed.mission).toMatchObject({ phase: 'failed', failure: { code: 'criteria-unmet' } });
    expect(failed.mission.recovery.map(({ action }) => action)).toEqual(['other-model', 'change-goal', 'raise-limit']);
  });

  it('goes on without a plan where the planner writes prose, and without a verdict where the critic does', async () => {
    const planner = scripted(['I would look.', 'Then tell.']);
    const critic = scripted(['Fine!', 'Really fine!']);
    const store = memoryStore();
    const able = autonomousAgent(scripted(['Done.']), { planner, critic, store });
    const id = await able.start({ goal: 'Do it.', criteria: ['It is done.'] });
    expect(await able.wait(id)).toMatchObject({ phase: 'done', plan: [], text: 'Done.' });
  });

  it.each([
    [
      new PipewrightError('rate-limited', 'Slow.', { retryable: true, details: { retryAfterMs: 900 } }),
      'rate-limited',
      { action: 'retry-later', afterMs: 900 },
    ],
    [new PipewrightError('not-allowed', 'No.'), 'not-allowed', { action: 'approve' }],
    [new PipewrightError('content-refused', 'No.'), 'content-refused', { action: 'change-goal' }],
    [new PipewrightError('dependency-missing', 'Install it.'), 'dependency-missing', { action: 'fix-setup' }],
    [new TypeError('x is no function'), 'unknown', { action: 'retry' }],
  ])('that fails with %s says what can be done', async (error, code, first) => {
    const able = plain([[{ type: 'throw', error }], 'Done.']);
    const id = await able.start('Do it.');
    const failed = await able.wait(id);
    expect(failed).toMatchObject({ phase: 'failed', failure: { code }, isRunning: false });
    expect(failed.recovery[0]).toMatchObject(first);
    await able.resume(id);
    const done = await able.wait(id);
    expect(done).toMatchObject({ phase: 'done', text: 'Done.', recovery: [] });
    expect(phasesOf(done)).toEqual(['planning', 'executing', 'failed', 'executing', 'done']);
    expect(done.failure).toBeUndefined();
  });

  it('has a model advise on a failure where that is allowed, and fails no worse when that fails too', async () => {
    const error = new PipewrightError('model-failed', 'Broken.');
    const advisor = scripted(['{"advice": ["Split the goal."]}', [{ type: 'throw', error }]]);
    const able = plain([[{ type: 'throw', error }], [{ type: 'throw', error }]], { advisor });
    const first = await able.wait(await able.start('Do it.'));
    expect(first.recovery.at(-1)).toEqual({ action: 'advice', why: 'Split the goal.' });
    const second = await able.wait(await able.start('Do it.'));
    expect(second.recovery.map(({ action }) => action)).toEqual(['other-model', 'retry']);
  });

  it('keeps to its limit of calls over all its processes', async () => {
    const store = memoryStore();
    const look = tool({ name: 'look', description: '', input: z.object({}), run: () => 'Nothing yet.' });
    const turns = Array.from({ length: 9 }, (_, at) => callsTool('look', {}, `c${at}`));
    const made = (maxCalls: number, script: Parameters<typeof scripted>[0]) =>
      autonomousAgent(agent(scripted(script), { tools: [look] }), { store, limits: { maxCalls } });
    const first = made(3, turns);
    const id = await first.start('Look.');
    const stopped = await first.wait(id);
    expect(stopped).toMatchObject({ phase: 'failed', calls: 3, failure: { code: 'max-steps' } });
    expect(stopped.recovery[0]?.action).toBe('raise-limit');
    await first.resume(id);
    expect(await first.wait(id)).toMatchObject({ phase: 'failed', calls: 3 });
    const second = made(5, ['Seen.']);
    await second.resume(id);
    expect(await second.wait(id)).toMatchObject({ phase: 'done', calls: 4, text: 'Seen.' });
  });

  it('keeps to its limit of time at work', async () => {
    const clock = manualClock();
    const model = scripted([[{ type: 'wait', ms: 600 }, ...callsTool('look', {})], 'Never.']);
    const look = tool({ name: 'look', description: '', input: z.object({}), run: () => 'Seen.' });
    const able = autonomousAgent(agent(model, { tools: [look] }), { limits: { maxMs: 500 } });
    const running = able('Look.', createRun({ clock }));
    await clock.advance(600);
    expect(await running).toMatchObject({ stopReason: 'budget', mission: { phase: 'failed', workedMs: 600 } });
    expect(model.requests).toHaveLength(1);
  });
});

const judged = (score: number): string =>
  JSON.stringify({ scores: [{ criterion: 'criterion 1', reason: 'So it is.', score }], advice: '' });

describe('supervision', () => {
  const twoSteps = (
    store: Store,
    held: { readonly wait: ReturnType<typeof tool<never, unknown>> },
    turns = ['Done.'],
  ) => autonomousAgent(agent(scripted([callsTool('wait', {}), ...turns]), { tools: [held.wait] }), { store });

  it('pauses while it runs, pays nothing twice, and goes on', async () => {
    const store = memoryStore();
    const tool = held();
    const able = twoSteps(store, tool);
    const id = await able.start('Wait.');
    await tool.isWaiting;
    expect(await able.status(id)).toMatchObject({ phase: 'executing', isRunning: true });
    await able.pause(id);
    tool.release();
    const paused = await able.wait(id);
    expect(paused).toMatchObject({ phase: 'paused', isRunning: false });
    await able.resume(id);
    expect(await able.wait(id)).toMatchObject({ phase: 'done', text: 'Done.', calls: 2 });
    expect(tool.done).toHaveLength(1);
    expect(await able.list()).toMatchObject([{ id, goal: 'Wait.', phase: 'done' }]);
  });

  it('cancels at once, for good', async () => {
    const tool = held();
    const able = twoSteps(memoryStore(), tool);
    const id = await able.start('Wait.');
    await tool.isWaiting;
    await able.cancel(id);
    expect(await able.status(id)).toMatchObject({ phase: 'failed', failure: { code: 'cancelled' }, isRunning: false });
    await expect(able.resume(id)).rejects.toMatchObject({ code: 'bad-input' });
    await expect(able.cancel(id)).rejects.toMatchObject({ code: 'bad-input' });
    tool.release();
  });

  it('lets one process at a time work on a mission, and another cancel it', async () => {
    const store = memoryStore();
    const clock = manualClock();
    const tool = held();
    const first = twoSteps(store, tool);
    const second = plain(['Never.'], { store });
    const id = await first.start('Wait.', createRun({ clock }));
    await tool.isWaiting;
    const other = (): ReturnType<typeof createRun> => createRun({ clock });
    await expect(second.resume(id, {}, other())).rejects.toMatchObject({ code: 'store-locked' });
    // Signs of life hold it beyond the first lease.
    await clock.advance(45_000);
    await expect(second.resume(id, {}, other())).rejects.toMatchObject({ code: 'store-locked' });
    await second.cancel(id, other());
    await clock.advance(30_000);
    expect(await first.wait(id, other())).toMatchObject({ phase: 'failed', failure: { code: 'cancelled' } });
  });

  it('is taken over when a process gives no sign of life, and the first one notices and leaves it alone', async () => {
    const store = memoryStore();
    const clock = manualClock();
    const [one, two] = [held(), held()];
    const model = scripted([callsTool('wait', {}), 'Never.']);
    const first = autonomousAgent(agent(model, { tools: [one.wait] }), { store });
    const second = autonomousAgent(agent(scripted(['Done.']), { tools: [two.wait] }), { store });
    // A clock of its own, which stands still: no sign of life.
    const id = await first.start('Wait.', createRun({ clock: manualClock() }));
    await one.isWaiting;
    await clock.advance(31_000);
    const run = createRun({ clock });
    await second.resume(id, {}, run);
    await two.isWaiting;
    one.release();
    // The first one ends, asks its model no more, and changes nothing of what the second one does.
    expect(await first.wait(id, run)).toMatchObject({ phase: 'executing', isRunning: true });
    expect(model.requests).toHaveLength(1);
    two.release();
    expect(await second.wait(id, run)).toMatchObject({ phase: 'done', text: 'Done.' });
  });

  it('pauses for a person, and goes on with the decision', async () => {
    const sent: string[] = [];
    const send = tool({
      name: 'send',
      description: '',
      input: z.object({ to: z.string() }),
      run: ({ to }) => void sent.push(to),
    });
    const box = toolbox([send], { policy: policy([], { otherwise: 'ask' }) });
    const able = autonomousAgent(agent(scripted([callsTool('send', { to: 'Ann' }), 'Sent.']), { tools: box }));
    const id = await able.start('Send.');
    const paused = await able.wait(id);
    expect(paused).toMatchObject({ phase: 'paused', waiting: [{ tool: 'send', input: { to: 'Ann' } }] });
    const approvals = paused.waiting.map(({ digest }) => ({ digest, isApproved: true }));
    await able.resume(id, { approvals });
    expect(await able.wait(id)).toMatchObject({ phase: 'done', text: 'Sent.', waiting: [] });
    expect(sent).toEqual(['Ann']);
  });

  it('remembers one mission in the next, and is not asked again what it remembers', async () => {
    const memory = windowMemory();
    const model = scripted(['I am Bob.', 'You asked my name.']);
    const able = autonomousAgent(model, { planner: false, memory });
    await able.wait(await able.start({ goal: 'Your name?', userId: 'ann', conversationId: 'c' }));
    await able.wait(await able.start({ goal: 'What did I ask?', userId: 'ann', conversationId: 'c' }));
    expect(JSON.stringify(model.requests[1]?.messages)).toContain('I am Bob.');
    const { messages } = await memory.recall({ userId: 'ann', conversationId: 'c' });
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
  });

  it('leaves what it closes to be resumed at once', async () => {
    const store = memoryStore();
    const tool = held();
    const id = await (async () => {
      await using able = twoSteps(store, tool);
      const started = await able.start('Wait.');
      await tool.isWaiting;
      return started;
    })();
    const again = plain(['Done after all.'], { store });
    expect(await again.status(id)).toMatchObject({ phase: 'executing', isRunning: false });
    tool.release();
  });

  it.each(['resume', 'pause', 'cancel'] as const)('refuses to %s what is done', async (what) => {
    const able = plain(['Done.']);
    const id = await able.start('Do it.');
    await able.wait(id);
    await expect(able[what](id)).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('refuses an id that is taken, or that is not there, and state of a newer release', async () => {
    const store = memoryStore();
    const able = plain(['Done.'], { store });
    await able.start({ goal: 'Do it.', id: 'a' });
    await expect(able.start({ goal: 'Do it.', id: 'a' })).rejects.toMatchObject({ code: 'duplicate-id' });
    await expect(able.status('b')).rejects.toMatchObject({ code: 'not-found' });
    await expect(able.pause('b')).rejects.toMatchObject({ code: 'not-found' });
    await able.wait('a');
    const value = new TextEncoder().encode('{"version": 2}');
    await store.write([{ type: 'put', key: 'missions/record/a', value }]);
    await expect(able.status('a')).rejects.toMatchObject({ code: 'store-newer' });
  });

  it('goes on with a further message in the same conversation when it is done', async () => {
    const model = scripted(['One.', 'Two.']);
    const able = autonomousAgent(model, { planner: false });
    const id = await able.start('Count.');
    await able.wait(id);
    await able.resume(id, { messages: [{ role: 'user', content: 'Go on.' }] });
    expect(await able.wait(id)).toMatchObject({ phase: 'done', text: 'Two.' });
    expect(model.requests[1]?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  });
});
