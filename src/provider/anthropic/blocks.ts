import type { ModelCitation, ModelEvent } from '../../model/index.js';
import { opaqueRedacted, opaqueSignature } from './reasoning.js';

/** What we read of a content block of the Messages API. */
export interface WireBlock {
  readonly type: string;
  readonly text?: string;
  readonly thinking?: string;
  readonly signature?: string;
  readonly data?: string;
  readonly id?: string;
  readonly name?: string;
  readonly input?: unknown;
  readonly citations?: readonly WireCitation[] | null;
}

export interface WireDelta {
  readonly type: string;
  readonly text?: string;
  readonly thinking?: string;
  readonly signature?: string;
  readonly partial_json?: string;
  readonly citation?: WireCitation;
}

interface WireCitation {
  readonly cited_text?: string;
  readonly document_index?: number;
}

/** The content block that is being read. */
interface OpenBlock {
  readonly block: WireBlock;
  /** Where its text begins in the text of the reply. */
  readonly start: number;
  readonly citations: WireCitation[];
  signature: string;
  hasInput: boolean;
}

/** What is known while one reply is read. */
interface Reading {
  readonly documentIds: readonly string[];
  readonly open: Map<number, OpenBlock>;
  /** Length of the text so far. */
  length: number;
}

/** Turns what the server tells of content blocks into our events, with the places of citations in the text of the reply. */
export interface BlockReader {
  readonly start: (index: number, block: WireBlock) => readonly ModelEvent[];
  readonly delta: (index: number, delta: WireDelta) => readonly ModelEvent[];
  readonly stop: (index: number) => readonly ModelEvent[];
}

export const blockReader = (documentIds: readonly string[]): BlockReader => {
  const reading: Reading = { documentIds, open: new Map(), length: 0 };
  return {
    start: (index, block) => startBlock(reading, index, block),
    delta: (index, delta) => takeDelta(reading, index, delta),
    stop: (index) => {
      const at = reading.open.get(index);
      reading.open.delete(index);
      return at === undefined ? [] : stopBlock(reading, index, at);
    },
  };
};

const text = (reading: Reading, value: string | undefined): readonly ModelEvent[] => {
  if (value === undefined || value === '') return [];
  reading.length += value.length;
  return [{ type: 'text-delta', text: value }];
};

const startBlock = (reading: Reading, index: number, block: WireBlock): readonly ModelEvent[] => {
  const { id, name, citations, signature = '' } = block;
  reading.open.set(index, {
    block,
    start: reading.length,
    citations: [...(citations ?? [])],
    signature,
    hasInput: false,
  });
  switch (block.type) {
    case 'text':
      return text(reading, block.text);
    case 'thinking':
    case 'redacted_thinking':
      // It may come without any text; the delta opens a part for it all the same.
      return [{ type: 'reasoning-delta', text: block.thinking ?? '' }];
    case 'tool_use':
      return [{ type: 'tool-call-delta', key: String(index), id: id ?? `call_${index}`, name: name ?? '', text: '' }];
    default:
      return [];
  }
};

const takeDelta = (reading: Reading, index: number, delta: WireDelta): readonly ModelEvent[] => {
  const at = reading.open.get(index);
  switch (delta.type) {
    case 'text_delta':
      return text(reading, delta.text);
    case 'thinking_delta':
      return delta.thinking ? [{ type: 'reasoning-delta', text: delta.thinking }] : [];
    case 'signature_delta':
      if (at !== undefined) at.signature += delta.signature ?? '';
      return [];
    case 'citations_delta':
      if (delta.citation !== undefined) at?.citations.push(delta.citation);
      return [];
    case 'input_json_delta':
      // Tools that the server runs by itself have input too; it is none of ours.
      if (at?.block.type !== 'tool_use' || !delta.partial_json) return [];
      at.hasInput = true;
      return [{ type: 'tool-call-delta', key: String(index), text: delta.partial_json }];
    default:
      return [];
  }
};

const stopBlock = (reading: Reading, index: number, at: OpenBlock): readonly ModelEvent[] => {
  const { block, citations, signature } = at;
  switch (block.type) {
    case 'thinking':
      return [{ type: 'reasoning-end', ...(signature === '' ? {} : { opaque: opaqueSignature(signature) }) }];
    case 'redacted_thinking':
      return [{ type: 'reasoning-end', opaque: opaqueRedacted(block.data ?? '') }];
    case 'tool_use':
      if (at.hasInput) return [];
      return [{ type: 'tool-call-delta', key: String(index), text: JSON.stringify(block.input ?? {}) }];
    default:
      return citations.flatMap((wire) => {
        const citation = citationOf(wire, reading.documentIds, at.start, reading.length);
        return citation === undefined ? [] : [{ type: 'citation' as const, citation }];
      });
  }
};

/** A citation supports the whole text block that it came with. Those of things that were no source of ours are left out. */
const citationOf = (
  { cited_text, document_index }: WireCitation,
  documentIds: readonly string[],
  start: number,
  end: number,
): ModelCitation | undefined => {
  const sourceId = document_index === undefined ? undefined : documentIds[document_index];
  return sourceId === undefined || sourceId === '' || cited_text === undefined
    ? undefined
    : { sourceId, quote: cited_text, start, end };
};
