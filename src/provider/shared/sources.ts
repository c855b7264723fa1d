import { type Message, partsOf, type SourcePart } from '../../core/index.js';

/** Sources in words, for models that do not take them natively. */
export interface RenderedSources {
  /** The text of these sources, each under its number: `[1] title`, line break, text. */
  readonly render: (sources: readonly SourcePart[]) => string;
  /** The ids by number: `ids[0]` is the source `[1]`. */
  readonly ids: readonly string[];
}

/**
 * Numbers the sources of a conversation in the order in which they first appear; a source that comes again keeps its number,
 * so earlier messages read the same on every later turn.
 * @example renderSources([user([{ type: 'source', id: 'a', text: 'Text.' }])]).ids // => ['a']
 */
export const renderSources = (messages: readonly Message[]): RenderedSources => {
  const numbers = new Map<string, number>();
  for (const message of messages) {
    for (const part of partsOf(message)) {
      if (part.type === 'source' && !numbers.has(part.id)) numbers.set(part.id, numbers.size + 1);
    }
  }
  return {
    render: (sources) =>
      sources
        .map(({ id, title, text }) => `[${numbers.get(id)}]${title === undefined ? '' : ` ${title}`}\n${text}`)
        .join('\n\n'),
    ids: [...numbers.keys()],
  };
};
