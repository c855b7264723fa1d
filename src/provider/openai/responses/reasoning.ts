import type { ReasoningPart } from '../../../core/index.js';
import type { Wire, WireItem } from './wire.js';

type PieceKind = 'summary' | 'content';

/** One text of a reasoning item: a paragraph of the summary, or of the thoughts themselves where a server shows them. */
export type Piece = readonly [kind: PieceKind, length: number];

/** What `opaque` holds: all of a reasoning item but its words, which the part has. */
interface Kept {
  readonly id?: string;
  readonly encrypted?: string;
  readonly pieces: readonly Piece[];
}

/** Stands between the pieces of one item in the text of the part. */
export const pieceSeparator = '\n\n';

/** What the server wants back with its reasoning, under its name, so that it goes to no other. */
export const opaqueOf = (provider: string, item: WireItem, pieces: readonly Piece[]): string => {
  const { id, encrypted_content: encrypted } = item;
  const kept: Kept = {
    // An id without the item is of use only where the server keeps its responses.
    ...(encrypted ? { encrypted } : typeof id === 'string' ? { id } : {}),
    pieces,
  };
  return `${provider}:${JSON.stringify(kept)}`;
};

/** The texts of an item that came whole. */
export const piecesOf = ({
  summary,
  content,
}: WireItem): readonly { readonly kind: PieceKind; readonly text: string }[] => [
  ...(summary ?? []).map(({ text }) => ({ kind: 'summary' as const, text: text ?? '' })),
  ...(content ?? []).map(({ text }) => ({ kind: 'content' as const, text: text ?? '' })),
];

/** The item that a reasoning part came from; undefined for the reasoning of another server. */
export const wireReasoning = (provider: string, { text, opaque = '' }: ReasoningPart): Wire | undefined => {
  if (!opaque.startsWith(`${provider}:{`)) return undefined;
  const { id, encrypted, pieces } = JSON.parse(opaque.slice(provider.length + 1)) as Kept;
  const texts: Record<PieceKind, string[]> = { summary: [], content: [] };
  let at = 0;
  for (const [kind, length] of pieces) {
    texts[kind].push(text.slice(at, at + length));
    at += length + pieceSeparator.length;
  }
  const content = texts.content.map((piece) => ({ type: 'reasoning_text', text: piece }));
  return {
    type: 'reasoning',
    ...(id === undefined ? {} : { id }),
    summary: texts.summary.map((piece) => ({ type: 'summary_text', text: piece })),
    ...(content.length === 0 ? {} : { content }),
    ...(encrypted === undefined ? {} : { encrypted_content: encrypted }),
  };
};
