import { callStep, isPipewrightError, type Random, type Run, withoutText } from '../core/index.js';
import { type Candidate, candidate, instructionOf, rewritten } from './candidate.js';
import type { PromptContent } from './content.js';
import type { Evaluator, KeyedCase, Trial } from './evaluate.js';
import { fingerprint, type Journal } from './journal.js';
import type { Proposal, ProposalInput, proposeStep } from './propose.js';

/** A candidate and what became of it in training. */
export interface Tried {
  readonly candidate: Candidate;
  /** Mean score of the training cases that it was tried on; undefined when it was not tried. */
  readonly score?: number;
  readonly cases: number;
  /** Why it was not tried. */
  readonly problem?: string;
}

export interface SearchParts {
  readonly training: readonly KeyedCase[];
  readonly evaluator: Evaluator;
  readonly propose: ReturnType<typeof proposeStep>;
  readonly journal: Journal;
  readonly random: Random;
  /** Throws when there is no room for so many further calls. */
  readonly admit: (trials: number) => void;
  readonly rounds: number;
  readonly variants: number;
  readonly examples: number;
}

/** What is known so far; it grows while the search goes on, so that a search that is cut short has found something. */
export interface Found {
  best: Candidate;
  readonly tried: Map<string, Tried>;
}

/** From this score on an output is shown as an example. */
const goodScore = 0.8;
const proposerFailures: ReadonlySet<string> = new Set(['output-invalid', 'content-refused', 'context-too-long']);
const shownFailures = 5;
const shownTries = 8;
/** Drawings of examples in each round. */
const drawings = 2;

export const shuffled = <T>(items: readonly T[], random: Random): readonly T[] => {
  const all = [...items];
  for (let at = all.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [all[at], all[other]] = [all[other] as T, all[at] as T];
  }
  return all;
};

export const meanScore = (trials: ReadonlyMap<string, Trial>): number => {
  let sum = 0;
  for (const { score } of trials.values()) sum += score;
  return sum / Math.max(1, trials.size);
};

/** How much better the one is on the cases that both were tried on. */
const gainOver = (own: ReadonlyMap<string, Trial>, other: ReadonlyMap<string, Trial>): number => {
  const gains = [...own].flatMap(([key, { score }]) => {
    const before = other.get(key);
    return before === undefined ? [] : [score - before.score];
  });
  return gains.reduce((sum, gain) => sum + gain, 0) / Math.max(1, gains.length);
};

const note = (found: Found, tried: Candidate, trials: ReadonlyMap<string, Trial>): void => {
  found.tried.set(tried.hash, { candidate: tried, score: meanScore(trials), cases: trials.size });
};

/**
 * The best of the challengers, if it beats the best so far: all are tried on a quarter of the cases, the better half on half of
 * them, and what is left on all (successive halving: K. Jamieson, A. Talwalkar, 2016).
 */
const contest = async (
  found: Found,
  challengers: readonly Candidate[],
  parts: SearchParts,
  run: Run,
): Promise<void> => {
  const { training, evaluator } = parts;
  let left = challengers;
  const sizes = [4, 2, 1].map((part) => Math.ceil(training.length / part));
  for (const size of sizes) {
    const cases = training.slice(0, size);
    const best = await evaluator.trials(found.best, cases, run);
    const ranked: { readonly challenger: Candidate; readonly gain: number }[] = [];
    for (const challenger of left) {
      const trials = await evaluator.trials(challenger, cases, run);
      note(found, challenger, trials);
      ranked.push({ challenger, gain: gainOver(trials, best) });
    }
    ranked.sort((a, b) => b.gain - a.gain);
    const keeps = size === training.length ? 1 : Math.ceil(ranked.length / 2);
    left = ranked.slice(0, keeps).map(({ challenger }) => challenger);
    if (size < training.length) continue;
    const [winner] = ranked;
    if (winner !== undefined && winner.gain > 0) found.best = winner.challenger;
  }
};

/** Examples of inputs that the best so far has answered well: T. Khattab et al., "DSPy" (2023), BootstrapFewShot. */
const withExamples = (
  { best }: Found,
  trials: ReadonlyMap<string, Trial>,
  round: number,
  { training, examples, random }: SearchParts,
): readonly Candidate[] => {
  const solved = training.filter(({ key }) => (trials.get(key)?.score ?? 0) >= goodScore);
  // Enough cases must be left to try it on.
  const count = Math.min(examples, Math.floor(training.length / 3), solved.length);
  if (count === 0) return [];
  return Array.from({ length: drawings }, (_, drawing) => {
    const demonstrations = shuffled(solved, random)
      .slice(0, count)
      .map(({ key, input }) => ({ caseKey: key, input, output: trials.get(key)?.output ?? '' }));
    const id = `${round}.e${drawing + 1}`;
    return candidate({ id, origin: 'examples', parent: best.id, base: best.base, demonstrations });
  });
};

const proposalInput = (
  { best, tried }: Found,
  trials: ReadonlyMap<string, Trial>,
  { training, variants, random }: SearchParts,
): ProposalInput => {
  const failed = training.filter(({ key }) => (trials.get(key)?.score ?? 1) < 1);
  const earlier = [...tried.values()].filter(({ score }) => score !== undefined);
  return {
    instruction: instructionOf(best.base),
    failures: shuffled(failed, random)
      .slice(0, shownFailures)
      .map(({ key, input, expected }) => ({
        input,
        output: trials.get(key)?.output ?? '',
        ...(expected === undefined ? {} : { expected }),
      })),
    tries: earlier
      .map(({ candidate: { base }, score = 0 }) => ({ instruction: instructionOf(base), score }))
      .sort((a, b) => a.score - b.score)
      .slice(-shownTries),
    count: variants,
  };
};

const rewrites = async (
  found: Found,
  trials: ReadonlyMap<string, Trial>,
  round: number,
  parts: SearchParts,
  run: Run,
): Promise<readonly Candidate[]> => {
  const { variants, journal, propose, admit } = parts;
  if (variants === 0) return [];
  const input = proposalInput(found, trials, parts);
  const ask = async (): Promise<readonly Proposal[]> => {
    admit(1);
    return callStep(propose, input, withoutText(run), `propose ${round}`);
  };
  let proposals: readonly Proposal[] = [];
  try {
    proposals = await journal.remember(`proposal/${fingerprint(input)}`, ask);
  } catch (error) {
    // A model that writes no prompts is a reason to go on without it, not to lose what was found.
    if (!isPipewrightError(error) || !proposerFailures.has(error.code)) throw error;
    run.emit({ type: 'warning', message: `No prompts were proposed in round ${round}: ${error.message}` });
  }
  const { best } = found;
  return proposals.slice(0, variants).flatMap(({ critique, instruction }, at) => {
    const made = rewritten(best.base, instruction);
    const facts = { id: `${round}.${at + 1}`, origin: 'rewrite', parent: best.id, critique } as const;
    if ('content' in made) return [candidate({ ...facts, base: made.content, demonstrations: best.demonstrations })];
    const refused = candidate({ ...facts, base: instruction as PromptContent, demonstrations: [] });
    found.tried.set(`${refused.hash} ${facts.id}`, { candidate: refused, cases: 0, problem: made.problem });
    return [];
  });
};

/**
 * Looks for a better prompt on the training cases, round by round, until the rounds are over, nothing fails any more, or there is
 * no room for further calls. What it finds stands in `found`, also when it throws.
 */
export const search = async (found: Found, parts: SearchParts, run: Run): Promise<void> => {
  const { training, evaluator, rounds } = parts;
  note(found, found.best, await evaluator.trials(found.best, training, run));
  for (let round = 1; round <= rounds; round++) {
    run.emit({ type: 'progress', label: 'search for a better prompt', done: round - 1, total: rounds });
    const trials = await evaluator.trials(found.best, training, run);
    if ([...trials.values()].every(({ score }) => score >= 1)) return;
    const made = [...(await rewrites(found, trials, round, parts, run)), ...withExamples(found, trials, round, parts)];
    const seen = new Set(found.tried.keys());
    const challengers = made.filter(({ hash }) => !seen.has(hash) && seen.add(hash));
    await contest(found, challengers, parts, run);
  }
};
