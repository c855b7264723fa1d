import type { ModelEvent } from '../../model/index.js';
import { citationOf, type DocumentIds, type WireCitation } from './citations.js';
import { opaqueCaller } from './parts.js';
import { type Block, opaqueRedacted, opaqueSignature } from './thinking.js';

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
  readonly caller?: Block;
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

/** The content block that is being read. */
interface OpenBlock {
  readonly block: WireBlock;
  /** Where its text begins in the text of the reply. */
  readonly start: number;
  readonly citations: WireCitation[];
  /** Pieces of the arguments of a tool. */
  readonly json: string[];
  /** Pieces of fields that only a block of the server's own has. */
  readonly fields: Map<string, string[]>;
  signature: string;
}

/** What is known while one reply is read. */
interface Reading {
  readonly documentIds: DocumentIds;
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

export const blockReader = (documentIds: DocumentIds): BlockReader => {
  const reading: Reading = { documentIds, open: new Map(), length: 0 };
  return {
    start: (index, block) => startBlock(reading, index, block),
    delta: (index, delta) => {
      const at = reading.open.get(index);
      return at === undefined ? [] : takeDelta(reading, index, at, delta);
    },
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
  const { id = `call_${index}`, name = '', citations, signature = '' } = block;
  reading.open.set(index, {
    block,
    start: reading.length,
    citations: [...(citations ?? [])],
    json: [],
    fields: new Map(),
    signature,
  });
  switch (block.type) {
    case 'text':
      return text(reading, block.text);
    case 'thinking':
    case 'redacted_thinking':
      // It may come without any text; the delta opens a part for it all the same.
      return [{ type: 'reasoning-delta', text: block.thinking ?? '' }];
    case 'tool_use':
      return [{ type: 'tool-call-delta', key: String(index), id, name, text: '', ...opaqueOf(block) }];
    default:
      return [];
  }
};

/** Most calls come from the model directly, which the API takes as given. */
const opaqueOf = ({ caller }: WireBlock): { readonly opaque?: string } =>
  caller === undefined || caller.type === 'direct' ? {} : { opaque: opaqueCaller(caller) };

const takeDelta = (reading: Reading, index: number, at: OpenBlock, delta: WireDelta): readonly ModelEvent[] => {
  switch (delta.type) {
    case 'text_delta':
      return text(reading, delta.text);
    case 'thinking_delta':
      return delta.thinking ? [{ type: 'reasoning-delta', text: delta.thinking }] : [];
    case 'signature_delta':
      at.signature += delta.signature ?? '';
      return [];
    case 'citations_delta':
      if (delta.citation !== undefined) at.citations.push(delta.citation);
      return [];
    case 'input_json_delta':
      if (!delta.partial_json) return [];
      at.json.push(delta.partial_json);
      if (at.block.type !== 'tool_use') return [];
      return [{ type: 'tool-call-delta', key: String(index), text: delta.partial_json }];
    default:
      takeFields(at, delta);
      return [];
  }
};

/** A delta of a kind that we do not know adds to the fields of the same names. */
const takeFields = ({ fields }: OpenBlock, delta: WireDelta): void => {
  for (const [name, value] of Object.entries(delta)) {
    if (name === 'type' || typeof value !== 'string') continue;
    const pieces = fields.get(name);
    if (pieces === undefined) fields.set(name, [value]);
    else pieces.push(value);
  }
};

const stopBlock = (reading: Reading, index: number, at: OpenBlock): readonly ModelEvent[] => {
  const { block, citations, signature, json } = at;
  switch (block.type) {
    case 'thinking':
      return [{ type: 'reasoning-end', ...(signature === '' ? {} : { opaque: opaqueSignature(signature) }) }];
    case 'redacted_thinking':
      return [{ type: 'reasoning-end', opaque: opaqueRedacted(block.data ?? '') }];
    case 'tool_use':
      if (json.length > 0) return [];
      return [{ type: 'tool-call-delta', key: String(index), text: JSON.stringify(block.input ?? {}) }];
    case 'text':
      return citations.flatMap((wire) => {
        const citation = citationOf(wire, reading.documentIds, { start: at.start, end: reading.length });
        return citation === undefined ? [] : [{ type: 'citation' as const, citation }];
      });
    default:
      return [{ type: 'part', part: { type: 'provider', provider: 'anthropic', data: wholeBlock(at) } }];
  }
};

/** A block that only the server understands, as it would have come in one piece. */
const wholeBlock = ({ block, json, fields }: OpenBlock): Block => ({
  ...block,
  ...(json.length === 0 ? {} : { input: inputOf(block, json.join('')) }),
  ...Object.fromEntries([...fields].map(([name, pieces]) => [name, pieces.join('')])),
});

const inputOf = ({ input }: WireBlock, json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    // Cut off by the limit of tokens; the API takes objects only.
    return input;
  }
};
