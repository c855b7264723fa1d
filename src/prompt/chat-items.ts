import { type Message, type Part, partsOf, PipewrightError, type TextPart } from '../core/index.js';
import type { ChatPromptItem, PromptMessage } from './chat-prompt.js';
import { type Example, turnsMaker } from './examples.js';
import { type ListSlot, type SourceLike, sourcePart } from './slots.js';
import {
  fill,
  piecesOf,
  renderer,
  type Segment,
  segmentsKey,
  segmentsOf,
  templateOf,
  type Values,
  variablesOf,
} from './template.js';

/** An item of a chat prompt with its templates taken apart. */
export type Compiled = CompiledText | CompiledParts | CompiledList;
interface CompiledText {
  readonly kind: 'text';
  readonly role: Message['role'];
  readonly segments: readonly Segment[];
  readonly render: (values: Values) => string;
  /** It came as a prompt, whose places may be guarded. */
  readonly isPrompt: boolean;
}
interface CompiledParts {
  readonly kind: 'parts';
  readonly role: Message['role'];
  readonly parts: readonly CompiledPart[];
}
interface CompiledPart {
  readonly part: Part;
  /** Of a text part. */
  readonly segments?: readonly Segment[];
  readonly render?: (values: Values) => string;
}
interface CompiledList {
  readonly kind: 'list';
  readonly slot: ListSlot;
  /** Makes messages of examples. */
  readonly turns: (examples: readonly Example[]) => readonly Message[];
}

const compiledText = (role: Message['role'], segments: readonly Segment[], isPrompt: boolean): CompiledText => ({
  kind: 'text',
  role,
  segments,
  render: renderer(segments),
  isPrompt,
});

const compiledPart = (part: Part, segments: readonly Segment[]): CompiledPart => ({
  part,
  segments,
  render: renderer(segments),
});

const noTurns = (): readonly Message[] => [];

/** @throws {PipewrightError} `bad-input` that quotes a single brace. */
export const compiled = (item: ChatPromptItem): Compiled => {
  if ('slot' in item) {
    return { kind: 'list', slot: item, turns: item.slot === 'examples' ? turnsMaker(item.form) : noTurns };
  }
  const { role } = item;
  if ('prompt' in item) return compiledText(role, piecesOf(item.prompt), true);
  const { content } = item;
  if (typeof content === 'string') return compiledText(role, segmentsOf(content), false);
  const parts = content.map((part) => (part.type === 'text' ? compiledPart(part, segmentsOf(part.text)) : { part }));
  return { kind: 'parts', role, parts };
};

const textPart = (part: Part, text: string): TextPart => ({ ...part, type: 'text', text });

/** The item that it was made of, or one that renders to the same. */
export const itemOf = (item: Compiled): ChatPromptItem => {
  switch (item.kind) {
    case 'list':
      return item.slot;
    case 'text': {
      const { role, segments, isPrompt } = item;
      if (!isPrompt) return { role, content: templateOf(segments) };
      const prompt = { template: templateOf(segments), variables: variablesOf(segments), [segmentsKey]: segments };
      return { role: role as PromptMessage['role'], prompt };
    }
    case 'parts': {
      const content = item.parts.map(({ part, segments }) =>
        segments === undefined ? part : textPart(part, templateOf(segments)),
      );
      return { role: item.role, content };
    }
  }
};

export const namesOf = (item: Compiled): readonly string[] => {
  if (item.kind === 'text') return variablesOf(item.segments);
  if (item.kind === 'parts') return item.parts.flatMap(({ segments = [] }) => variablesOf(segments));
  return item.slot.given === undefined ? [item.slot.name] : [];
};

/** The item with some values put in. */
export const filled = (item: Compiled, values: Values): Compiled => {
  if (item.kind === 'text') return compiledText(item.role, fill(item.segments, values), item.isPrompt);
  if (item.kind === 'parts') {
    const parts = item.parts.map((each) =>
      each.segments === undefined ? each : compiledPart(each.part, fill(each.segments, values)),
    );
    return { ...item, parts };
  }
  const { slot } = item;
  if (slot.given !== undefined || !Object.hasOwn(values, slot.name)) return item;
  return { ...item, slot: { ...slot, given: listOf<never>(values, slot.name) } };
};

const listOf = <T>(values: Values, name: string): readonly T[] => {
  const value = values[name];
  if (Array.isArray(value)) return value;
  throw new PipewrightError(
    'bad-input',
    `The variable \`${name}\` must be a list, got a value of type ${typeof value}.`,
    { details: { where: name } },
  );
};

const contentOf = (item: CompiledText | CompiledParts, values: Values): Message['content'] =>
  item.kind === 'text'
    ? item.render(values)
    : item.parts.map(({ part, render }) => (render === undefined ? part : textPart(part, render(values))));

/** The messages, and the parts that wait for a user message. */
interface Rendering {
  readonly messages: Message[];
  waiting: Part[];
}

const addMessage = (into: Rendering, message: Message): void => {
  if (message.role !== 'user' || into.waiting.length === 0) {
    into.messages.push(message);
    return;
  }
  into.messages.push({ role: 'user', content: [...into.waiting, ...partsOf(message)] });
  into.waiting = [];
};

const addList = (into: Rendering, { slot, turns }: CompiledList, values: Values): void => {
  const list = <T>(): readonly T[] => (slot.given as readonly T[] | undefined) ?? listOf<T>(values, slot.name);
  switch (slot.slot) {
    case 'history':
      for (const message of list<Message>()) into.messages.push(message);
      return;
    case 'examples':
      for (const message of turns(list<Example>())) into.messages.push(message);
      return;
    case 'sources':
      for (const source of list<SourceLike>()) into.waiting.push(sourcePart(source));
      return;
    case 'parts':
      for (const part of list<Part>()) into.waiting.push(part);
      return;
  }
};

/** Check the names first. */
export const messagesOf = (items: readonly Compiled[], values: Values): readonly Message[] => {
  const rendering: Rendering = { messages: [], waiting: [] };
  for (const item of items) {
    if (item.kind === 'list') addList(rendering, item, values);
    else addMessage(rendering, { role: item.role, content: contentOf(item, values) });
  }
  // No user message came behind them: they make one of their own.
  if (rendering.waiting.length > 0) rendering.messages.push({ role: 'user', content: rendering.waiting });
  return rendering.messages;
};
