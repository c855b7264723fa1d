import type { SourcePart } from '../core/index.js';

/** The place of a list of messages in a chat prompt. */
export interface HistorySlot<Name extends string> {
  readonly slot: 'history';
  readonly name: Name;
}

/** The place of passages to answer from in a chat prompt. */
export interface SourcesSlot<Name extends string> {
  readonly slot: 'sources';
  readonly name: Name;
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

export const sourcePart = ({ id, text, title }: SourceLike): SourcePart => ({
  type: 'source',
  id,
  text,
  ...(title === undefined ? {} : { title }),
});
