import type { Message, Part, SourcePart } from '../core/index.js';
import type { Example, ExampleFormOptions } from './examples.js';

/** What every place of a list in a chat prompt has. */
interface Slot<Kind extends string, Name extends string, Value> {
  readonly slot: Kind;
  /** The value goes by this name. */
  readonly name: Name;
  /** The value, where `partial` has put it in already. */
  readonly given?: readonly Value[];
}

/** The place of a list of messages in a chat prompt. */
export interface HistorySlot<Name extends string> extends Slot<'history', Name, Message> {}

/** The place of passages to answer from in a chat prompt. */
export interface SourcesSlot<Name extends string> extends Slot<'sources', Name, SourceLike> {}

/** The place of pictures, files and other parts in a chat prompt. */
export interface PartsSlot<Name extends string> extends Slot<'parts', Name, Part> {}

/** The place of worked examples in a chat prompt. */
export interface ExamplesSlot<Name extends string> extends Slot<'examples', Name, Example> {
  readonly form?: ExampleFormOptions;
}

/** A place for a list of any kind. */
export type ListSlot<Name extends string = string> =
  | HistorySlot<Name>
  | SourcesSlot<Name>
  | PartsSlot<Name>
  | ExamplesSlot<Name>;

/** What the list of each kind of place holds. */
export interface SlotItems {
  readonly history: Message;
  readonly sources: SourceLike;
  readonly parts: Part;
  readonly examples: Example;
}

/** A passage: a hit of a search, a document, or a `source` part. */
export interface SourceLike {
  readonly id: string;
  readonly text: string;
  readonly title?: string;
}

/**
 * The messages of an earlier conversation, given as the value `name`. They go in as they are.
 * @example history('turns') // => { slot: 'history', name: 'turns' }
 */
export const history = <const Name extends string>(name: Name): HistorySlot<Name> => ({ slot: 'history', name });

/**
 * Passages to answer from, given as the value `name`. They become `source` parts in front of the next user message.
 * @example sources('passages') // => { slot: 'sources', name: 'passages' }
 */
export const sources = <const Name extends string>(name: Name): SourcesSlot<Name> => ({ slot: 'sources', name });

/**
 * Pictures, files or other parts, given as the value `name`. They stand in front of the next user message, as they are.
 * @example parts('pictures') // => { slot: 'parts', name: 'pictures' }
 */
export const parts = <const Name extends string>(name: Name): PartsSlot<Name> => ({ slot: 'parts', name });

/**
 * Worked examples, given as the value `name`. Each becomes a turn of the user and one of the assistant, in the form that
 * `exampleTurns` gives them.
 * @example examples('shots') // => { slot: 'examples', name: 'shots' }
 */
export const examples = <const Name extends string>(name: Name, form?: ExampleFormOptions): ExamplesSlot<Name> => ({
  slot: 'examples',
  name,
  ...(form === undefined ? {} : { form }),
});

export const sourcePart = ({ id, text, title }: SourceLike): SourcePart => ({
  type: 'source',
  id,
  text,
  ...(title === undefined ? {} : { title }),
});
