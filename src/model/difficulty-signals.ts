import { wordRarity } from '../text/index.js';

/** What is seen of a question, from about 0 to about 1 for common questions; a rare one has more. */
export type DifficultySignals = Readonly<Record<DifficultySignal, number>>;

export const difficultySignals = [
  'length',
  'sentences',
  'rareWords',
  'longWords',
  'numbers',
  'relations',
  'steps',
  'conditions',
  'reasoning',
  'lookup',
  'code',
  'mathematics',
  'parts',
  'foreign',
] as const;
export type DifficultySignal = (typeof difficultySignals)[number];

/** Marks of each kind. English mostly, with the commonest words of German, French and Spanish. */
const marks: Readonly<Partial<Record<DifficultySignal, RegExp>>> = {
  relations:
    /\b(?:twice|thrice|double|triple|half|third|quarter|times (?:as|more)|(?:more|less|fewer|older|younger|longer|taller|faster) than|per|each|every|ratio|average|percent|doppelt|halb|fois plus|doble|mitad)\b|%/giu,
  steps:
    /\b(?:then|after(?:wards)?|before|next|first|second(?:ly)?|finally|later|remaining|remains|left|rest|total|altogether|combined|step|danach|zuerst|schließlich|ensuite|enfin|después|luego|finalmente)\b/giu,
  conditions:
    /\b(?:if|unless|when|except|without|only|must|at (?:least|most)|exactly|instead|otherwise|assum(?:e|ing)|given|while|wenn|falls|ohne|mindestens|höchstens|sauf|sans|sin|salvo|exactamente)\b/giu,
  reasoning:
    /\b(?:why|how (?:would|could|should|can|does|do|did|come)|explain|prove|proof|derive|compare|contrast|analy[sz]e|evaluate|design|implement|optimi[sz]e|critique|argue|justify|refactor|debug|trade-?offs?|implications?|strategy|plan|warum|erkläre|beweise|vergleiche|pourquoi|explique[rz]?|démontre[rz]?|compare[rz]?|por qué|explica|demuestra|compara)\b|为什么|解释|证明|比较|なぜ|説明|証明|比較/giu,
  lookup:
    /\b(?:who|when|where|which|what(?:'s| is| was| are| were)|capital|name|define|definition|meaning|spell|translate|hello|hi|thanks|wer|wann|wo|qui|quand|où|quién|cuándo|dónde)\b/giu,
  code: /```|\b(?:function|class|def|const|return|import|select|regex|sql|algorithm|complexity|compiler|stack trace)\b|[{};][ \t]*$|=>|\(\)/gimu,
  mathematics:
    /[=√∑∫≤≥≠π^]|\d\s*[+*/×÷]\s*\d|\b(?:equation|integral|derivative|theorem|matrix|probability|polynomial|modulo|prime)\b/giu,
  parts: /^[ \t]*(?:[-*•]|\d+[.)]|\([a-z]\))[ \t]/gmu,
};

const countOf = (text: string, pattern: RegExp): number => {
  let count = 0;
  for (const _ of text.matchAll(pattern)) count += 1;
  return count;
};

/** Grows ever slower: the tenth mark says less than the second. */
const slow = (count: number, typical: number): number => Math.log1p(count) / Math.log1p(typical);

/** Longer questions are judged by their beginning and end, so that the cost has a bound. */
const maxCharacters = 20_000;
const shortened = (text: string): string =>
  text.length <= maxCharacters ? text : `${text.slice(0, maxCharacters / 2)}\n${text.slice(-maxCharacters / 2)}`;

const number = /\d[\d.,]*|\b(?:two|three|four|five|six|seven|eight|nine|ten|dozen|hundred|thousand)\b/giu;

/** What is seen of a question. Costs about its length. */
export const signalsOf = (question: string): DifficultySignals => {
  const text = shortened(question);
  const words = text.toLowerCase().match(/\p{L}[\p{L}\p{M}'’-]*/gu) ?? [];
  const letters = countOf(text, /\p{L}/gu);
  const foreign = countOf(text, /(?![A-Za-z])\p{L}/gu);
  const count = Math.max(1, words.length);
  const counted = (signal: DifficultySignal, typical: number): number => {
    const pattern = marks[signal];
    return pattern === undefined ? 0 : slow(countOf(text, pattern), typical);
  };
  const rarity = words.reduce((sum, word) => sum + wordRarity(word), 0) / count;
  return {
    length: slow(words.length + foreign / 2, 60),
    sentences: slow(countOf(text, /[.!?。！？]+(?:\s|$)/gu), 5),
    rareWords: rarity,
    longWords: words.filter((word) => word.length > 8).length / count,
    numbers: slow(countOf(text, number), 5),
    relations: counted('relations', 4),
    steps: counted('steps', 4),
    conditions: counted('conditions', 4),
    reasoning: counted('reasoning', 2),
    lookup: counted('lookup', 1),
    code: counted('code', 4),
    mathematics: counted('mathematics', 4),
    parts: counted('parts', 4),
    foreign: letters === 0 ? 0 : foreign / letters,
  };
};
