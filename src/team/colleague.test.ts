import { describe, expect, it } from 'vitest';
import { agent } from '../agent/index.js';
import { memoryBus } from '../bus/index.js';
import { entered } from './call-chain.js';
import { noUsage, type Run } from '../core/index.js';
import { callsTool, scripted, type ScriptTurn, testRun } from '../testing/index.js';
import {
  coordinator,
  joinTeam,
  type JoinTeamOptions,
  type MemberReply,
  negotiator,
  type TeamMember,
  teamMember,
  teamTools,
} from './index.js';

const done = (text: string): MemberReply => ({ status: 'done', text, taint: [], usage: noUsage, costUsd: 0 });
type Act = (task: string, run: Run, onProgress?: () => Promise<void>) => Promise<MemberReply>;
const acting = (
  name: string,
  act: Act,
  skills: readonly string[] = ['dig'],
  load = 0,
): TeamMember & { calls: number } => {
  const member = {
    calls: 0,
    profile: { name, description: `Is ${name}.`, skills, maxConcurrent: 1 },
    load: () => load,
    work: ({ task }: { readonly task: string }, run: Run, onProgress?: () => Promise<void>) => {
      member.calls++;
      return act(task, run, onProgress);
    },
  };
  return member;
};
const good = (name: string, skills?: readonly string[], load?: number) =>
  acting(name, async () => done(`${name} dug.`), skills, load);
const never: Act = () => new Promise(() => undefined);

/** Members on a bus whose time is moved by hand. */
const meeting = async (members: readonly TeamMember[], options: JoinTeamOptions = {}) => {
  const { run, clock, events, abort } = testRun();
  const bus = memoryBus({ clock, random: run.random });
  const there = await Promise.all(members.map((member) => joinTeam(bus, member, options, run)));
  const me = await joinTeam(bus, good('me', []), options, run);
  return { run, clock, events, abort, bus, there, me, [Symbol.asyncDispose]: () => bus.close() };
};

/** Moves time on until the work has settled. */
const settle = async <T>(work: Promise<T>, advance: (ms: number) => Promise<void>, stepMs = 1_000): Promise<T> => {
  let isOver = false;
  const watched = work.finally(() => {
    isOver = true;
  });
  watched.catch(() => undefined);
  for (let i = 0; i < 300 && !isOver; i++) await advance(stepMs);
  return watched;
};

describe('joinTeam', () => {
  it('does a task that another one asks for', async () => {
    const ann = teamMember(agent(scripted(['Dug.'])), { name: 'ann', skills: ['dig'] });
    await using team = await meeting([ann]);
    expect(await team.me.ask('ann', 'Dig.', team.run)).toMatchObject({ status: 'done', text: 'Dug.' });
  });

  it('declines at once, whoever waits for whose place', async () => {
    const member = teamMember(agent(scripted([[{ type: 'stall' }]], { shouldRepeat: true })), {
      name: 'ann',
      maxConcurrent: 1,
    });
    await using team = await meeting([member]);
    const first = team.me.ask('ann', 'Dig.', team.run);
    first.catch(() => undefined);
    await team.clock.advance(1);
    expect(await team.me.ask('ann', 'Dig.', team.run)).toMatchObject({
      status: 'declined',
      reason: expect.stringContaining('1 tasks'),
    });
  });

  it('refuses at once to wait for one that waits for it, and names the cycle', async () => {
    const errors: unknown[] = [];
    const asks = (name: string, to: string): TeamMember => ({
      ...teamMember(agent(scripted([])), { name }),
      work: async (_, run) => {
        const self = colleagues.get(name);
        try {
          return (await self?.ask(to, 'Help.', entered(run, name))) ?? done('');
        } catch (error) {
          errors.push(error);
          return done('I was refused.');
        }
      },
    });
    const colleagues = new Map<string, Awaited<ReturnType<typeof joinTeam>>>();
    await using team = await meeting([asks('a', 'b'), asks('b', 'c'), asks('c', 'a')]);
    for (const each of team.there) colleagues.set(each.name, each);
    const nowMs = team.clock.now();
    expect(await team.me.ask('a', 'Go.', team.run)).toMatchObject({ text: 'I was refused.' });
    expect(errors).toMatchObject([{ code: 'wait-cycle', details: { where: 'a → b → c → a' } }]);
    expect(team.clock.now()).toBe(nowMs);
  });

  it('rejects with a typed error when a member leaves, is not there, or says nothing in time', async () => {
    await using team = await meeting([acting('ann', never), acting('bob', never)], { workMs: 5_000 });
    await expect(team.me.ask('zed', 'x', team.run)).rejects.toMatchObject({ code: 'not-found' });
    const late = team.me.ask('bob', 'x', team.run);
    late.catch(() => undefined);
    const left = team.me.ask('ann', 'x', team.run);
    left.catch(() => undefined);
    await team.clock.advance(1);
    await team.there[0]?.[Symbol.asyncDispose]();
    await expect(left).rejects.toMatchObject({ code: 'member-left' });
    await team.clock.advance(5_000);
    await expect(late).rejects.toMatchObject({ code: 'timeout' });
  });

  it('takes wrong answers for failures, not for replies', async () => {
    await using team = await meeting([acting('ann', async () => ({ status: 'done' }) as never)]);
    await expect(team.me.ask('ann', 'x', team.run)).rejects.toMatchObject({ code: 'output-invalid' });
  });

  it('does a task once that is delivered twice', async () => {
    const ann = good('ann');
    await using team = await meeting([ann]);
    const [remote] = await team.me.others(team.run);
    const twice = [1, 2].map(() => remote?.work({ id: 'the same', task: 'Dig.' }, team.run));
    expect(await Promise.all(twice)).toMatchObject([{ text: 'ann dug.' }, { text: 'ann dug.' }]);
    expect(await remote?.work({ id: 'the same', task: 'Dig.' }, team.run)).toMatchObject({ text: 'ann dug.' });
    expect(ann.calls).toBe(1);
  });
});

describe('a call for help', () => {
  it('gives the task to the best bidder, and to the next when that one fails', async () => {
    const broken = acting('ann', () => Promise.reject(new Error('Broken.')));
    const members = [broken, good('bob', ['dig'], 0), good('cid', ['sing']), good('dan', ['dig'], 1)];
    await using team = await meeting(members);
    const { member, reply, bids } = await team.me.callForHelp({ task: 'Dig.', skills: ['dig'] }, team.run);
    expect([member, reply.status]).toEqual(['bob', 'done']);
    expect(bids.map(({ member: name, score }) => [name, score > 0])).toEqual([
      ['ann', true],
      ['bob', true],
      ['cid', false],
      ['dan', false],
    ]);
    expect(bids[2]?.reason).toContain('not the skills dig');
    expect(
      team.events.filter(({ type }) => type === 'choice-made').map((event) => 'chosen' in event && event.chosen),
    ).toEqual(['ann', 'bob']);
  });

  it('ends at its deadline when nobody answers, and says why nobody did it', async () => {
    await using team = await meeting([good('ann', ['sing'])], { answerMs: 2_000 });
    await team.bus.join('mute');
    const { member, reply } = await settle(
      team.me.callForHelp({ task: 'Dig.', skills: ['dig'] }, team.run),
      team.clock.advance,
    );
    expect(member).toBeUndefined();
    expect(reply).toMatchObject({ status: 'failed', reason: 'ann: It has not the skills dig.' });
  });

  it('lets an agent ask the team, share notes and read them', async () => {
    const turns: ScriptTurn[] = [
      callsTool('share_note', { key: 'place', text: 'Under the tree.' }),
      callsTool('ask_for_help', { task: 'Dig.', skills: ['dig'] }),
      callsTool('read_notes', {}),
      'It is done.',
    ];
    const model = scripted(turns);
    const ann = teamMember(agent(model, { name: 'ann', tools: teamTools() }));
    await using team = await meeting([ann, good('bob')]);
    expect(await team.me.ask('ann', 'Have it dug.', team.run)).toMatchObject({
      text: 'It is done.',
      taint: ['ask_for_help', 'read_notes'],
    });
    expect(JSON.stringify(model.requests[2]?.messages.at(-1))).toContain('bob dug.');
    await team.clock.advance(1);
    expect(team.me.notes()).toMatchObject([{ key: 'place', text: 'Under the tree.', from: 'ann' }]);
    const late = await joinTeam(team.bus, good('late'), {}, team.run);
    expect(late.notes()).toMatchObject([{ key: 'place' }]);
  });

  it('Q27 keeps a bounded number of notes', async () => {
    await using team = await meeting([], { maxNotes: 2 });
    for (const key of ['a', 'b', 'c', 'b']) await team.me.share(key, `About ${key}.`, team.run);
    expect(team.me.notes().map(({ key }) => key)).toEqual(['c', 'b']);
  });
});

describe('a negotiation', () => {
  const offer = { subject: 'Delivery', terms: 'On Monday.' };

  it('ends when one accepts, with the terms', async () => {
    const answer = (decision: string, terms: string) => JSON.stringify({ decision, terms, reason: 'So.' });
    const bob = negotiator(scripted([answer('counter', 'On Friday.'), answer('accept', '')]), 'No hurry.');
    await using team = await meeting([good('bob')], { negotiator: bob });
    const decide = negotiator(scripted([answer('counter', 'On Wednesday.')]), 'Be quick.');
    const result = await team.me.negotiate('bob', { ...offer, decide }, {}, team.run);
    expect(result).toMatchObject({ outcome: 'agreed', terms: 'On Wednesday.', reason: 'So.' });
    expect(result.offers.map(({ from, terms }) => `${from}: ${terms}`)).toEqual([
      'me: On Monday.',
      'bob: On Friday.',
      'me: On Wednesday.',
    ]);
  });

  it('never goes on without end, and takes nonsense for a no', async () => {
    let turns = 0;
    const haggle = async () => ({ decision: 'counter' as const, terms: `Offer ${++turns}.`, reason: 'More!' });
    await using team = await meeting([good('bob')], { negotiator: haggle });
    const result = await team.me.negotiate('bob', { ...offer, decide: haggle }, { maxTurns: 5 }, team.run);
    expect(result).toMatchObject({ outcome: 'open' });
    expect(turns).toBe(5);
    await using rude = await meeting([good('bob')], { negotiator: async () => ({ decision: 'maybe' }) as never });
    expect(await rude.me.negotiate('bob', { ...offer, decide: haggle }, {}, rude.run)).toMatchObject({
      outcome: 'rejected',
    });
    await using mute = await meeting([good('bob')]);
    expect(await mute.me.negotiate('bob', { ...offer, decide: haggle }, {}, mute.run)).toMatchObject({
      reason: 'It does not negotiate.',
    });
  });
});

describe('a coordinator over a bus', () => {
  const digging = { plan: [{ id: 'a', description: 'Dig.', dependsOn: [], worker: 'dig' }] };
  const boss = (members: readonly TeamMember[], waiting = {}) =>
    coordinator(scripted(['All is dug.']), members, { ...digging, waiting });

  it('is the same as in one process, and leaves out who does not say who it is', async () => {
    await using team = await meeting([good('ann')], { answerMs: 1_000 });
    await team.bus.join('mute');
    const members = await settle(team.me.others(team.run), team.clock.advance);
    expect(members.map(({ profile }) => profile.name)).toEqual(['ann']);
    const { tasks, attempts } = await boss(members)('Dig.', team.run);
    expect(tasks[0]).toMatchObject({ status: 'done', result: 'ann dug.' });
    expect(attempts).toMatchObject([{ member: 'ann', outcome: 'done' }]);
  });

  it('gives a task to another when its member dies, hangs or never answers; signs of life are heard across the bus', async () => {
    const beating = acting('zoe', async (_, run, onProgress) => {
      for (let i = 0; i < 8; i++) {
        await new Promise<void>((resolve) => void run.clock.after(2_000, resolve));
        await onProgress?.();
      }
      return done('Slow but steady.');
    });
    await using team = await meeting([acting('ann', never), acting('bob', never), beating]);
    const members = await team.me.others(team.run);
    const work = boss(members, { silenceMs: 5_000 })('Dig.', team.run);
    await team.clock.advance(100);
    await team.there[0]?.[Symbol.asyncDispose]();
    const { attempts, tasks } = await settle(work, team.clock.advance);
    expect(attempts.map(({ member, outcome }) => `${member} ${outcome}`)).toEqual([
      'ann failed',
      'bob failed',
      'zoe done',
    ]);
    expect(attempts[0]?.reason).toContain('left');
    expect(attempts[1]?.reason).toContain('no sign of life');
    expect(attempts[2]?.durationMs).toBeGreaterThan(15_000);
    expect(tasks[0]?.result).toBe('Slow but steady.');
  });

  it('Q02 Q10 leaves nothing behind when its caller gives up', async () => {
    await using team = await meeting([acting('ann', never)]);
    const members = await team.me.others(team.run);
    const control = new AbortController();
    using scope = team.run.scope({ signal: control.signal });
    const ended = expect(boss(members)('Dig.', scope.run)).rejects.toBe('enough');
    await team.clock.advance(1);
    const before = team.clock.pending;
    control.abort('enough');
    await ended;
    await team.clock.advance(1);
    expect(team.clock.pending).toBeLessThan(before);
  });
});
