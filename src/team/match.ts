import { createRun, type Embedder, embedTexts, type Run } from '../core/index.js';
import type { MemberProfile, TeamMember } from './member.js';
import type { Attempt } from './team-report.js';

/** What a task asks for. */
export interface TaskNeeds {
  readonly task: string;
  /** Tags that one who does it must have. @default none */
  readonly skills?: readonly string[];
}

export interface MatchOptions {
  /** Finds members by what their descriptions mean, where their tags do not fit. @default tags alone decide */
  readonly embedder?: Embedder;
  /** From this cosine on a description fits. @default 0.5 */
  readonly minSimilarity?: number;
  /** What members did before: who succeeded is preferred. @default nothing is known */
  readonly history?: readonly Attempt[];
}

/** A member that can do a task, and how well it suits. */
export interface Match {
  readonly member: TeamMember;
  /** 0 to 1. */
  readonly score: number;
  /** For people. */
  readonly reason: string;
}

/** What it can do counts most, then whether it has time, then how it did before. */
const weights = { fit: 0.6, free: 0.25, success: 0.15 };

const textOfProfile = ({ description, skills }: MemberProfile): string => [description, ...skills].join(', ');

const cosine = (a: Float32Array, b: Float32Array): number => {
  let dot = 0;
  let lengthA = 0;
  let lengthB = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ?? 0;
    const y = b[i] ?? 0;
    dot += x * y;
    lengthA += x * x;
    lengthB += y * y;
  }
  return lengthA === 0 || lengthB === 0 ? 0 : dot / Math.sqrt(lengthA * lengthB);
};

/** How near each description is to the task. One call of the embedder. */
const similarities = async (
  { task, skills = [] }: TaskNeeds,
  members: readonly TeamMember[],
  embedder: Embedder,
  run: Run,
): Promise<readonly number[]> => {
  const asked = [task, ...skills].join(', ');
  const [query, ...others] = await embedTexts(
    embedder,
    [asked, ...members.map(({ profile }) => textOfProfile(profile))],
    run,
  );
  return others.map((other) => (query === undefined ? 0 : cosine(query, other)));
};

/** The share that succeeded, as if one more had succeeded and one more had failed (rule of succession, Laplace 1814). */
const successOf = (name: string, history: readonly Attempt[]): { readonly share: number; readonly words: string } => {
  const own = history.filter(({ member, outcome }) => member === name && (outcome === 'done' || outcome === 'failed'));
  const done = own.filter(({ outcome }) => outcome === 'done').length;
  return { share: (done + 1) / (own.length + 2), words: own.length === 0 ? 'new' : `${done} of ${own.length} done` };
};

/** How well a member's skills fit, and the words for it. */
interface Fit {
  readonly member: TeamMember;
  readonly fit: number;
  readonly why: string;
}

/** Those who can do a task. One call of the embedder, where there is one and tags do not decide. */
export const fittingMembers = async (
  needs: TaskNeeds,
  members: readonly TeamMember[],
  { embedder, minSimilarity = 0.5 }: MatchOptions,
  run: Run,
): Promise<readonly Fit[]> => {
  const { skills = [] } = needs;
  const hasAll = ({ profile }: TeamMember): boolean => skills.every((skill) => profile.skills.includes(skill));
  const able = members.filter(hasAll);
  if (embedder === undefined || (skills.length > 0 && able.length > 0)) {
    return able.map((member) => ({ member, fit: 1, why: skills.join(', ') || 'any task' }));
  }
  const near = await similarities(needs, members, embedder, run);
  return members.flatMap((member, at) => {
    const fit = near[at] ?? 0;
    const isNear = skills.length === 0 ? fit > 0 : fit >= minSimilarity;
    return isNear ? [{ member, fit, why: `similarity ${fit.toFixed(2)}` }] : [];
  });
};

/** The best suited first; those with equal scores keep their order. */
export const rankMembers = (fits: readonly Fit[], history: readonly Attempt[]): readonly Match[] =>
  fits
    .map(({ member, fit, why }): Match => {
      const { name, maxConcurrent } = member.profile;
      const load = member.load();
      const { share, words } = successOf(name, history);
      const free = Math.max(0, 1 - load / maxConcurrent);
      const score = weights.fit * fit + weights.free * free + weights.success * share;
      return { member, score, reason: `${why}; ${load} of ${maxConcurrent} tasks; ${words}` };
    })
    .sort((a, b) => b.score - a.score);

/**
 * The members that can do a task, the best suited first: by tags or, with an embedder, by the meaning of their descriptions; then by
 * how much they do already; then by how they did before. Costs one call of the embedder, where there is one and tags do not decide.
 * @example (await matchMembers({ task: 'Count.', skills: ['sql'] }, [])).length // => 0
 */
export const matchMembers = async (
  needs: TaskNeeds,
  members: readonly TeamMember[],
  options: MatchOptions = {},
  run: Run = createRun(),
): Promise<readonly Match[]> => rankMembers(await fittingMembers(needs, members, options, run), options.history ?? []);
