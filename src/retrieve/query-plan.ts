import { PipewrightError } from '../core/index.js';

/** A part of a question that can be asked by itself. */
export interface PlanPart {
  readonly id: string;
  /** May hold `{id}` of another part: the answer to that one is put there. */
  readonly question: string;
  /** Ids of the parts whose answers this one waits for, those in its question among them. */
  readonly needs: readonly string[];
}

/** A question taken apart. */
export interface QueryPlan {
  /** The question as it was asked. */
  readonly question: string;
  /** What kind of question it is and why it was taken apart so, in a sentence. */
  readonly analysis: string;
  readonly parts: readonly PlanPart[];
}

const placeholder = /\{([\w-]{1,40})\}/gu;

/** The ids in the braces of a question. */
export const placeholdersOf = (question: string): readonly string[] => [
  ...new Set([...question.matchAll(placeholder)].map(([, id = '']) => id)),
];

/** The question with the answers that are known in place of `{id}`. */
export const fillQuestion = (question: string, answers: ReadonlyMap<string, string>): string =>
  question.replaceAll(placeholder, (whole: string, id: string) => answers.get(id) ?? whole);

interface Ordered {
  readonly levels: readonly (readonly PlanPart[])[];
  /** Parts that wait for each other, or for one that does. */
  readonly stuck: readonly PlanPart[];
}

/** Kahn's order (1962): in each level the parts that wait only for parts of the levels before. */
const inOrder = (parts: readonly PlanPart[]): Ordered => {
  const done = new Set<string>();
  const levels: (readonly PlanPart[])[] = [];
  let left = parts;
  while (left.length > 0) {
    const ready = left.filter(({ needs }) => needs.every((id) => done.has(id)));
    if (ready.length === 0) break;
    for (const { id } of ready) done.add(id);
    levels.push(ready);
    left = left.filter(({ id }) => !done.has(id));
  }
  return { levels, stuck: left };
};

/** What is wrong with the parts of a plan, one line each; none for good ones. */
export const planIssues = (parts: readonly PlanPart[]): readonly string[] => {
  const ids = new Set(parts.map(({ id }) => id));
  const issues = parts.length === 0 ? ['The plan has no parts.'] : [];
  if (ids.size < parts.length) issues.push('Two parts have the same id.');
  for (const { id, question, needs } of parts) {
    if (question.trim() === '') issues.push(`The part \`${id}\` asks nothing.`);
    const named = placeholdersOf(question).filter((each) => !needs.includes(each));
    for (const each of named) issues.push(`The part \`${id}\` has {${each}} in its question, but not among its needs.`);
    const unknown = needs.filter((each) => !ids.has(each));
    for (const each of unknown) issues.push(`The part \`${id}\` needs \`${each}\`, which is no part.`);
  }
  if (issues.length > 0) return issues;
  const { stuck } = inOrder(parts);
  return stuck.length === 0 ? [] : [`These parts wait for each other: ${stuck.map(({ id }) => id).join(', ')}.`];
};

/**
 * The parts of a plan in the order in which they can be asked: those of one level do not need each other.
 * @throws {PipewrightError} `bad-input` for ids that are unknown or come twice, and for parts that wait for each other.
 * @example planLevels({ question: 'a?', analysis: '', parts: [{ id: 'a', question: 'a?', needs: [] }] }).length // => 1
 */
export const planLevels = (plan: QueryPlan): readonly (readonly PlanPart[])[] => {
  const issues = planIssues(plan.parts);
  if (issues.length > 0) {
    throw new PipewrightError('bad-input', `The plan cannot be run: ${issues.join(' ')}`, { details: { issues } });
  }
  return inOrder(plan.parts).levels;
};
