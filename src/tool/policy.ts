import { PipewrightError } from '../core/index.js';
import type { Tool } from './tool.js';

/** `ask`: a person must approve of this call first. */
export type Verdict = 'allow' | 'ask' | 'deny';

export interface PolicyDecision {
  readonly verdict: Verdict;
  /** Why, for people and for the audit. */
  readonly reason: string;
}

/** What stands around a call. */
export interface PolicyContext {
  /** Where the untrusted text came from that the model has read: tools, or `sources`. Empty: it read none. */
  readonly taint: readonly string[];
}

/** Decides on a call with the arguments that it will run with. Any function of that form is a policy. */
export type Policy = (tool: Tool, input: unknown, context: PolicyContext) => PolicyDecision;

export interface PolicyRule {
  /** Name of a tool, `*` for any letters: `delete_*`. @default every tool */
  readonly tool?: string;
  /** Which arguments it is about. What it throws counts as yes, so that nothing slips through. @default all */
  readonly when?: (input: Readonly<Record<string, unknown>>) => boolean;
  /** Whether it is only about calls that were written after the model had read untrusted text. @default false */
  readonly isForTainted?: boolean;
  readonly verdict: Verdict;
  readonly reason?: string;
}

export interface PolicyOptions {
  /** For calls that no rule is about. @default 'allow' for tools that only read, else 'ask' */
  readonly otherwise?: Verdict;
  /**
   * For calls that no rule is about, of tools that change something or send something out, once the model has read untrusted text:
   * it may hold instructions of somebody else. The stricter of this and `otherwise` counts. @default 'ask'
   */
  readonly whenTainted?: Verdict;
}

const fieldsOf = (input: unknown): Readonly<Record<string, unknown>> =>
  typeof input === 'object' && input !== null ? (input as Readonly<Record<string, unknown>>) : {};

const isAbout = ({ when, isForTainted = false }: PolicyRule, input: unknown, { taint }: PolicyContext): boolean => {
  if (isForTainted && taint.length === 0) return false;
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

const strictness: readonly Verdict[] = ['deny', 'ask', 'allow'];

const stricter = (one: Verdict, other: Verdict): Verdict =>
  strictness.indexOf(one) < strictness.indexOf(other) ? one : other;

/** The verdict where no rule is about a call. */
const verdictFor = (tool: Tool, { taint }: PolicyContext, options: PolicyOptions): PolicyDecision => {
  const verdict = options.otherwise ?? (tool.isReadOnly ? 'allow' : 'ask');
  const isRisky = taint.length > 0 && (!tool.isReadOnly || tool.isOutward);
  const strict = isRisky ? stricter(verdict, options.whenTainted ?? 'ask') : verdict;
  if (strict === verdict) return { verdict, reason: 'No rule is about it.' };
  return {
    verdict: strict,
    reason: `No rule is about it, and the model has read text from outside: ${taint.join(', ')}.`,
  };
};

/**
 * Makes a policy of rules: the strictest that is about a call decides, `deny` before `ask` before `allow`, whatever their order.
 * @throws {PipewrightError} `bad-option` for a verdict that there is not.
 * @example policy([{ tool: 'delete_*', verdict: 'deny' }])
 */
export const policy = (rules: readonly PolicyRule[], options: PolicyOptions = {}): Policy => {
  const { otherwise = 'allow', whenTainted = 'ask' } = options;
  const verdicts = [...rules.map(({ verdict }) => verdict), otherwise, whenTainted];
  const wrong = verdicts.find((verdict) => !strictness.includes(verdict));
  if (wrong !== undefined) {
    throw new PipewrightError('bad-option', `\`verdict\` must be allow, ask or deny, got \`${String(wrong)}\`.`);
  }
  const compiled = rules.map((rule) => ({ ...rule, fits: matcher(rule.tool) }));
  return (tool, input, context) => {
    const about = compiled.filter((rule) => rule.fits(tool.name) && isAbout(rule, input, context));
    for (const verdict of strictness) {
      const rule = about.find((each) => each.verdict === verdict);
      if (rule !== undefined) return { verdict, reason: rule.reason ?? `A rule for \`${rule.tool ?? '*'}\` says so.` };
    }
    return verdictFor(tool, context, options);
  };
};
