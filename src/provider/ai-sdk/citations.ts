import type { ModelCitation, ModelEvent } from '../../model/index.js';
import type { WireCitation, WirePart, WireSource } from './wire.js';

/** Follows the text of a reply and where it is cited. */
export interface CitationReader {
  readonly startText: (id: string) => readonly ModelEvent[];
  readonly addText: (text: string) => readonly ModelEvent[];
  readonly endText: (id: string, citations: readonly WireCitation[] | undefined) => readonly ModelEvent[];
  readonly addSource: (source: WirePart) => readonly ModelEvent[];
  /** The sources that no text named. */
  readonly end: () => readonly ModelEvent[];
}

const nameOf = ({ url, id }: WireSource): string => url ?? id;

const cited = (source: WireSource, span: Omit<ModelCitation, 'sourceId' | 'title'>): ModelEvent => ({
  type: 'citation',
  citation: { sourceId: nameOf(source), ...(source.title === undefined ? {} : { title: source.title }), ...span },
});

/** Citations name the source and, where the model says, the words; places are within one block of text. */
export const citationReader = (): CitationReader => {
  const starts = new Map<string, number>();
  const named = new Set<string>();
  /** Sources with the length of the text at which they came. */
  const sources: { readonly source: WireSource; readonly at: number }[] = [];
  let length = 0;
  return {
    startText: (id) => {
      starts.set(id, length);
      return [];
    },
    addText: (text) => {
      length += text.length;
      return text === '' ? [] : [{ type: 'text-delta', text }];
    },
    endText: (id, citations = []) => {
      const start = starts.get(id) ?? length;
      starts.delete(id);
      return citations.map(({ source, startIndex = 0, endIndex, citedText = '' }) => {
        named.add(nameOf(source));
        const end = endIndex === undefined ? length : Math.min(length, start + endIndex);
        return cited(source, { quote: citedText, start: Math.min(end, start + startIndex), end });
      });
    },
    addSource: ({ id = '', url, title }) => {
      const source = { id, ...(url === undefined ? {} : { url }), ...(title === undefined ? {} : { title }) };
      sources.push({ source, at: length });
      return [];
    },
    end: () =>
      sources
        .filter(({ source }) => !named.has(nameOf(source)))
        .map(({ source, at }) => cited(source, { quote: '', start: at, end: at })),
  };
};
