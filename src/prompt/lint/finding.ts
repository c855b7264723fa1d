import type { LintText, PromptView, Stretch } from './view.js';

/** The rules of `lint`; docs/prompt-anatomy.md tells what each looks at. */
export type LintRule =
  | 'cache-order'
  | 'contradiction'
  | 'example-mismatch'
  | 'hidden-character'
  | 'missing-context'
  | 'negative-only'
  | 'no-fallback'
  | 'no-output-format'
  | 'overlong'
  | 'repeated-instruction'
  | 'secret'
  | 'shouting'
  | 'unclosed-delimiter'
  | 'undelimited-data'
  | 'unfilled-placeholder'
  | 'vague-instruction';

/** What `lint` found. */
export interface LintFinding {
  readonly rule: LintRule;
  /** An `error` is wrong whatever the model, a `warning` mostly costs quality, an `info` is worth a look. */
  readonly severity: LintSeverity;
  /** What is wrong and what to write instead. */
  readonly message: string;
  readonly where: LintPlace;
}

export type LintSeverity = 'error' | 'warning' | 'info';

export interface LintPlace {
  /** Place of the item in the chat prompt; 0 for a plain prompt. */
  readonly item: number;
  /** Offsets into the template of that text. */
  readonly start: number;
  readonly end: number;
  /** What stands there; empty for a secret, and where the whole prompt is meant. */
  readonly text: string;
}

/** What a rule says; `lint` adds the rule's name. */
export type Remark = Omit<LintFinding, 'rule'>;

export interface LintSettings {
  readonly maxTokens: number;
  readonly model: string;
}

export type Rule = (view: PromptView, settings: LintSettings) => readonly Remark[];

const longestQuote = 120;

/** A remark about a stretch of a text. */
export const remarkAt = (
  { item, text }: LintText,
  { start, end }: Stretch,
  severity: LintSeverity,
  message: string,
): Remark => ({
  severity,
  message,
  where: { item, start, end, text: text.slice(start, Math.min(end, start + longestQuote)) },
});

/** A remark about the prompt as a whole. */
export const remarkOnAll = (severity: LintSeverity, message: string, item = 0): Remark => ({
  severity,
  message,
  where: { item, start: 0, end: 0, text: '' },
});

/** Where a pattern, which needs the flag `g`, stands in a text. */
export const stretchesOf = (pattern: RegExp, text: string): readonly Stretch[] =>
  Array.from(text.matchAll(pattern), ({ 0: found, index }) => ({ start: index, end: index + found.length }));
