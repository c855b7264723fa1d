import { checkAtLeast } from '../../core/index.js';
import type { ChatPromptItem } from '../chat-prompt.js';
import type { TextTemplate } from '../template.js';
import { contradiction } from './contradictions.js';
import {
  cacheOrder,
  hiddenCharacter,
  missingContext,
  noFallback,
  secret,
  unclosedDelimiter,
  undelimitedData,
  unfilledPlaceholder,
} from './data.js';
import type { LintFinding, LintRule, Rule } from './finding.js';
import { exampleMismatch, noOutputFormat } from './format.js';
import { viewOf } from './view.js';
import { negativeOnly, overlong, repeatedInstruction, shouting, vagueInstruction } from './wording.js';

/** What can be looked over: a template, a prompt, a chat prompt, or what one is made of. */
export type Lintable =
  | string
  | TextTemplate
  | readonly ChatPromptItem[]
  | { readonly template: readonly ChatPromptItem[] };

export interface LintOptions {
  /** A longer prompt, its values not counted, is called overlong. @default 2000 */
  readonly maxTokens?: number;
  /** Whose tokens, as `estimateTokens` has them. @default 'gpt-5' */
  readonly model?: string;
  /** Rules that are left out. @default none */
  readonly ignore?: readonly LintRule[];
}

const rules: Readonly<Record<LintRule, Rule>> = {
  'cache-order': cacheOrder,
  contradiction,
  'example-mismatch': exampleMismatch,
  'hidden-character': hiddenCharacter,
  'missing-context': missingContext,
  'negative-only': negativeOnly,
  'no-fallback': noFallback,
  'no-output-format': noOutputFormat,
  overlong,
  'repeated-instruction': repeatedInstruction,
  secret,
  shouting,
  'unclosed-delimiter': unclosedDelimiter,
  'undelimited-data': undelimitedData,
  'unfilled-placeholder': unfilledPlaceholder,
  'vague-instruction': vagueInstruction,
};

const itemsOf = (prompt: Lintable): readonly ChatPromptItem[] => {
  if (typeof prompt === 'string') return [{ role: 'user', content: prompt }];
  if (!('template' in prompt)) return prompt;
  return typeof prompt.template === 'string' ? [{ role: 'user', content: prompt.template }] : prompt.template;
};

/**
 * Looks a prompt over for what makes models answer badly, in order of place: vague or contradictory wording, no output format,
 * missing context, data that run into instructions, placeholders left over, examples that break the rules, and more. Calls no
 * model; rules about wording know English. Nothing found does not make a prompt good.
 * @throws {PipewrightError} `bad-option`
 * @example lint('Write one line on {{topic}}, etc.').map(({ rule }) => rule) // => ['unfilled-placeholder', 'vague-instruction']
 */
export const lint = (prompt: Lintable, options: LintOptions = {}): readonly LintFinding[] => {
  const { maxTokens = 2_000, model = 'gpt-5', ignore = [] } = options;
  checkAtLeast('maxTokens', maxTokens, 1);
  const view = viewOf(itemsOf(prompt));
  const names = (Object.keys(rules) as LintRule[]).filter((name) => !ignore.includes(name));
  const findings = names.flatMap((rule) =>
    rules[rule](view, { maxTokens, model }).map((remark): LintFinding => ({ rule, ...remark })),
  );
  return findings.sort((a, b) => a.where.item - b.where.item || a.where.start - b.where.start);
};
