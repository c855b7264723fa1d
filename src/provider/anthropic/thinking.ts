import type { ReasoningPart } from '../../core/index.js';
import type { ChatRequest, ReasoningEffort } from '../../model/index.js';
import type { AnthropicFamily } from './models.js';

/** A content block of the Messages API. */
export type Block = Readonly<Record<string, unknown>>;

const signature = 'anthropic-signature:';
const redacted = 'anthropic-redacted:';

/** What a thinking block carries beside its text, so that it can go back. */
export const opaqueSignature = (value: string): string => signature + value;
/** A thinking block that came encrypted as a whole. */
export const opaqueRedacted = (data: string): string => redacted + data;

/** The block that a reasoning part came from. Reasoning of other providers has none: it cannot be verified and is left out. */
export const thinkingBlock = ({ text, opaque = '' }: ReasoningPart): Block | undefined => {
  if (opaque.startsWith(signature))
    return { type: 'thinking', thinking: text, signature: opaque.slice(signature.length) };
  if (opaque.startsWith(redacted)) return { type: 'redacted_thinking', data: opaque.slice(redacted.length) };
  return undefined;
};

/** Tokens for thinking, for models that are told a number; the API takes no fewer than 1,024. */
const thinkingTokens = { minimal: 1_024, low: 2_048, medium: 8_192, high: 24_576, xhigh: 49_152 } as const;
const minThinkingTokens = 1_024;

export interface WireThinking {
  readonly thinking?: Block;
  readonly effort?: string;
}

/** How a model of this family is told to think as hard as is wanted. */
export const wireThinking = (
  { thinking, topEffort }: AnthropicFamily,
  reasoning: ChatRequest['reasoning'],
  maxTokens: number,
): WireThinking => {
  if (reasoning === undefined || thinking === 'none') return {};
  if (thinking === 'budget') {
    if (reasoning === 'none') return {};
    const budget = Math.max(minThinkingTokens, Math.min(thinkingTokens[reasoning], maxTokens - 1));
    return { thinking: { type: 'enabled', budget_tokens: budget } };
  }
  if (reasoning !== 'none') return { thinking: { type: 'adaptive' }, effort: effortOf(reasoning, topEffort) };
  return thinking === 'always' ? { effort: 'low' } : { thinking: { type: 'disabled' } };
};

/** The nearest grade that the model has. */
const effortOf = (reasoning: Exclude<ReasoningEffort, 'none'>, top: AnthropicFamily['topEffort']): string => {
  if (reasoning === 'minimal') return 'low';
  return reasoning === 'xhigh' ? top : reasoning;
};
