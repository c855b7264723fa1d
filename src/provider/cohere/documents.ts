import { type Message, type Part, partsOf, type SourcePart } from '../../core/index.js';
import { outputParts, renderSources } from '../shared/index.js';

/** The sources of a conversation, as this request carries them. */
export interface CallSources {
  /** Those that go as documents, each id once. */
  readonly documents: readonly SourcePart[];
  /** What may be cited: the ids of documents and of sources in results of tools. */
  readonly ids: ReadonlySet<string>;
  /** The text parts of a message, with its sources in words where they do not go as documents. */
  readonly withText: (message: Message) => readonly Part[];
}

const isSource = (part: Part): part is SourcePart => part.type === 'source';

/** @param isNative Whether the sources go as documents, which the model cites; the API takes none together with JSON. */
export const callSources = (messages: readonly Message[], isNative: boolean): CallSources => {
  const documents = new Map<string, SourcePart>();
  const ids = new Set<string>();
  for (const part of messages.flatMap(partsOf)) {
    if (isSource(part) && !documents.has(part.id)) documents.set(part.id, part);
    if (part.type === 'tool-result') for (const { id } of (outputParts(part) ?? []).filter(isSource)) ids.add(id);
  }
  if (isNative) for (const id of documents.keys()) ids.add(id);
  const rendered = renderSources(messages);
  return {
    documents: isNative ? [...documents.values()] : [],
    ids,
    withText: (message) => {
      const parts = partsOf(message);
      const sources = parts.filter(isSource);
      const others = parts.filter((part) => !isSource(part));
      if (isNative || sources.length === 0) return others;
      return [{ type: 'text', text: rendered.render(sources) }, ...others];
    },
  };
};
