import { addUsage, noUsage, type Usage } from '../core/index.js';

/** One try of one member at one task: plain data. */
export interface Attempt {
  readonly member: string;
  /** Id of the task, the same for every try at it. */
  readonly task: string;
  readonly outcome: 'done' | 'failed' | 'declined' | 'paused';
  /** Why it failed or was declined. */
  readonly reason?: string;
  readonly startedMs: number;
  readonly durationMs: number;
  readonly usage: Usage;
  readonly costUsd: number;
}

/** What one member, or all of them, did. */
export interface MemberFigures {
  readonly member: string;
  /** Tries that began: all but those that were declined. */
  readonly attempts: number;
  readonly done: number;
  readonly failed: number;
  readonly declined: number;
  /** Tries that failed or were declined, after which the task was tried again. */
  readonly reassigned: number;
  /** Done, of those done and failed; undefined without any. */
  readonly successRatio?: number;
  /** Of the tries that ended: half, and 95 of 100, took no longer (nearest rank); undefined without any. */
  readonly p50Ms?: number;
  readonly p95Ms?: number;
  readonly usage: Usage;
  readonly costUsd: number;
}

export interface TeamReport {
  /** By name. */
  readonly members: readonly MemberFigures[];
  readonly total: MemberFigures;
}

/** The nearest-rank percentile of a sorted list. */
const percentile = (sorted: readonly number[], share: number): number | undefined =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];

const isGivenUp = ({ outcome }: Attempt): boolean => outcome === 'failed' || outcome === 'declined';

const figuresOf = (member: string, attempts: readonly Attempt[], lastTries: ReadonlySet<Attempt>): MemberFigures => {
  const count = (wanted: Attempt['outcome']): number => attempts.filter(({ outcome }) => outcome === wanted).length;
  const done = count('done');
  const failed = count('failed');
  const declined = count('declined');
  const durations = attempts
    .filter(({ outcome }) => outcome === 'done' || outcome === 'failed')
    .map(({ durationMs }) => durationMs)
    .sort((a, b) => a - b);
  const p50Ms = percentile(durations, 0.5);
  const p95Ms = percentile(durations, 0.95);
  return {
    member,
    attempts: attempts.length - declined,
    done,
    failed,
    declined,
    reassigned: attempts.filter((attempt) => isGivenUp(attempt) && !lastTries.has(attempt)).length,
    ...(done + failed === 0 ? {} : { successRatio: done / (done + failed) }),
    ...(p50Ms === undefined ? {} : { p50Ms }),
    ...(p95Ms === undefined ? {} : { p95Ms }),
    usage: attempts.reduce((sum, { usage }) => addUsage(sum, usage), noUsage),
    costUsd: attempts.reduce((sum, { costUsd }) => sum + costUsd, 0),
  };
};

/**
 * Sums up what members did: how much each did, how well, how fast, and what it took.
 * @example teamReport([]).total.done // => 0
 */
export const teamReport = (attempts: readonly Attempt[]): TeamReport => {
  const byMember = new Map<string, Attempt[]>();
  for (const attempt of attempts) {
    const own = byMember.get(attempt.member);
    if (own === undefined) byMember.set(attempt.member, [attempt]);
    else own.push(attempt);
  }
  const lastTries = new Set(new Map(attempts.map((attempt) => [attempt.task, attempt])).values());
  const names = [...byMember.keys()].sort();
  return {
    members: names.map((name) => figuresOf(name, byMember.get(name) ?? [], lastTries)),
    total: figuresOf('all', attempts, lastTries),
  };
};

const shown = (value: number | undefined, digits = 0): string => (value === undefined ? '–' : value.toFixed(digits));

const cellsOf = (figures: MemberFigures): readonly string[] => {
  const { member, attempts, done, failed, declined, reassigned, p50Ms, p95Ms, usage, costUsd } = figures;
  const counts = [attempts, done, failed, declined, reassigned].map(String);
  const tokens = shown(usage.inputTokens + usage.outputTokens);
  return [member, ...counts, shown(p50Ms), shown(p95Ms), tokens, shown(costUsd, 4)];
};

const heads = ['member', 'tries', 'done', 'failed', 'declined', 'reassigned', 'p50 ms', 'p95 ms', 'tokens', 'USD'];

/**
 * The report as a table for people, one line a member.
 * @example reportTable(teamReport([])).split('\n').length // => 2
 */
export const reportTable = ({ members, total }: TeamReport): string => {
  const rows = [heads, ...[...members, total].map(cellsOf)];
  const widths = heads.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const lineOf = (row: readonly string[]): string =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ');
  return rows.map(lineOf).join('\n');
};
