import { describe, expect, it } from 'vitest';
import { type Embedder, defineStepWith, noUsage } from '../core/index.js';
import { testRun } from '../testing/index.js';
import { type Attempt, matchMembers, reportTable, type TeamMember, teamReport } from './index.js';

const member = (name: string, skills: readonly string[], description = '', load = 0): TeamMember => ({
  profile: { name, description, skills, maxConcurrent: 4 },
  load: () => load,
  work: async () => ({ status: 'declined', reason: '' }),
});
const attempt = (name: string, outcome: Attempt['outcome'], more: Partial<Attempt> = {}): Attempt => ({
  member: name,
  task: 't',
  outcome,
  startedMs: 0,
  durationMs: 10,
  usage: noUsage,
  costUsd: 0,
  ...more,
});

/** Texts are near each other by the words `water` and `fire`. */
const asked: string[][] = [];
const embedder: Embedder = defineStepWith(
  { kind: 'embedder' },
  { id: 'words', dimensions: 2 },
  async (texts: readonly string[]) => {
    asked.push([...texts]);
    return texts.map((text) => new Float32Array([text.includes('water') ? 1 : 0, text.includes('fire') ? 1 : 0]));
  },
);
const names = async (...given: Parameters<typeof matchMembers>) =>
  (await matchMembers(...given)).map((each) => each.member.profile.name);

describe('matchMembers', () => {
  it('takes those that have all skills, the less busy first, then those that did well', async () => {
    const members = [
      member('a', ['x']),
      member('b', ['x', 'y'], '', 2),
      member('c', ['x', 'y']),
      member('d', ['y', 'x']),
    ];
    const needs = { task: 'Do it.', skills: ['x', 'y'] };
    expect(await names(needs, members)).toEqual(['c', 'd', 'b']);
    const history = [attempt('c', 'failed'), attempt('d', 'declined'), attempt('d', 'done')];
    expect(await names(needs, members, { history })).toEqual(['d', 'c', 'b']);
    const [first] = await matchMembers(needs, members, { history });
    expect(first?.reason).toBe('x, y; 0 of 4 tasks; 1 of 1 done');
    expect(await names({ task: 'Anything.' }, members)).toHaveLength(4);
    expect(await names({ task: 'Do it.', skills: ['z'] }, members)).toEqual([]);
  });

  it('finds by what descriptions mean where no tag fits, and asks the embedder only then', async () => {
    asked.length = 0;
    const members = [member('wet', ['swim'], 'Knows water.'), member('hot', ['burn'], 'Knows fire.')];
    const { run } = testRun();
    expect(await names({ task: 'Put out the fire.', skills: ['fight'] }, members, { embedder }, run)).toEqual(['hot']);
    expect(asked).toHaveLength(1);
    expect(await names({ task: 'Put out the fire.', skills: ['swim'] }, members, { embedder }, run)).toEqual(['wet']);
    expect(asked).toHaveLength(1);
    expect(await names({ task: 'Sing.', skills: ['sing'] }, members, { embedder }, run)).toEqual([]);
  });
});

describe('teamReport', () => {
  it('tells what each did, how fast, and what it took', () => {
    const usage = { inputTokens: 10, outputTokens: 5 };
    const attempts = [
      attempt('b', 'failed', { task: '1', durationMs: 100 }),
      attempt('a', 'done', { task: '1', durationMs: 10, usage, costUsd: 0.5 }),
      attempt('a', 'done', { task: '2', durationMs: 30, usage, costUsd: 0.25 }),
      attempt('a', 'declined', { task: '3', durationMs: 1 }),
      attempt('b', 'failed', { task: '3', durationMs: 300 }),
      ...Array.from({ length: 18 }, (_, i) => attempt('c', 'done', { task: `c${i}`, durationMs: i + 1 })),
      attempt('c', 'paused', { task: 'p', durationMs: 9_999 }),
    ];
    const { members, total } = teamReport(attempts);
    expect(members[0]).toEqual({
      member: 'a',
      attempts: 2,
      done: 2,
      failed: 0,
      declined: 1,
      reassigned: 1,
      successRatio: 1,
      p50Ms: 10,
      p95Ms: 30,
      usage: expect.objectContaining({ inputTokens: 20, outputTokens: 10 }),
      costUsd: 0.75,
    });
    expect(members[1]).toMatchObject({
      member: 'b',
      failed: 2,
      reassigned: 1,
      successRatio: 0,
      p50Ms: 100,
      p95Ms: 300,
    });
    expect(members[2]).toMatchObject({ member: 'c', attempts: 19, p50Ms: 9, p95Ms: 18 });
    expect(total).toMatchObject({ attempts: 23, done: 20, failed: 2, declined: 1, reassigned: 2, costUsd: 0.75 });
    expect(reportTable({ members, total }).split('\n')[1]).toMatch(/^a\s+2\s+2\s+0\s+1\s+1\s+10\s+30\s+30\s+0\.7500$/u);
  });

  it('has a table without anybody', () => {
    expect(reportTable(teamReport([]))).toContain('–');
  });
});
