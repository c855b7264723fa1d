/** What a translation must hold as the text does: `figure` in any style of separators, the others letter by letter. */
export type KeptKind = 'placeholder' | 'code' | 'tag' | 'link' | 'figure' | 'term';

export interface TranslationProblem {
  readonly kind: KeptKind;
  /** As it stands in the text; of a glossary's term the translation that was asked for. */
  readonly expected: string;
  /** How often the text has it, and how often the translation. */
  readonly inText: number;
  readonly inTranslation: number;
}

/** In this order: what one pattern has taken is no match for the next. */
const kept: readonly (readonly [kind: KeptKind, pattern: RegExp])[] = [
  ['code', /```[\s\S]*?```|`[^`\n]+`/gu],
  ['link', /\bhttps?:\/\/[^\s<>"')\]]*[^\s<>"')\].,;:!?]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+/gu],
  ['placeholder', /\$?\{\{?[^{}\n]{1,80}\}?\}|%(?:\d+\$)?[sdif@]|%\([\w.]+\)[sdif]|:[a-z_]+:/gu],
  ['tag', /<\/?[a-z][^<>\n]{0,200}>/giu],
  ['figure', /\d(?:[\d.,' \u00a0\u202f]*\d)?/gu],
];

/** Separators differ between languages, digits do not. */
const keyOf = (kind: KeptKind, found: string): string => (kind === 'figure' ? found.replace(/\D/gu, '') : found);

interface Counted {
  readonly kind: KeptKind;
  readonly expected: string;
  count: number;
}

const countKept = (text: string): ReadonlyMap<string, Counted> => {
  const counts = new Map<string, Counted>();
  let rest = text;
  for (const [kind, pattern] of kept) {
    rest = rest.replace(pattern, (found) => {
      const key = `${kind} ${keyOf(kind, found)}`;
      const known = counts.get(key) ?? { kind, expected: found, count: 0 };
      known.count += 1;
      counts.set(key, known);
      return '\n';
    });
  }
  return counts;
};

/** A term as a whole word, in any case. */
export const holdsTerm = (text: string, term: string): boolean => {
  const words = term
    .trim()
    .replace(/[.*+?^${}()|[\]\\]/gu, '\\$&')
    .replace(/\s+/gu, '\\s+');
  return new RegExp(`(?<![\\p{L}\\p{N}])${words}(?![\\p{L}\\p{N}])`, 'iu').test(text);
};

/** Terms are inflected: the beginning of the translation must stand there, and more of it for longer words. */
const holdsInflected = (text: string, term: string): boolean => {
  const begin = term.trim().toLowerCase();
  return text.toLowerCase().includes(begin.slice(0, Math.max(4, Math.ceil(begin.length * 0.75))));
};

/** What of a text did not survive its translation: the fewer occurrences of each are told, and terms without their translation. */
export const lostIn = (
  text: string,
  translation: string,
  glossary: Readonly<Record<string, string>>,
): readonly TranslationProblem[] => {
  const after = countKept(translation);
  const lost = [...countKept(text)].flatMap(([key, { kind, expected, count }]): TranslationProblem[] => {
    const inTranslation = after.get(key)?.count ?? 0;
    // Numbers may be written as words, or a year be said twice: only one that is gone counts.
    const isLost = kind === 'figure' ? inTranslation === 0 && expected.length > 1 : inTranslation !== count;
    return isLost ? [{ kind, expected, inText: count, inTranslation }] : [];
  });
  const terms = Object.entries(glossary).flatMap(([term, expected]): TranslationProblem[] =>
    holdsTerm(text, term) && !holdsInflected(translation, expected)
      ? [{ kind: 'term', expected, inText: 1, inTranslation: 0 }]
      : [],
  );
  return [...lost, ...terms];
};
