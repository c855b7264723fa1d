import { assertNever, type FilePart, type ImagePart, type Part, type ProviderPart } from '../core/index.js';

interface OpenCall {
  readonly type: 'tool-call';
  readonly key: string;
  readonly id: string;
  readonly name: string;
  json: string;
  opaque: string | undefined;
}

/** A part that came whole. */
type WholePart = ImagePart | FilePart | ProviderPart;

interface OpenText {
  readonly type: 'text' | 'reasoning';
  text: string;
  /** Set when the stretch has ended. */
  opaque?: string;
}

type OpenPart = OpenCall | OpenText | WholePart;

/** A tool call as far as it has come. */
export type CallHead = Pick<OpenCall, 'id' | 'name'>;

type CallOpening = Partial<CallHead> & { readonly opaque?: string };

/** The parts of a reply while they grow. */
export interface ReplyParts {
  readonly addText: (type: 'text' | 'reasoning', delta: string) => void;
  readonly endReasoning: (opaque: string | undefined) => void;
  /** Adds to the call with this key, and returns what is known of the call. */
  readonly addToCall: (key: string, delta: string, opening: CallOpening) => CallHead;
  readonly addPart: (part: WholePart) => void;
  /** The text of all stretches. Where there is one it is that very string, so that a long reply is not held twice. */
  readonly text: () => string;
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

const closePart = (part: OpenPart): Part => {
  switch (part.type) {
    case 'tool-call':
      return {
        type: 'tool-call',
        id: part.id,
        name: part.name,
        input: parsedInput(part.json),
        ...(part.opaque === undefined ? {} : { opaque: part.opaque }),
      };
    case 'text':
      return { type: 'text', text: part.text };
    case 'reasoning':
      return { type: 'reasoning', text: part.text, ...(part.opaque ? { opaque: part.opaque } : {}) };
    case 'image':
    case 'file':
    case 'provider':
      return part;
    default:
      return assertNever(part);
  }
};

const writtenIn = (part: OpenPart): string => {
  if (part.type === 'tool-call') return part.json;
  return part.type === 'text' || part.type === 'reasoning' ? part.text : '';
};

export const replyParts = (): ReplyParts => {
  const parts: OpenPart[] = [];
  const calls = new Map<string, OpenCall>();
  return {
    addText: (type, delta) => {
      const last = parts.at(-1);
      if (last !== undefined && last.type === type && 'text' in last && last.opaque === undefined) last.text += delta;
      else parts.push({ type, text: delta });
    },
    endReasoning: (opaque) => {
      const last = parts.at(-1);
      if (last?.type === 'reasoning' && last.opaque === undefined) last.opaque = opaque ?? '';
      else if (opaque !== undefined) parts.push({ type: 'reasoning', text: '', opaque });
    },
    addToCall: (key, delta, { id = `call_${key}`, name = '', opaque }) => {
      let call = calls.get(key);
      if (call === undefined) {
        call = { type: 'tool-call', key, id, name, json: '', opaque: undefined };
        calls.set(key, call);
        parts.push(call);
      }
      call.json += delta;
      call.opaque ??= opaque;
      return call;
    },
    addPart: (part) => void parts.push(part),
    text: () => parts.reduce((text, part) => (part.type === 'text' ? text + part.text : text), ''),
    written: () => parts.map(writtenIn).join(''),
    isEmpty: () => parts.length === 0,
    close: () => parts.map(closePart),
  };
};
