import { isWithin, PipewrightError, type RunEvent, type Span } from '../../core/index.js';
import type { ChatReply } from '../../model/index.js';
import { citedIn, contentOf, finishOf, usageOf } from './content.js';
import type { AiSdkContent, AiSdkStreamPart, AiSdkWarning } from './spec.js';

/** Writes the events of a run, and the reply that they lead to, as the parts of a stream of the AI SDK. */
export interface StreamWriter {
  /** @throws {PipewrightError} `text-retracted` when something that went out is withdrawn: a reader there cannot take it back. */
  readonly take: (event: RunEvent) => readonly AiSdkStreamPart[];
  readonly finish: (reply: ChatReply) => readonly AiSdkStreamPart[];
}

/** A stretch of text that has gone out. It ends with the reply: only then is known what it cites. */
interface Block {
  readonly id: string;
  readonly start: number;
  length: number;
}

interface Writing {
  readonly warnings: AiSdkWarning[];
  readonly texts: Block[];
  /** Ids of the calls of which something has gone out. */
  readonly calls: Set<string>;
  readonly spans: Set<Span>;
  /** Reasoning that has not ended, by its id. */
  openReasoning: string | undefined;
  /** How many stretches of reasoning have gone out. */
  reasonings: number;
  /** What went out last. */
  last: 'text' | 'reasoning' | 'call' | undefined;
  /** Length of the text so far. */
  length: number;
  hasStarted: boolean;
}

export const streamWriter = (warnings: readonly AiSdkWarning[]): StreamWriter => {
  const writing: Writing = {
    warnings: [...warnings],
    texts: [],
    calls: new Set(),
    spans: new Set(),
    openReasoning: undefined,
    reasonings: 0,
    last: undefined,
    length: 0,
    hasStarted: false,
  };
  return {
    take: (event) => started(writing, takeEvent(writing, event)),
    finish: (reply) => started(writing, finishParts(writing, reply)),
  };
};

/** Which events `take` has something to say of. */
export const isTold = ({ type }: RunEvent): boolean =>
  type === 'text-delta' ||
  type === 'reasoning-delta' ||
  type === 'tool-call-delta' ||
  type === 'warning' ||
  type === 'retract';

/** The first part of all tells the warnings so far. */
const started = (writing: Writing, parts: readonly AiSdkStreamPart[]): readonly AiSdkStreamPart[] => {
  if (writing.hasStarted || parts.length === 0) return parts;
  writing.hasStarted = true;
  return [{ type: 'stream-start', warnings: writing.warnings }, ...parts];
};

const takeEvent = (writing: Writing, event: RunEvent): readonly AiSdkStreamPart[] => {
  switch (event.type) {
    case 'text-delta':
      writing.spans.add(event.span);
      return [...endReasoning(writing), ...textDelta(writing, event.text)];
    case 'reasoning-delta':
      writing.spans.add(event.span);
      return reasoningDelta(writing, event.text);
    case 'tool-call-delta':
      writing.spans.add(event.span);
      return [...endReasoning(writing), ...callDelta(writing, event.id, event.name, event.text)];
    case 'warning':
      writing.warnings.push({ type: 'other', message: event.message });
      return [];
    case 'retract':
      if ([...writing.spans].some((span) => isWithin(span, event.span))) throw retracted();
      return [];
    default:
      return [];
  }
};

const retracted = (): PipewrightError =>
  new PipewrightError(
    'text-retracted',
    'Something that was already given out was withdrawn by a retry or fallback, which a stream of the AI SDK cannot ' +
      "take back. Use `generateText`, or set `onPartial: 'fail'` on the retry or fallback.",
  );

const textDelta = (writing: Writing, text: string): readonly AiSdkStreamPart[] => {
  if (text === '') return [];
  const { texts } = writing;
  const last = texts.at(-1);
  const isOpen = writing.last === 'text' && last !== undefined;
  const block: Block = isOpen ? last : { id: `text-${texts.length}`, start: writing.length, length: 0 };
  if (!isOpen) texts.push(block);
  block.length += text.length;
  writing.length += text.length;
  writing.last = 'text';
  const delta = { type: 'text-delta', id: block.id, delta: text } as const;
  return isOpen ? [delta] : [{ type: 'text-start', id: block.id }, delta];
};

const reasoningDelta = (writing: Writing, text: string): readonly AiSdkStreamPart[] => {
  if (text === '') return [];
  const isOpen = writing.openReasoning !== undefined;
  const id = writing.openReasoning ?? `reasoning-${writing.reasonings++}`;
  writing.openReasoning = id;
  writing.last = 'reasoning';
  const delta = { type: 'reasoning-delta', id, delta: text } as const;
  return isOpen ? [delta] : [{ type: 'reasoning-start', id }, delta];
};

const endReasoning = (writing: Writing): readonly AiSdkStreamPart[] => {
  const id = writing.openReasoning;
  writing.openReasoning = undefined;
  return id === undefined ? [] : [{ type: 'reasoning-end', id }];
};

const callDelta = (writing: Writing, id: string, name: string, text: string): readonly AiSdkStreamPart[] => {
  writing.last = 'call';
  const isOpen = writing.calls.has(id);
  writing.calls.add(id);
  const opening: readonly AiSdkStreamPart[] = isOpen ? [] : [{ type: 'tool-input-start', id, toolName: name }];
  return text === '' ? opening : [...opening, { type: 'tool-input-delta', id, delta: text }];
};

const finishParts = (writing: Writing, reply: ChatReply): readonly AiSdkStreamPart[] => [
  ...endReasoning(writing),
  ...writing.texts.map(
    ({ id, start, length }): AiSdkStreamPart => ({
      type: 'text-end',
      id,
      ...citedIn(reply.citations, start, start + length),
    }),
  ),
  ...contentOf(reply).flatMap((part, place) => rest(writing, part, place)),
  { type: 'response-metadata', modelId: reply.model },
  { type: 'finish', usage: usageOf(reply), finishReason: finishOf(reply.finishReason) },
];

/** What of a part of the reply has not gone out yet. Out of a cache, for one, a reply comes without events. */
const rest = ({ texts, reasonings, calls }: Writing, part: AiSdkContent, place: number): readonly AiSdkStreamPart[] => {
  if (part.type === 'text' || part.type === 'reasoning') {
    if (part.type === 'text' ? texts.length > 0 : reasonings > 0) return [];
    const { type, text, ...facts } = part;
    const id = `${type}-${place}`;
    const end = { type: `${type}-end`, id, ...facts } as AiSdkStreamPart;
    return [{ type: `${type}-start`, id }, { type: `${type}-delta`, id, delta: text }, end];
  }
  const isOpen = part.type === 'tool-call' && calls.has(part.toolCallId);
  return isOpen ? [{ type: 'tool-input-end', id: part.toolCallId }, part] : [part];
};
