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

const markOf = (provider: string): string => `responses/${provider}:`;

/** What only this server understands, as the `opaque` of a part, under its name, so that it goes to no other. */
export const opaqueOf = (provider: string, value: object): string => markOf(provider) + JSON.stringify(value);

/** What this server put into the `opaque` of a part; undefined for that of another. */
export const ownOpaque = (provider: string, opaque: string | undefined): Wire | undefined => {
  const mark = markOf(provider);
  return opaque?.startsWith(mark) === true ? (JSON.parse(opaque.slice(mark.length)) as Wire) : undefined;
};

/** Stands between the pieces of one item in the text of the part. */
export const pieceSeparator = '\n\n';

/** What the server wants back with its reasoning. The id is of use only where it comes without its content. */
export const reasoningOpaque = (provider: string, item: WireItem, pieces: readonly Piece[]): string => {
  const { id, encrypted_content: encrypted } = item;
  const kept: Kept = { ...(encrypted ? { encrypted } : typeof id === 'string' ? { id } : {}), pieces };
  return opaqueOf(provider, kept);
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
export const wireReasoning = (provider: string, { text, opaque }: ReasoningPart): Wire | undefined => {
  const kept = ownOpaque(provider, opaque) as Kept | undefined;
  if (kept === undefined) return undefined;
  const { id, encrypted, pieces } = kept;
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
