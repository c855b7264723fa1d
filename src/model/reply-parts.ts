import type { Part } from '../core/index.js';

interface OpenCall {
  readonly type: 'tool-call';
  readonly key: string;
  readonly id: string;
  readonly name: string;
  json: string;
}

interface OpenText {
  readonly type: 'text' | 'reasoning';
  text: string;
  /** Set when the stretch has ended. */
  opaque?: string;
}

/** A tool call as far as it has come. */
export type CallHead = Pick<OpenCall, 'id' | 'name'>;

/** The parts of a reply while they grow. */
export interface ReplyParts {
  readonly addText: (type: 'text' | 'reasoning', delta: string) => void;
  readonly endReasoning: (opaque: string | undefined) => void;
  /** Adds to the call with this key, and returns what is known of the call. */
  readonly addToCall: (key: string, delta: string, head: Partial<CallHead>) => CallHead;
  /** All that was written, in order: text, reasoning, arguments. */
  readonly written: () => string;
  readonly isEmpty: () => boolean;
  /** The parts as they stand in a message. */
  readonly close: () => readonly Part[];
}

const parsedInput = (json: string): unknown => {
  if (json.trim() === '') return {};
  try {
    return JSON.parse(json);
  } catch {
    // The model wrote no valid JSON. Whoever runs the tool tells it so; the raw text is what there is.
    return json;
  }
};

const closePart = (part: OpenCall | OpenText): Part => {
  switch (part.type) {
    case 'tool-call':
      return { type: 'tool-call', id: part.id, name: part.name, input: parsedInput(part.json) };
    case 'text':
      return { type: 'text', text: part.text };
    case 'reasoning':
      return { type: 'reasoning', text: part.text, ...(part.opaque ? { opaque: part.opaque } : {}) };
  }
};

export const replyParts = (): ReplyParts => {
  const parts: (OpenCall | OpenText)[] = [];
  const calls = new Map<string, OpenCall>();
  return {
    addText: (type, delta) => {
      const last = parts.at(-1);
      if (last?.type === type && last.opaque === undefined) last.text += delta;
      else parts.push({ type, text: delta });
    },
    endReasoning: (opaque) => {
      const last = parts.at(-1);
      if (last?.type === 'reasoning' && last.opaque === undefined) last.opaque = opaque ?? '';
      else if (opaque !== undefined) parts.push({ type: 'reasoning', text: '', opaque });
    },
    addToCall: (key, delta, { id = `call_${key}`, name = '' }) => {
      let call = calls.get(key);
      if (call === undefined) {
        call = { type: 'tool-call', key, id, name, json: '' };
        calls.set(key, call);
        parts.push(call);
      }
      call.json += delta;
      return call;
    },
    written: () => parts.map((part) => (part.type === 'tool-call' ? part.json : part.text)).join(''),
    isEmpty: () => parts.length === 0,
    close: () => parts.map(closePart),
  };
};
