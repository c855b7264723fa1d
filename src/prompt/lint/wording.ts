import { estimateTokens } from '../../model/index.js';
import { type LintSeverity, type Remark, remarkAt, remarkOnAll, type Rule, stretchesOf } from './finding.js';
import type { LintText, PromptView, Stretch } from './view.js';

interface VaguePhrase {
  readonly pattern: RegExp;
  readonly severity: LintSeverity;
  readonly advice: string;
}

const ask = '(?:write|give|make|produce|create|provide|generate|return|compose|draft|prepare|do|come up with)';
const praise =
  '(?:good|nice|great|better|amazing|excellent|perfect|high[- ]quality|interesting|engaging|cool|awesome|proper)';
const product =
  '(?:summary|answer|response|reply|output|text|article|post|story|stories|emails?|code|job|results?|content|essay|report|description|title|copy|poem)';
const counted =
  '(?:examples?|points|sentences|ideas|items|options|paragraphs|words|bullets|bullet points|suggestions|steps|reasons|questions)';

const vaguePhrases: readonly VaguePhrase[] = [
  {
    pattern: /\betc\b\.?|\band so (?:on|forth)\b|\band (?:the like|stuff like that)\b|\bthings like that\b/giu,
    severity: 'warning',
    advice: 'leaves a list open. Name all that belongs to it, or the rule by which something does.',
  },
  {
    pattern: new RegExp(
      `\\b${ask}\\b(?: me| us)?(?: an?| the| some)?(?: really| very)? ${praise}(?: \\w+)? ${product}\\b`,
      'giu',
    ),
    severity: 'warning',
    advice: 'praises instead of describing. Say what makes it so: for whom, what it holds, how long.',
  },
  {
    pattern:
      /\bmake (?:it|this|that|them)(?: sound| look| read)?(?: more)? (?:good|nice|better|great|cool|interesting|pretty|pop|engaging)\b/giu,
    severity: 'warning',
    advice: 'praises instead of describing. Say what is to change.',
  },
  {
    pattern:
      /\b(?:not too|fairly|reasonably|relatively|somewhat|sufficiently) (?:long|short|detailed|brief|formal|technical|large|small|many|few)\b/giu,
    severity: 'warning',
    advice: 'has no measure. Give a number, or an example.',
  },
  {
    pattern: /\bas you see fit\b|\bas (?:appropriate|needed|necessary)\b|\bif (?:possible|appropriate)\b/giu,
    severity: 'info',
    advice: 'leaves the decision open. Name the condition.',
  },
  {
    pattern:
      /\b(?:try|do) your best\b|\bas best (?:as )?you can\b|(?<=^|[.!?:;]\s{1,2}|\bplease |\bshould |\bmust |- )try to\b/gimu,
    severity: 'info',
    advice: 'asks for an attempt. Ask for the result, and say what to do where it cannot be had.',
  },
  {
    pattern: new RegExp(
      `\\b${ask}\\b(?: me| us)? (?:some|a few|several|many|a couple of|multiple) (?:\\w+ )?${counted}\\b`,
      'giu',
    ),
    severity: 'info',
    advice: 'has no number. Say how many.',
  },
  {
    pattern:
      /\b(?:handle|format|write|do|explain|answer|respond|behave|treat)\b[^.!?\n]{0,30} (?:properly|appropriately|nicely|adequately)\b/giu,
    severity: 'info',
    advice: 'leaves open what is right. Describe it.',
  },
];

export const vagueInstruction: Rule = ({ texts, isEnglish }) =>
  !isEnglish
    ? []
    : texts.flatMap((text) =>
        vaguePhrases.flatMap(({ pattern, severity, advice }) =>
          stretchesOf(pattern, text.prose).map((at) =>
            remarkAt(text, at, severity, `"${text.text.slice(at.start, at.end).trim()}" ${advice}`),
          ),
        ),
      );

const negative =
  /^(?:[-*•\d.)\s]*)(?:please )?(?:do not|don['’]t|never|avoid|no |refrain from|under no circumstances|you (?:must|should|may|can|will)(?: not| never|n['’]t)|you (?:cannot|can['’]t|mustn['’]t|shouldn['’]t))\b/iu;
const alternative = /\b(?:instead|rather|but|unless|except|only|use|say|reply|answer with|ask)\b|[;–—]/iu;

/** The word behind the negation is what is forbidden: "do not use" is no alternative. */
const isBareNegative = (sentence: string): boolean =>
  negative.test(sentence) && !alternative.test(sentence.replace(negative, '').replace(/^\s*\S+/u, ''));

/** Sentences that instruct: a lone word, a heading or a variable is none. */
const instructions = ({ prose, sentences }: LintText): readonly Stretch[] =>
  sentences.filter(({ start, end }) => /\p{L}+\s+\p{L}+/u.test(prose.slice(start, end)));

export const negativeOnly: Rule = ({ texts, isEnglish }) =>
  !isEnglish
    ? []
    : texts.flatMap((text) => {
        const all = instructions(text);
        const bare = all.filter(({ start, end }) => isBareNegative(text.prose.slice(start, end)));
        const [first] = bare;
        if (first === undefined || bare.length < 3 || bare.length <= all.length / 2) return [];
        const message = `${bare.length} of ${all.length} instructions say only what not to do. Say what to do instead; models follow that better.`;
        return [remarkAt(text, first, 'warning', message)];
      });

const longestSentence = 60;
/** A form with labels at its lines is no sentence. */
const isForm = (text: string): boolean => (text.match(/^[^\S\n]*[^\s:][^:\n]{0,30}:/gmu)?.length ?? 0) > 1;

export const overlong: Rule = ({ texts, isEnglish }, { maxTokens, model }) => {
  const tokens = texts.reduce((sum, { text }) => sum + estimateTokens(text, model), 0);
  const whole: readonly Remark[] =
    tokens <= maxTokens
      ? []
      : [
          remarkOnAll(
            'warning',
            `The prompt has about ${tokens} tokens before any value, more than ${maxTokens}. Move what differs from call to call into values, and cut what repeats.`,
          ),
        ];
  const sentences = texts.flatMap((text) =>
    text.sentences.flatMap((at) => {
      const sentence = text.prose.slice(at.start, at.end);
      const count = sentence.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
      if (!isEnglish || count <= longestSentence || isForm(sentence)) return [];
      return [remarkAt(text, at, 'info', `A sentence of ${count} words. Make several of it, or a list.`)];
    }),
  );
  return [...whole, ...sentences];
};

const leastRepeatedWords = 4;

export const repeatedInstruction: Rule = ({ texts }: PromptView) => {
  const seen = new Set<string>();
  return texts.flatMap((text) =>
    text.sentences.flatMap((at) => {
      const found =
        text.prose
          .slice(at.start, at.end)
          .toLowerCase()
          .match(/[\p{L}\p{N}]+/gu) ?? [];
      const key = found.join(' ');
      if (found.length < leastRepeatedWords) return [];
      if (!seen.has(key)) {
        seen.add(key);
        return [];
      }
      return [
        remarkAt(text, at, 'info', 'The same instruction stands there already. Keep one, where it matters most.'),
      ];
    }),
  );
};

const loudWords =
  /\b(?:MUST|NEVER|ALWAYS|DO NOT|DON['’]T|IMPORTANT|CRITICAL|WARNING|REQUIRED|MANDATORY|ABSOLUTELY)\b/gu;
const mostLoudWords = 3;

export const shouting: Rule = ({ texts }) =>
  texts.flatMap((text) => {
    const loud = stretchesOf(loudWords, text.prose);
    const marks = stretchesOf(/!{2,}/gu, text.prose);
    const [first] = loud.length > mostLoudWords ? loud : marks;
    if (first === undefined) return [];
    const message =
      'Capitals and exclamation marks lose their force where there are many, and make models overdo a rule. Say plainly what matters, and why.';
    return [remarkAt(text, first, 'info', message)];
  });
