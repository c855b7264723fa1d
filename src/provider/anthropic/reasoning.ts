import type { ReasoningPart } from '../../core/index.js';

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
