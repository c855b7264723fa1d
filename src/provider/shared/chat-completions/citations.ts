import type { ModelCitation, ModelEvent } from '../../../model/index.js';
import type { WireAnnotation, WireChunk } from './chunk.js';

/** The citations that stand beside the text. */
export const annotationEvents = (annotations: readonly WireAnnotation[]): readonly ModelEvent[] =>
  annotations.flatMap(({ url_citation: cited }): readonly ModelEvent[] => {
    if (cited?.url === undefined) return [];
    const { url, title, content = '', start_index: start = 0, end_index: end = 0 } = cited;
    const citation = { sourceId: url, quote: content, start, end, ...(title === undefined ? {} : { title }) };
    return [{ type: 'citation', citation }];
  });

/** Pages that are listed beside the reply, and marked in its text as `[1]`. */
export interface PageList {
  readonly take: (chunk: WireChunk) => void;
  readonly addText: (text: string) => void;
  /** A citation for each mark; a page without a mark is cited for no place. */
  readonly end: () => readonly ModelEvent[];
}

export const pageList = (): PageList => {
  let pages: readonly unknown[] = [];
  let titles: ReadonlyMap<string, string> = new Map();
  let length = 0;
  /** Kept once a list has come: servers repeat it from the first chunk on. */
  let text = '';
  return {
    take: ({ citations, search_results }) => {
      if (citations?.length) pages = citations;
      if (search_results?.length) titles = titlesOf(search_results);
    },
    addText: (piece) => {
      if (pages.length > 0) text += piece;
      else length += piece.length;
    },
    end: () =>
      pages.flatMap((url, index) => {
        if (typeof url !== 'string') return [];
        const title = titles.get(url);
        const places = marksOf(text, index + 1, length);
        return (places.length === 0 ? [{ start: 0, end: 0 }] : places).map((place) => {
          const citation: ModelCitation = { sourceId: url, quote: '', ...place, ...(title ? { title } : {}) };
          return { type: 'citation', citation };
        });
      }),
  };
};

const titlesOf = (results: NonNullable<WireChunk['search_results']>): ReadonlyMap<string, string> =>
  new Map(
    results.flatMap(({ url, title }) => (url === undefined || title === undefined ? [] : [[url, title] as const])),
  );

const marksOf = (text: string, number: number, offset: number): readonly { start: number; end: number }[] =>
  [...text.matchAll(new RegExp(`\\[${number}\\]`, 'g'))].map(({ index, 0: mark }) => ({
    start: offset + index,
    end: offset + index + mark.length,
  }));
