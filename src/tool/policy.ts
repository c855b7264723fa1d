import { PipewrightError } from '../core/index.js';
import type { Tool } from './tool.js';

/** `ask`: a person must approve of this call first. */
export type Verdict = 'allow' | 'ask' | 'deny';

export interface PolicyDecision {
  readonly verdict: Verdict;
  /** Why, for people and for the audit. */
  readonly reason: string;
}

/** Decides on a call with the arguments that it will run with. Any function of that form is a policy. */
export type Policy = (tool: Tool, input: unknown) => PolicyDecision;

export interface PolicyRule {
  /** Name of a tool, `*` for any letters: `delete_*`. @default every tool */
  readonly tool?: string;
  /** Which arguments it is about. What it throws counts as yes, so that nothing slips through. @default all */
  readonly when?: (input: Readonly<Record<string, unknown>>) => boolean;
  readonly verdict: Verdict;
  readonly reason?: string;
}

export interface PolicyOptions {
  /** For calls that no rule is about. @default 'allow' for tools that only read, else 'ask' */
  readonly otherwise?: Verdict;
}

const fieldsOf = (input: unknown): Readonly<Record<string, unknown>> =>
  typeof input === 'object' && input !== null ? (input as Readonly<Record<string, unknown>>) : {};

const isAbout = ({ when }: PolicyRule, input: unknown): boolean => {
  if (when === undefined) return true;
  try {
    return when(fieldsOf(input));
  } catch {
    // A condition that cannot read the arguments must not let them pass.
    return true;
  }
};

const matcher = (pattern = '*'): ((name: string) => boolean) => {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&'));
  const whole = new RegExp(`^${parts.join('.*')}$`, 'u');
  return (name) => whole.test(name);
};

/**
 * Makes a policy of rules: the strictest that is about a call decides, `deny` before `ask` before `allow`, whatever their order.
 * @throws {PipewrightError} `bad-option` for a verdict that there is not.
 * @example policy([{ tool: 'delete_*', verdict: 'deny' }])
 */
export const policy = (rules: readonly PolicyRule[], options: PolicyOptions = {}): Policy => {
  const strictness: readonly Verdict[] = ['deny', 'ask', 'allow'];
  const wrong = [...rules.map(({ verdict }) => verdict), options.otherwise ?? 'allow'].find(
    (verdict) => !strictness.includes(verdict),
  );
  if (wrong !== undefined) {
    throw new PipewrightError('bad-option', `\`verdict\` must be allow, ask or deny, got \`${String(wrong)}\`.`);
  }
  const compiled = rules.map((rule) => ({ ...rule, fits: matcher(rule.tool) }));
  return (tool, input) => {
    const about = compiled.filter((rule) => rule.fits(tool.name) && isAbout(rule, input));
    for (const verdict of strictness) {
      const rule = about.find((each) => each.verdict === verdict);
      if (rule !== undefined) return { verdict, reason: rule.reason ?? `A rule for \`${rule.tool ?? '*'}\` says so.` };
    }
    const verdict = options.otherwise ?? (tool.isReadOnly ? 'allow' : 'ask');
    return { verdict, reason: 'No rule is about it.' };
  };
};
