import { loadOptional, PipewrightError } from '../core/index.js';
import { type AnalyzeOptions, type Analyzer, analyzerOf } from '../text/index.js';

/** Languages with a stemmer, by the code of their list of stop words. */
const codes = {
  arabic: 'ara',
  armenian: 'hye',
  basque: 'eus',
  catalan: 'cat',
  czech: 'ces',
  danish: 'dan',
  dutch: 'nld',
  english: 'eng',
  finnish: 'fin',
  french: 'fra',
  german: 'deu',
  hungarian: 'hun',
  irish: 'gle',
  italian: 'ita',
  norwegian: 'nob',
  portuguese: 'por',
  romanian: 'ron',
  russian: 'rus',
  slovene: 'slv',
  spanish: 'spa',
  swedish: 'swe',
  tamil: undefined,
  turkish: 'tur',
} as const;

export type Language = keyof typeof codes;

export interface LanguageAnalyzerOptions extends AnalyzeOptions {
  /** Leave out the words that carry grammar rather than a topic, besides those in `stopWords`. @default false */
  readonly shouldDropStopWords?: boolean;
}

/** What is used of the packages, which have no types of their own. */
interface Snowball {
  readonly newStemmer: (language: string) => { readonly stem: (word: string) => string };
}
type StopWordLists = Readonly<Record<string, readonly string[]>>;

/** A CommonJS module, which some runtimes put under `default` only. */
const moduleOf = <Module extends object>(loaded: { readonly default?: Module }): Module =>
  loaded.default ?? (loaded as Module);

const loadStemmer = async (language: Language): Promise<(word: string) => string> => {
  const snowball: Snowball = moduleOf(
    // @ts-expect-error the package has no types
    await loadOptional('snowball-stemmers', `analysing ${language} text`, () => import('snowball-stemmers')),
  );
  return snowball.newStemmer(language).stem;
};

const loadStopWords = async (language: Language): Promise<readonly string[]> => {
  const code = codes[language];
  if (code === undefined) {
    throw new PipewrightError(
      'unsupported',
      `There is no list of stop words for ${language}. Give your own: \`stopWords\`.`,
    );
  }
  const lists: StopWordLists = moduleOf(
    // @ts-expect-error the package has no types
    await loadOptional('stopword', `the stop words of ${language}`, () => import('stopword')),
  );
  return lists[code] ?? [];
};

/**
 * Makes an analyzer for a language other than English, with the stemmers of Snowball (Porter, Snowball: a language for stemming
 * algorithms, 2001). Text in Chinese, Japanese or Thai needs none: `analyzer()` compares it by pairs of characters.
 * @throws {PipewrightError} `bad-option` for a language without a stemmer; `dependency-missing` without `snowball-stemmers`, or
 * without `stopword` where stop words are to be dropped; `unsupported` for Tamil stop words.
 * @example (await languageAnalyzer('german'))('Die Häuser') // => ['die', 'haus']
 */
export const languageAnalyzer = async (
  language: Language,
  options: LanguageAnalyzerOptions = {},
): Promise<Analyzer> => {
  if (!Object.hasOwn(codes, language)) {
    throw new PipewrightError(
      'bad-option',
      `There is no stemmer for \`${language}\`. There are: ${Object.keys(codes).join(' ')}.`,
    );
  }
  const { isStemmed = true, shouldDropStopWords = false, stopWords = [], ...parts } = options;
  const dropped = shouldDropStopWords ? await loadStopWords(language) : [];
  return analyzerOf({
    ...parts,
    language: `${language}, Snowball`,
    stem: isStemmed ? await loadStemmer(language) : undefined,
    stopWords: new Set([...stopWords, ...dropped]),
  });
};
