import { type Random, randomId } from '../../core/index.js';
import type { ModelEvent } from '../../model/index.js';

type ToolCallDelta = Extract<ModelEvent, { readonly type: 'tool-call-delta' }>;

/** A piece of a tool call as a server sends it. Servers leave out or repeat all of these. */
export interface ToolCallPiece {
  readonly index?: number | undefined;
  readonly id?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly text?: string | null | undefined;
}

export interface ToolCallReader {
  /** The delta that this piece amounts to, if any yet. */
  readonly take: (piece: ToolCallPiece) => ToolCallDelta | undefined;
  /** Calls that are still held back, once the reply is complete. */
  readonly end: () => readonly ToolCallDelta[];
  /** How many calls there are. */
  readonly count: () => number;
}

interface OpenCall {
  readonly key: string;
  /** The id as the server gave it; empty when it gave none. */
  readonly wireId: string;
  readonly id: string;
  readonly json: JsonExtent;
  name: string;
  held: string;
  /** Whether the first delta went out. */
  isStarted: boolean;
  /** Whether any of the arguments went out. */
  hasText: boolean;
}

/**
 * Tells apart the tool calls of one reply and puts their pieces in order, whatever the server makes of index, id and name:
 * missing indexes, empty or repeated ids, the same index for several whole calls, and `{}` ahead of the real arguments.
 */
export const toolCallReader = (random: Random): ToolCallReader => {
  const { calls, callOf } = callRegistry(random);
  return {
    take: (piece) => {
      const call = callOf(piece);
      if (call.name === '') call.name = piece.name ?? '';
      const text = piece.text ?? '';
      // Some servers send `{}` first and then the arguments from their beginning, so a first `{}` is held back.
      if (text !== '' && call.held === '{}') {
        call.held = '';
        call.json.reset();
      }
      call.held += text;
      call.json.read(text);
      if (call.name === '') return undefined;
      const isHeldBack = !call.hasText && call.held === '{}';
      if (call.isStarted && (isHeldBack || text === '')) return undefined;
      return isHeldBack ? pass(call, '') : flush(call);
    },
    end: () => calls.filter((call) => !call.isStarted || call.held !== '').map(flush),
    count: () => calls.length,
  };
};

/** The first delta of a call goes out as soon as its name is known, so that calls keep their order. */
const pass = (call: OpenCall, text: string): ToolCallDelta => {
  const { key, id, name } = call;
  const opening = call.isStarted ? {} : { id, name };
  call.isStarted = true;
  call.hasText ||= text !== '';
  return { type: 'tool-call-delta', key, ...opening, text };
};

const flush = (call: OpenCall): ToolCallDelta => {
  const { held } = call;
  call.held = '';
  return pass(call, held);
};

interface CallRegistry {
  readonly calls: readonly OpenCall[];
  /** The call that a piece belongs to, opened if it is a new one. */
  readonly callOf: (piece: ToolCallPiece) => OpenCall;
}

const callRegistry = (random: Random): CallRegistry => {
  const calls: OpenCall[] = [];
  const byIndex = new Map<number, OpenCall>();
  const byWireId = new Map<string, OpenCall>();
  const ids = new Set<string>();

  const open = ({ index, id }: ToolCallPiece): OpenCall => {
    const wireId = id ?? '';
    // Two calls under one id could not be told apart by their results.
    const ownId = wireId === '' || ids.has(wireId) ? `call_${randomId(random)}` : wireId;
    const call = openCall(String(calls.length), wireId, ownId);
    calls.push(call);
    ids.add(ownId);
    if (index !== undefined) byIndex.set(index, call);
    if (wireId !== '') byWireId.set(wireId, call);
    return call;
  };

  /** The call that a piece goes on with; undefined when it begins a new one. */
  const find = (piece: ToolCallPiece): OpenCall | undefined => {
    const id = piece.id ?? '';
    const hasName = (piece.name ?? '') !== '';
    if (piece.index === undefined && id !== '') {
      return byWireId.get(id) ?? (hasName ? undefined : calls.at(-1));
    }
    const current = piece.index === undefined ? calls.at(-1) : byIndex.get(piece.index);
    if (current === undefined || !hasName || current.name === '') return current;
    if (id !== '' && current.wireId !== '') return id === current.wireId ? current : undefined;
    // Named again without an id to tell by: a new call if the one before is whole, else the same name once more.
    return current.json.isWhole() && (piece.text ?? '') !== '' ? undefined : current;
  };

  return { calls, callOf: (piece) => find(piece) ?? open(piece) };
};

const openCall = (key: string, wireId: string, id: string): OpenCall => ({
  key,
  wireId,
  id,
  json: jsonExtent(),
  name: '',
  held: '',
  isStarted: false,
  hasText: false,
});

/** Follows a JSON text piece by piece, only far enough to know where its outermost brackets close. */
interface JsonExtent {
  readonly read: (text: string) => void;
  readonly isWhole: () => boolean;
  readonly reset: () => void;
}

const jsonExtent = (): JsonExtent => {
  let depth = 0;
  let hasBegun = false;
  let isInString = false;
  let isEscaped = false;
  const readChar = (char: string): void => {
    if (isEscaped) isEscaped = false;
    else if (isInString && char === '\\') isEscaped = true;
    else if (char === '"') isInString = !isInString;
    else if (isInString) return;
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') depth -= 1;
  };
  return {
    read: (text) => {
      hasBegun ||= text !== '';
      for (const char of text) readChar(char);
    },
    isWhole: () => hasBegun && depth === 0 && !isInString,
    reset: () => {
      depth = 0;
      hasBegun = false;
    },
  };
};
