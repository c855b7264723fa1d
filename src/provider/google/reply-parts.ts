import type { Random } from '../../core/index.js';
import type { ModelEvent } from '../../model/index.js';
import { callReader } from './calls.js';
import { aloneOpaque, partOpaque, thoughtOpaque } from './signature.js';
import type { ReplyPart } from './wire.js';

/** Turns the parts of one reply into our events. */
export interface PartReader {
  readonly take: (part: ReplyPart) => readonly ModelEvent[];
  /** What was still open, once the reply has ended. */
  readonly end: (isComplete: boolean) => readonly ModelEvent[];
  /** The text so far. */
  readonly text: () => string;
  readonly callCount: () => number;
}

export const partReader = (random: Random): PartReader => {
  const calls = callReader(random);
  let text = '';
  let isThinking = false;

  const endThought = (): readonly ModelEvent[] => {
    if (!isThinking) return [];
    isThinking = false;
    return [{ type: 'reasoning-end', opaque: thoughtOpaque() }];
  };

  const thought = ({ text: words = '', thoughtSignature }: ReplyPart): readonly ModelEvent[] => {
    isThinking = thoughtSignature === undefined;
    const delta: ModelEvent = { type: 'reasoning-delta', text: words };
    return isThinking ? [delta] : [delta, { type: 'reasoning-end', opaque: thoughtOpaque(thoughtSignature) }];
  };

  const content = (part: ReplyPart): readonly ModelEvent[] => {
    if (part.text === undefined) return [{ type: 'part', part: wholePart(part) }];
    text += part.text;
    return part.text === '' ? [] : [{ type: 'text-delta', text: part.text }];
  };

  const take = (part: ReplyPart): readonly ModelEvent[] => {
    const { thoughtSignature: signature, functionCall } = part;
    if (part.thought === true && part.text !== undefined) return thought(part);
    const before = endThought();
    if (functionCall !== undefined) return [...before, ...calls.take(functionCall, signature)];
    const isEmpty = Object.keys(part).every((name) => name === 'thoughtSignature') || part.text === '';
    const events = isEmpty ? [] : content(part);
    if (signature === undefined || isVerbatim(part)) return [...before, ...events];
    const opaque = isEmpty ? aloneOpaque(signature) : partOpaque(signature);
    return [...before, ...events, { type: 'reasoning-end', opaque }];
  };

  return {
    take,
    end: (isComplete) => [...endThought(), ...calls.end(isComplete)],
    text: () => text,
    callCount: calls.count,
  };
};

type WholePart = Extract<ModelEvent, { readonly type: 'part' }>['part'];

/** A drawing that the model made on the way is a thought, none of its answer; the rest only Google understands. */
const isVerbatim = ({ text, thought, inlineData, fileData }: ReplyPart): boolean =>
  text === undefined && (thought === true || (inlineData === undefined && fileData === undefined));

const wholePart = (part: ReplyPart): WholePart => {
  const { inlineData, fileData } = part;
  if (isVerbatim(part)) return { type: 'provider', provider: 'google', data: part };
  const mediaType = inlineData?.mimeType ?? fileData?.mimeType ?? 'application/octet-stream';
  const uri = fileData?.fileUri ?? '';
  if (inlineData === undefined && !URL.canParse(uri)) return { type: 'provider', provider: 'google', data: part };
  const data = inlineData === undefined ? new URL(uri) : new Uint8Array(Buffer.from(inlineData.data ?? '', 'base64'));
  return mediaType.startsWith('image/') ? { type: 'image', data, mediaType } : { type: 'file', data, mediaType };
};
