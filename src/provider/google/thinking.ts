import type { ReasoningEffort } from '../../model/index.js';
import type { Thinking } from './models.js';

/** The field `thinkingConfig` of the API. */
export interface ThinkingConfig {
  readonly thinkingBudget?: number;
  readonly thinkingLevel?: string;
  readonly includeThoughts?: boolean;
}

/** Tokens for thinking, as Google itself reads these words (https://ai.google.dev/gemini-api/docs/openai, "Thinking"). */
const tokensOf: Readonly<Record<Exclude<ReasoningEffort, 'none'>, number>> = {
  minimal: 1_024,
  low: 1_024,
  medium: 8_192,
  high: 24_576,
  xhigh: 32_768,
};

const efforts: readonly ReasoningEffort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'];

/** How a model is told to think. A model that cannot stop thinking is told to think as little as it can. */
export const thinkingConfig = (
  thinking: Thinking | undefined,
  reasoning: ReasoningEffort | undefined,
): ThinkingConfig | undefined => {
  if (thinking === undefined || reasoning === undefined) return undefined;
  const shown = reasoning === 'none' ? {} : { includeThoughts: true };
  if (thinking.by === 'level') return { thinkingLevel: nearest(thinking.levels, reasoning), ...shown };
  const { minTokens, maxTokens, canStop } = thinking;
  if (reasoning === 'none') return { thinkingBudget: canStop ? 0 : minTokens };
  return { thinkingBudget: Math.min(Math.max(tokensOf[reasoning], minTokens), maxTokens), ...shown };
};

/** The level nearest to an effort; of two as near, the higher one. */
const nearest = (levels: readonly ReasoningEffort[], wanted: ReasoningEffort): string => {
  const distance = (level: ReasoningEffort): number => Math.abs(efforts.indexOf(level) - efforts.indexOf(wanted));
  return levels.reduce((best, level) => (distance(level) <= distance(best) ? level : best));
};
