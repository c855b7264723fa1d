import { loadOptional, type TextRange } from '../core/index.js';
import { type Candidate, overlaps } from './patterns.js';

/** Finds people, places and organizations in a stretch of text; offsets are into the stretch. */
export type NameTagger = (text: string) => readonly Candidate[];

/** What we use of compromise. */
interface Matches {
  readonly json: (options: { readonly offset: true }) => readonly {
    readonly text: string;
    readonly offset: { readonly start: number; readonly length: number };
  }[];
}

const hasName = /^\p{Lu}/u;

/** The stretch without the punctuation and possessive that compromise leaves at its ends. */
const trimmed = (text: string, from: number, to: number): TextRange => {
  const stretch = text.slice(from, to);
  const start = from + (/^[^\p{L}\p{N}]*/u.exec(stretch)?.[0].length ?? 0);
  const tail = /(?:['’]s)?[^\p{L}\p{N}]*$/u.exec(stretch)?.[0].length ?? 0;
  return { start, end: to - tail };
};

/**
 * Loads compromise, which tells people, places and organizations apart. The first call takes a third of a second or more: the package
 * unpacks its word lists.
 * @throws {PipewrightError} `dependency-missing`.
 */
export const compromiseTagger = async (): Promise<NameTagger> => {
  const { default: nlp } = await loadOptional(
    'compromise',
    'telling people, places and organizations apart',
    () => import('compromise'),
  );
  return (text) => {
    const view = nlp(text);
    const found: Candidate[] = [];
    const take = (type: string, matches: Matches): void => {
      for (const { offset } of matches.json({ offset: true })) {
        const { start, end } = trimmed(text, offset.start, offset.start + offset.length);
        const candidate = { start, end, type };
        const isName = hasName.test(text.slice(start, end)) && end - start > 1;
        if (isName && !found.some((known) => overlaps(known, candidate))) found.push(candidate);
      }
    };
    take('person', view.people() as unknown as Matches);
    take('place', view.places() as unknown as Matches);
    take('organization', view.organizations() as unknown as Matches);
    return found;
  };
};

/** The types that compromise gives to names found by our rules; what it finds beside them is taken as it is. */
export const withTags = (names: readonly Candidate[], tags: readonly Candidate[]): readonly Candidate[] => {
  const typed = names.map((name) => {
    const tag = tags.find((one) => overlaps(one, name));
    // A tag over a small part of a name speaks of that part.
    const isMost =
      tag !== undefined && 2 * (Math.min(tag.end, name.end) - Math.max(tag.start, name.start)) > name.end - name.start;
    return isMost && name.type === 'name' ? { ...name, type: tag.type } : name;
  });
  const added = tags.filter((tag) => !names.some((name) => overlaps(tag, name)));
  return [...typed, ...added].sort((a, b) => a.start - b.start);
};
