import { type Hit, isRecord, type Message, partsOf } from '../core/index.js';
import { isText } from '../ask/index.js';
import { checkCitations } from '../rag/index.js';

/** The words of a source that a statement rests on. */
export interface QuotedSource {
  readonly sourceId: string;
  /** Letter by letter. */
  readonly quote: string;
}

const passageIn = (value: unknown): Hit | undefined => {
  if (!isRecord(value) || !isText(value.id) || !isText(value.text)) return undefined;
  const title = isText(value.title) ? { title: value.title } : {};
  return { id: value.id, text: value.text, ...title, score: 1 };
};

/** The passages that a conversation shows: those that a search tool found, and those that it was given as sources. Each once. */
export const passagesIn = (messages: readonly Message[], toolName: string): readonly Hit[] => {
  const found = messages.flatMap(partsOf).flatMap((part): readonly unknown[] => {
    if (part.type === 'source') return [part];
    if (part.type !== 'tool-result' || part.name !== toolName) return [];
    return Array.isArray(part.output) ? part.output : [];
  });
  const byKey = new Map<string, Hit>();
  for (const value of found) {
    const hit = passageIn(value);
    if (hit !== undefined) byKey.set(`${hit.id}\n${hit.text}`, hit);
  }
  return [...byKey.values()];
};

const holds: ReadonlySet<string> = new Set(['verbatim', 'supported', 'stitched']);

/** Whether the quote stands in the source and the statement says no other numbers than the source. No model is asked. */
export const isQuoted = async (
  statement: string,
  { sourceId, quote }: QuotedSource,
  passages: readonly Hit[],
): Promise<boolean> => {
  const sources = passages.filter(({ id }) => id === sourceId);
  if (quote === '' || statement === '') return false;
  for (const source of sources) {
    const citation = { sourceId, quote, start: 0, end: statement.length };
    const { citations } = await checkCitations({ text: statement, citations: [citation] }, [source]);
    if (citations.length > 0 && citations.every(({ verdict }) => verdict === 'verbatim')) return true;
  }
  return false;
};

/** A place in the passages that says the statement, as far as words can tell. No model is asked. */
export const placeOf = async (statement: string, passages: readonly Hit[]): Promise<QuotedSource | undefined> => {
  for (const [at, source] of passages.entries()) {
    const { citations } = await checkCitations({ text: `${statement} [${at + 1}]`, citations: [] }, passages);
    const found = citations.find(({ verdict, sourceId }) => holds.has(verdict) && sourceId === source.id);
    if (found?.evidence !== undefined) return { sourceId: source.id, quote: found.evidence.quote };
  }
  return undefined;
};
