import { stem, stopWords } from '../../text/index.js';
import { type Remark, remarkAt, type Rule } from './finding.js';
import type { LintText, Stretch } from './view.js';

interface Sentence extends Stretch {
  readonly of: LintText;
  readonly words: string;
}

interface Opposites {
  readonly what: string;
  readonly one: RegExp;
  readonly other: RegExp;
}

const reply = '(?:answers?|responses?|repl(?:y|ies)|outputs?|explanations?|it|them|things)';

const opposites: readonly Opposites[] = [
  {
    what: 'short and long',
    one: new RegExp(
      `\\b(?:be|stay|remain)(?: very| as)? (?:concise|brief|short|succinct|terse)\\b|\\b(?:concisely|briefly|succinctly)\\b|\\bkeep (?:your |all |the )?${reply} (?:very )?(?:short|brief|concise)\\b|\\b(?:short|brief|concise) ${reply}\\b`,
      'iu',
    ),
    other: new RegExp(
      `\\b(?:be|and|but)(?: very| as)? (?:detailed|comprehensive|thorough|exhaustive|verbose)\\b|\\bin (?:great|full|as much) detail\\b|\\b(?:detailed|comprehensive|thorough|exhaustive|lengthy|long) ${reply}\\b|\\b(?:thoroughly|exhaustively|comprehensively)\\b`,
      'iu',
    ),
  },
  {
    what: 'the answer alone and an explanation with it',
    one: /\b(?:only|just|nothing but|solely)\b[^.!?\n]{0,40}\b(?:json|xml|csv|the (?:label|number|answer|name|category|code)|one word|yes or no)\b|\b(?:json|one word|single (?:word|label|number)|yes or no) only\b|\bno (?:explanations?|prose|commentary|other text|additional text)\b|\b(?:do not|don['’]t|never) (?:explain|write|add|include|give)(?: any)?(?: explanations?| reasoning| commentary)\b/iu,
    other:
      /\b(?:explain (?:your|why|how you)|show your (?:work|working|reasoning|steps)|(?:give|include|provide|add|write)(?: an?| your| the| a short| a brief| a detailed)? (?:explanations?|reasoning|justifications?|rationale)|justify your)\b/iu,
  },
  {
    what: 'a formal and a casual tone',
    one: /\b(?:formal|formally)\b(?! (?:proof|grammar|logic|verification|language|education))/iu,
    other: /\b(?:casual|casually|informal|informally|slang)\b/iu,
  },
  {
    what: 'lists and no lists',
    one: /\buse (?:bullets?|bullet points|bulleted lists?|lists?|numbered lists?)\b|\b(?:as|in) (?:an? )?(?:bullet(?:ed)? list|bullet points|bullets|numbered list)\b/iu,
    other:
      /\b(?:do not|don['’]t|never|no|avoid|without)(?: use| using)?(?: any)? (?:bullets?|bullet points|lists?|bulleted lists?|numbered lists?)\b/iu,
  },
  {
    what: 'Markdown and none',
    one: /\b(?:use|in|as|with) (?:github[- ]flavou?red )?markdown\b/iu,
    other:
      /\b(?:do not|don['’]t|never|no|avoid|without)(?: use| using)?(?: any)? markdown\b|\bplain text only\b|\bonly plain text\b/iu,
  },
  {
    what: 'emojis and none',
    one: /\b(?:use|add|include)(?: \w+)? emojis?\b/iu,
    other: /\b(?:do not|don['’]t|never|no|avoid|without)(?: use| using)?(?: any)? emojis?\b/iu,
  },
];

/** What holds under a condition only contradicts nothing that holds without it. */
const conditional =
  /\b(?:if|when|whenever|unless|where|for (?:simple|complex|each|every|the)|in case|except|field|key|property|section|first|then|title|headline|subject|summary of)\b/iu;
const negation = /\b(?:not|n['’]t|never|avoid|without|no|nor|neither|rather than|instead of)\s+(?:\w+\s+){0,3}$/iu;

/** Whether the sentence says it, and does not deny it. */
const says = (pattern: RegExp, { words }: Sentence): boolean => {
  const match = pattern.exec(words);
  return match !== null && !negation.test(words.slice(0, match.index));
};

const against = (sentence: Sentence, other: Sentence, what: string): Remark =>
  remarkAt(
    sentence.of,
    sentence,
    'warning',
    `It asks for ${what}: see also "${other.of.text.slice(other.start, other.end).slice(0, 80)}". Keep one, or say when which holds.`,
  );

const byOpposites = (sentences: readonly Sentence[]): readonly Remark[] => {
  const free = sentences.filter(({ words }) => !conditional.test(words));
  return opposites.flatMap(({ what, one, other }) => {
    const first = free.find((sentence) => says(one, sentence));
    // The second pattern brings its own negation where it needs one.
    const second = free.find((sentence) => says(other, sentence));
    return first === undefined || second === undefined ? [] : [against(second, first, what)];
  });
};

const prohibition = /^(?:[-*•\d.)\s]*)(?:please )?(?:do not|don['’]t|never|avoid)\b(.*)$/isu;
const command =
  /^(?:[-*•\d.)\s]*)(?:please )?(?:always|make sure to|be sure to|you (?:must|should)(?: always)?)\b(.*)$/isu;

/** The stems of the words that carry the meaning, in no order; undefined where there are too few to tell. */
const gist = (words: string | undefined): string | undefined => {
  const found = (words?.toLowerCase().match(/\p{L}+/gu) ?? []).filter((word) => !stopWords.has(word) && word !== 'any');
  return found.length < 2 ? undefined : [...new Set(found.map((word) => stem(word)))].sort().join(' ');
};

const byCommands = (sentences: readonly Sentence[]): readonly Remark[] => {
  const commands = new Map<string, Sentence>();
  for (const sentence of sentences) {
    const key = gist(command.exec(sentence.words)?.[1]);
    if (key !== undefined) commands.set(key, sentence);
  }
  return sentences.flatMap((sentence) => {
    const key = gist(prohibition.exec(sentence.words)?.[1]);
    const other = key === undefined ? undefined : commands.get(key);
    return other === undefined ? [] : [against(sentence, other, 'something and its opposite')];
  });
};

const unit = '(words?|sentences?|paragraphs?|bullet points?|bullets?|items?|points?|lines?|characters?)';
const most = new RegExp(
  `\\b(?:at most|no more than|not more than|up to|a maximum of|maximum|max\\.?|under|fewer than|less than|within|exactly) (\\d+) ${unit}\\b`,
  'giu',
);
const least = new RegExp(
  `\\b(?:at least|a minimum of|minimum|min\\.?|no fewer than|no less than|more than|over|exactly) (\\d+) ${unit}\\b`,
  'giu',
);
/** A limit of one part of the answer says nothing about another. */
const ofPart =
  /\b(?:each|every|per|title|headline|subject|intro\w*|conclusion|body|summary|abstract|section|description|name|slogan)\b/iu;

interface Limit {
  readonly unit: string;
  readonly count: number;
  readonly sentence: Sentence;
}

const limitsIn = (pattern: RegExp, sentences: readonly Sentence[]): readonly Limit[] =>
  sentences.flatMap((sentence) =>
    Array.from(sentence.words.matchAll(pattern), ({ 1: count, 2: of = '', index }) => ({
      unit: of.toLowerCase().replace(/s$/u, ''),
      count: Number(count),
      sentence,
      isDenied: /\b(?:no|not)\s+$/iu.test(sentence.words.slice(0, index)),
    })).filter(({ isDenied }) => !isDenied),
  );

const byNumbers = (sentences: readonly Sentence[]): readonly Remark[] => {
  const whole = sentences.filter(({ words }) => !ofPart.test(words) && !conditional.test(words));
  const atMost = limitsIn(most, whole);
  return limitsIn(least, whole).flatMap(({ unit: of, count, sentence }) => {
    const limit = atMost.find((other) => other.unit === of && other.count < count);
    return limit === undefined
      ? []
      : [against(sentence, limit.sentence, `at least ${count} and at most ${limit.count} ${of}s`)];
  });
};

const languages =
  'English|German|French|Spanish|Italian|Portuguese|Dutch|Polish|Russian|Ukrainian|Turkish|Arabic|Hebrew|Hindi|Chinese|Japanese|Korean|Swedish|Danish|Norwegian|Finnish|Greek|Czech';
const answersIn = new RegExp(
  `\\b(?:answer|respond|reply|write|output|speak)(?: only| always| everything)? in (${languages})\\b`,
  'iu',
);

const byLanguage = (sentences: readonly Sentence[]): readonly Remark[] => {
  const named = sentences.flatMap((sentence) => {
    const language = conditional.test(sentence.words) ? undefined : answersIn.exec(sentence.words)?.[1]?.toLowerCase();
    return language === undefined || !says(answersIn, sentence) ? [] : [{ language, sentence }];
  });
  const [first] = named;
  const other = named.find(({ language }) => language !== first?.language);
  return first === undefined || other === undefined ? [] : [against(other.sentence, first.sentence, 'two languages')];
};

export const contradiction: Rule = ({ texts, isEnglish }) => {
  if (!isEnglish) return [];
  const sentences = texts.flatMap((of) =>
    of.sentences.map(({ start, end }): Sentence => ({ of, start, end, words: of.prose.slice(start, end) })),
  );
  return [byOpposites, byCommands, byNumbers, byLanguage].flatMap((check) => check(sentences));
};
