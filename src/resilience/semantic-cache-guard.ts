import { stopWords } from '../text/index.js';

const listOf = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/u));

/** Words that turn a sentence into its opposite; English, and the commonest of German, French and Spanish. */
const negations = listOf(`
not no never none nobody nothing neither nor without cannot except unless nicht kein keine keinen keiner nie niemals ohne
pas jamais sans aucun aucune nunca sin ningún ninguna
`);

/** Words that embeddings put next to their opposites, although the answer turns with them. */
const opposites = listOf(`
before after above below over under more less most least fewer max maximum min minimum highest lowest higher lower larger smaller
largest smallest biggest longest shortest best worst first last oldest newest latest earliest cheapest dearest increase decrease
enable disable include exclude allow forbid start stop begin end open close buy sell import export add remove create delete
install uninstall accept reject win lose winner loser true false advantages disadvantages pros cons hot cold left right up down
north south east west male female men women son daughter father mother husband wife older younger
`);

const numberWords = listOf(`
zero two three four five six seven eight nine ten eleven twelve hundred thousand million billion half twice third quarter
`);

/** Words that a question begins with: their capital is no name. */
const openers = listOf(`
please tell explain describe give list show name find write summarize compare define translate calculate help say
want need hi hello hey thanks ok okay yes
`);

/** What is asked for: a question for a person is none for a day. */
const askedFor: ReadonlyMap<string, string> = new Map([
  ['who', 'who'],
  ['whom', 'who'],
  ['whose', 'who'],
  ['when', 'when'],
  ['where', 'where'],
  ['why', 'why'],
  ['how', 'how'],
]);

/** Behind `how` these say what is asked for; behind `what` or `which` the times mean `when`. */
const measures = listOf('many much often long old far big large tall high deep fast soon');
const times = listOf('year date day month century decade time');

/** Words with digits, letters, and what may stand inside: `1,000`, `2019-05`, `don't`, `GPT-5`. */
const wordPattern = /[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}'’.,:/_-]*[\p{L}\p{N}])?/gu;

const hasDigit = (word: string): boolean => /\p{N}/u.test(word);
const isShouted = (word: string): boolean =>
  word.length > 1 && word === word.toUpperCase() && word !== word.toLowerCase();
const isCapital = (word: string): boolean => word.slice(0, 1) !== word.slice(0, 1).toLowerCase();

/** What a word decides, behind the word before it; undefined for one that may be replaced by another of like meaning. */
const decisionOf = (word: string, before: string): string | undefined => {
  const lower = word.toLowerCase().replaceAll('’', "'");
  if (hasDigit(word)) return lower.replace(/(?<=\p{N}),(?=\p{N})/gu, '');
  if (negations.has(lower) || lower.endsWith("n't")) return 'not';
  const bare = lower.replace(/'s$/u, '');
  const asked = askedFor.get(bare);
  if (asked !== undefined && !isShouted(word)) return asked;
  if (before === 'how' && measures.has(bare)) return bare;
  if ((before === 'what' || before === 'which') && times.has(bare)) return 'when';
  if (opposites.has(bare) || numberWords.has(bare) || isShouted(word)) return bare;
  if (!isCapital(word) || stopWords.has(bare) || openers.has(bare)) return undefined;
  return bare;
};

/**
 * The words of a question that must be the same, in the same order, for its answer to be the same: what is asked for (who,
 * when), numbers, negations, names (words with a capital letter) and words that have an opposite. Similarity alone takes
 * `in 2019` for `in 2020`.
 */
export const decisiveWords = (text: string): readonly string[] => {
  const words = text.match(wordPattern) ?? [];
  return words.flatMap((word, index) => decisionOf(word, (words[index - 1] ?? '').toLowerCase()) ?? []);
};
