import type { ModelCitation, ModelEvent } from '../../model/index.js';
import type { GroundingMetadata, WireCandidate } from './wire.js';

/** Collects what a reply tells of the sources that the model searched for itself. */
export interface GroundingReader {
  readonly take: (candidate: WireCandidate) => void;
  /** The citations in the text, and all that was told, for what a program must show (Google wants its suggestions shown). */
  readonly end: (text: string) => readonly ModelEvent[];
}

export const groundingReader = (): GroundingReader => {
  let grounding: GroundingMetadata | undefined;
  let urls: unknown;
  return {
    take: ({ groundingMetadata, urlContextMetadata }) => {
      // Told again in a later piece, a field is told whole.
      if (groundingMetadata !== undefined) grounding = { ...grounding, ...groundingMetadata };
      urls = urlContextMetadata ?? urls;
    },
    end: (text) => {
      if (grounding === undefined && urls === undefined) return [];
      const data = {
        ...(grounding === undefined ? {} : { groundingMetadata: grounding }),
        ...(urls === undefined ? {} : { urlContextMetadata: urls }),
      };
      const citations = grounding === undefined ? [] : citationsOf(grounding, text);
      return [
        ...citations.map((citation) => ({ type: 'citation' as const, citation })),
        { type: 'part', part: { type: 'provider', provider: 'google', data } },
      ];
    },
  };
};

const citationsOf = (
  { groundingChunks = [], groundingSupports = [] }: GroundingMetadata,
  text: string,
): readonly ModelCitation[] => {
  const place = placeFinder(text);
  return groundingSupports.flatMap(({ segment = {}, groundingChunkIndices = [] }) => {
    const span = place(segment.startIndex ?? 0, segment.endIndex ?? 0, segment.text ?? '');
    return groundingChunkIndices.flatMap((index) => {
      const { web, retrievedContext, maps } = groundingChunks[index] ?? {};
      const { uri, title, text: quote = '' } = web ?? retrievedContext ?? maps ?? {};
      const sourceId = uri ?? title;
      if (sourceId === undefined) return [];
      return [{ sourceId, quote, ...(title === undefined ? {} : { title }), ...span }];
    });
  });
};

interface Place {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds segments in a text. Google counts bytes of UTF-8, and in replies of several parts not always from the beginning of the
 * text; the words of the segment tell where it is meant.
 */
const placeFinder = (text: string): ((startByte: number, endByte: number, words: string) => Place) => {
  const unitAt = unitsByByte(text);
  let searchedTo = 0;
  return (startByte, endByte, words) => {
    const start = unitAt(startByte);
    const end = Math.max(start, unitAt(endByte));
    if (words === '' || text.slice(start, end) === words) return { start, end };
    const ahead = text.indexOf(words, searchedTo);
    const found = ahead >= 0 ? ahead : text.indexOf(words);
    if (found < 0) return { start, end };
    searchedTo = found + 1;
    return { start: found, end: found + words.length };
  };
};

/** From an offset in bytes of UTF-8 to one in UTF-16 units; what lies behind the text is its end. */
const unitsByByte = (text: string): ((byte: number) => number) => {
  const bytes = Buffer.byteLength(text);
  if (bytes === text.length) return (byte) => Math.min(Math.max(byte, 0), text.length);
  const units = new Uint32Array(bytes + 1);
  let byte = 0;
  let unit = 0;
  for (const char of text) {
    const width = Buffer.byteLength(char);
    units.fill(unit, byte, byte + width);
    byte += width;
    unit += char.length;
  }
  units[bytes] = text.length;
  return (at) => units[Math.min(Math.max(at, 0), bytes)] ?? text.length;
};
