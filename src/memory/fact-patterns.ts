import type { NewFact } from './facts.js';

type Read = (groups: Readonly<Record<string, string | undefined>>) => NewFact | undefined;

/** Where what is said of something ends: at a mark, or at a word that begins something else. */
const end =
  /\s*(?:[.,;:!?()–—]|\s-\s|\b(?:and|but|because|so|which|where|when|while|since|although|though|if|that|who|too|anymore|any more|right now|these days|now)\b)/iu;

/** The words up to the end of what is said, at most `maxWords`. */
const clause = (text: string | undefined, maxWords = 6): string => {
  const whole = (text ?? '').split(end, 1)[0]?.trim() ?? '';
  const words = whole.split(/\s+/u);
  return words.length > maxWords ? '' : whole.replace(/^(?:a|an|the|some|my)\s+/iu, '');
};

const fact = (attribute: string, value: string, importance: number): NewFact | undefined =>
  value === '' || attribute.trim() === '' ? undefined : { attribute, value, importance };

const name = String.raw`\p{Lu}[\p{L}'’-]*(?:\s+\p{Lu}[\p{L}'’-]*){0,2}`;
const kin =
  'wife|husband|partner|girlfriend|boyfriend|son|daughter|brother|sister|mother|mom|mum|father|dad|boss|manager|doctor|dog|cat|best friend';
const often = String.raw`(?:\s+(?:really|also|just|still|absolutely|always|usually|occasionally|mostly|now))*`;

/** Words that stand where the name of a thing could, and say nothing of the user. */
const noThings =
  /^(?:question|point|issue|problem|concern|guess|understanding|idea|hope|goal|plan|feeling|few|couple|lot|bit|look|chance|favorite|favourite|name|birthday|only|next|last|first|main|biggest|other|own|one)\b/iu;

const opinions: Readonly<Record<string, string>> = {
  love: 'likes',
  like: 'likes',
  enjoy: 'likes',
  adore: 'likes',
  prefer: 'prefers',
  hate: 'dislikes',
  dislike: 'dislikes',
  "don't like": 'dislikes',
  'do not like': 'dislikes',
  "can't stand": 'dislikes',
};
const opinionWords = Object.keys(opinions).join('|').replaceAll("'", "['’]");

const patterns: readonly (readonly [pattern: RegExp, read: Read])[] = [
  [
    new RegExp(String.raw`\b(?:[Mm]y name is|[Mm]y name['’]s|[Cc]all me|I['’]m called)\s+(?<value>${name})`, 'u'),
    ({ value = '' }) => fact('name', value, 10),
  ],
  [
    /\bI(?:['’]m| am)\s+(?<value>\d{1,3})(?:\s+years?[\s-]+old|(?=\s*[,.]|\s+and\b))/u,
    ({ value = '' }) => fact('age', value, 7),
  ],
  [
    /\b(?:I|and|old,)\s+(?<not>no longer\s+|don['’]t\s+)?(?:now\s+)?(?:live|(?:have )?(?:just )?moved|['’]m (?:now )?(?:living|based)|am (?:now )?(?:living|based))\s+(?:in|to|near)\s+(?<value>.+)/iu,
    ({ value }) => fact('home', clause(value, 5), 8),
  ],
  [
    /\bI(?:['’]m| am| come)\s+(?:originally\s+)?from\s+(?<value>\p{Lu}.*)/u,
    ({ value }) => fact('origin', clause(value, 4), 6),
  ],
  [/\bmy birthday is\s+(?:on\s+)?(?<value>.+)/iu, ({ value }) => fact('birthday', clause(value), 8)],
  [
    /\bI\s+(?<not>no longer\s+|don['’]t\s+)?(?:now\s+)?work as\s+(?<value>.+)/iu,
    ({ value }) => fact('job', clause(value), 8),
  ],
  [
    /\bI\s+(?<not>no longer\s+|don['’]t\s+)?(?:now\s+)?work (?:at|for)\s+(?<value>.+)/iu,
    ({ value }) => fact('employer', clause(value, 5), 7),
  ],
  [
    /\b(?<not>not\s+|no longer\s+)?allergic to\s+(?<value>.+)/iu,
    ({ value }) => fact(`allergy to ${clause(value, 4)}`, clause(value, 4) === '' ? '' : 'yes', 10),
  ],
  [
    new RegExp(String.raw`\b[Mm]y (?<who>${kin})(?:['’]s name is| is (?:called|named)|,)?\s+(?<value>${name})`, 'u'),
    ({ who = '', value = '' }) => fact(`${who.toLowerCase()}'s name`, value, 8),
  ],
  [
    /\bmy favou?rite\s+(?<what>[\p{L}\s-]{2,40}?)\s+(?:is|are)\s+(?<value>.+)/iu,
    ({ what = '', value }) => fact(`favourite ${what.toLowerCase()}`, clause(value), 6),
  ],
  [
    new RegExp(
      String.raw`\bI${often}\s+(?<not>no longer\s+)?(?<verb>${opinionWords})\s+(?!to\b|it\b|that\b|this\b|how\b|when\b|you\b|your\b)(?<what>.+)`,
      'iu',
    ),
    ({ verb = '', what }) =>
      fact(`opinion of ${clause(what, 7).toLowerCase()}`, opinions[verb.toLowerCase().replace('’', "'")] ?? '', 5),
  ],
  [
    /\b(?:please\s+)?(?:remember|don['’]t forget|note)(?:\s+that|:)\s+(?<value>.+)/iu,
    ({ value = '' }) => fact(`reminder: ${value.split(/\s+/u).slice(0, 6).join(' ')}`, value, 9),
  ],
  [
    /\bmy\s+(?<what>[\p{L}-]+(?:\s+[\p{L}-]+){0,2}?)\s+(?:is|are)\s+(?<value>.+)/iu,
    ({ what = '', value }) => (noThings.test(what) ? undefined : fact(what.toLowerCase(), clause(value, 8), 4)),
  ],
  [
    /\bI(?:['’]ve got| have)\s+(?<count>a|an|one|two|three|four|five|\d+)\s+(?<what>.+)/iu,
    ({ count = '', what }) => {
      const thing = clause(what, 3).toLowerCase();
      if (thing === '' || noThings.test(thing)) return undefined;
      return fact(thing, /^an?$/iu.test(count) ? 'has one' : count, 4);
    },
  ],
];

const isQuestion = /\?\s*$/u;
/** What a sentence says of the one who says it, as far as it has one of the forms that are known. */
export const factPatterns = (sentence: string): readonly NewFact[] => {
  if (isQuestion.test(sentence)) return [];
  return patterns.flatMap(([pattern, read]) => {
    const match = pattern.exec(sentence);
    if (match === null) return [];
    const found = read(match.groups ?? {});
    if (found === undefined) return [];
    return [match.groups?.not === undefined ? found : { ...found, isOver: true }];
  });
};
