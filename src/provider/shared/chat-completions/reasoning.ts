import type { ModelEvent } from '../../../model/index.js';
import type { WireDelta, WireReasoningDetail } from './chunk.js';
import { opaqueOf } from './opaque.js';

/** Reads the reasoning of a reply, in whichever field it comes. */
export interface ReasoningReader {
  readonly take: (delta: WireDelta) => readonly ModelEvent[];
  /** Ends the stretch that is open, when something else begins. */
  readonly end: () => readonly ModelEvent[];
}

const textOf = ({ text, summary }: WireReasoningDetail): string => (text || summary) ?? '';

/**
 * OpenRouter sends the same reasoning twice: as text, and as details that go back to it. Each detail, put together from its
 * pieces, becomes a part of the reply.
 */
export const reasoningReader = (provider: string): ReasoningReader => {
  let open: { readonly key: string; detail: Readonly<Record<string, unknown>> } | undefined;

  const end = (): readonly ModelEvent[] => {
    if (open === undefined) return [];
    const { text: _text, summary: _summary, ...rest } = open.detail;
    open = undefined;
    return [{ type: 'reasoning-end', opaque: opaqueOf(provider, rest) }];
  };

  const takeDetail = (piece: WireReasoningDetail): readonly ModelEvent[] => {
    const key = `${piece.type} ${piece.index}`;
    const ended = open === undefined || open.key === key ? [] : end();
    open = { key, detail: { ...open?.detail, ...withoutNull(piece) } };
    const text = textOf(piece);
    const shown: readonly ModelEvent[] = text === '' ? [] : [{ type: 'reasoning-delta', text }];
    // A signature ends a stretch, and what is encrypted comes whole.
    return [...ended, ...shown, ...(piece.signature || piece.data ? end() : [])];
  };

  return {
    take: ({ reasoning_content, reasoning, reasoning_details }) => {
      const details = reasoning_details ?? [];
      const text = reasoning_content || reasoning;
      const hasText = details.some((detail) => textOf(detail) !== '');
      const shown: readonly ModelEvent[] = text && !hasText ? [{ type: 'reasoning-delta', text }] : [];
      return [...shown, ...details.flatMap(takeDetail)];
    },
    end,
  };
};

const withoutNull = (detail: WireReasoningDetail): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(detail).filter(([, value]) => value !== null));
