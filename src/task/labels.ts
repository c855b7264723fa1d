import { member } from '../ask/index.js';
import { PipewrightError } from '../core/index.js';
import { parseJson } from '../output/index.js';

/** A label and what it means; a bare name is short for `{ name }`. */
export type LabelInput<L extends string = string> = L | LabelSpec<L>;

export interface LabelSpec<L extends string = string> {
  readonly name: L;
  /** What belongs under it, in a few words; the model reads it. */
  readonly description?: string;
  /** Texts that have this label; the model reads them. */
  readonly examples?: readonly string[];
  /** Other words that mean this label when a model answers with them, such as its name in another language. */
  readonly aliases?: readonly string[];
}

/** The label of what nobody is sure enough about. */
export const unsure = 'unsure' as const;
export type Unsure = typeof unsure;

/** Case, marks around a name, and how its words are joined make no difference. */
const folded = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_-]+/gu, ' ')
    .replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');

/** The labels spelt out. */
export const labelSpecs = <L extends string>(labels: readonly LabelInput<L>[]): readonly LabelSpec<L>[] => {
  const specs = labels.map((label): LabelSpec<L> => (typeof label === 'string' ? { name: label } : label));
  if (specs.length < 2) throw new PipewrightError('bad-option', `Give at least two labels, got ${specs.length}.`);
  const taken = new Set<string>([unsure]);
  for (const name of specs.flatMap((spec) => [spec.name, ...(spec.aliases ?? [])])) {
    const key = folded(name);
    if (key === '' || taken.has(key)) {
      const why =
        key === '' ? 'has no letters' : key === unsure ? 'is kept for texts without a sure label' : 'comes twice';
      throw new PipewrightError('bad-option', `The label \`${name}\` ${why}. Give each label a name of its own.`);
    }
    taken.add(key);
  }
  return specs;
};

/** The label that a letter stands for: `A` is the first. */
export const codeOf = (at: number): string => String.fromCharCode(65 + at);

/** The labels for a model: one line each, with their letters where it is to answer with one. */
export const labelLines = (specs: readonly LabelSpec[], hasCodes = false): string =>
  specs
    .map(({ name, description, examples = [] }, at) => {
      const meaning = description === undefined ? '' : `: ${description}`;
      const cases = examples.length === 0 ? '' : ` (e.g. ${examples.map((text) => JSON.stringify(text)).join(', ')})`;
      return `${hasCodes ? `${codeOf(at)} = ` : '- '}${name}${meaning}${cases}`;
    })
    .join('\n');

/** Each way to name a label, the longest first: `not spam` is looked for before `spam`. */
const namesOf = <L extends string>(specs: readonly LabelSpec<L>[]): readonly (readonly [key: string, name: L])[] =>
  specs
    .flatMap((spec) => [spec.name, ...(spec.aliases ?? [])].map((name) => [folded(name), spec.name] as const))
    .sort(([a], [b]) => b.length - a.length);

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&');

interface Mention<L extends string> {
  readonly name: L;
  readonly at: number;
}

/** "not spam", "isn't spam", "kein Spam": named, and meant not to be it. */
const denial =
  /(?:\b(?:not|no|never|neither|nor|isn['’]?t|rather than|instead of|nicht|kein\w*|pas|non)\s+(?:\S+\s+){0,2})$/u;

/** The labels that a text names as whole words and does not deny. */
const mentionsIn = <L extends string>(text: string, specs: readonly LabelSpec<L>[]): readonly Mention<L>[] => {
  let rest = text.normalize('NFKC').toLowerCase();
  const mentions: Mention<L>[] = [];
  for (const [key, name] of namesOf(specs)) {
    const words = key.split(' ').map(escaped).join('[\\s_-]+');
    const pattern = new RegExp(`(?<![\\p{L}\\p{N}])${words}(?![\\p{L}\\p{N}])`, 'gu');
    rest = rest.replace(pattern, (found, at: number) => {
      if (!denial.test(rest.slice(Math.max(0, at - 40), at))) mentions.push({ name, at });
      return ' '.repeat(found.length);
    });
  }
  return mentions.sort((a, b) => a.at - b.at);
};

/** What announces the answer: "Label: spam", "the category is spam". The last one counts. */
const announcement =
  /(?:label|category|class(?:ification)?|answer|verdict|kategorie|antwort|catégorie|réponse|categoría|respuesta)\b['"”*_\s]*(?:is|ist|est|es|:|=|-|would be)[\s:]*/giu;

const only = <L extends string>(mentions: readonly Mention<L>[]): L | undefined => {
  const names = new Set(mentions.map(({ name }) => name));
  return names.size === 1 ? mentions[0]?.name : undefined;
};

const maxAnswerLength = 4_000;
const thinking = /<think>[\s\S]*?<\/think>/gu;

const inJson = (text: string): unknown => {
  if (!/[{["]/u.test(text)) return undefined;
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
};

/** The one label that a JSON answer names, under whatever key. */
const labelInJson = <L extends string>(value: unknown, specs: readonly LabelSpec<L>[]): L | undefined => {
  for (const key of ['label', 'category', 'class', 'classification', 'answer', 'value']) {
    const label = member(value, key);
    if (typeof label === 'string') return exactLabel(label, specs) ?? only(mentionsIn(label, specs));
  }
  const texts: readonly unknown[] = typeof value === 'object' && value !== null ? Object.values(value) : [];
  const named = texts.flatMap((each) => (typeof each === 'string' ? (exactLabel(each, specs) ?? []) : []));
  return new Set(named).size === 1 ? named[0] : undefined;
};

const exactLabel = <L extends string>(text: string, specs: readonly LabelSpec<L>[]): L | undefined => {
  const key = folded(text);
  return namesOf(specs).find(([name]) => name === key)?.[1];
};

/** A letter that is the whole answer, opens it, or stands alone at its end: `B`, `(B) spam`, `The answer is B.` */
const letterIn = <L extends string>(text: string, specs: readonly LabelSpec<L>[]): L | undefined => {
  const found =
    /^[^\p{L}\p{N}]*([A-Z])(?:[^\p{L}\p{N}'’]+(?!\p{Ll})|\s*$|[).:]\s)/u.exec(text) ??
    /(?<![\p{L}\p{N}])([A-Z])[^\p{L}\p{N}]*$/u.exec(text);
  return found?.[1] === undefined ? undefined : specs[found[1].charCodeAt(0) - 65]?.name;
};

/**
 * The label that a model's answer names, however it is wrapped: JSON (also damaged), quotes, bold, another case, a sentence.
 * Undefined where it names none, or more than one without saying which is its answer.
 */
export const readLabel = <L extends string>(
  answer: string,
  specs: readonly LabelSpec<L>[],
  hasCodes = false,
): L | undefined => {
  const text = answer.replace(thinking, '').trim().slice(0, maxAnswerLength);
  const exact = exactLabel(text, specs) ?? labelInJson(inJson(text), specs);
  if (exact !== undefined) return exact;
  const announced = [...text.matchAll(announcement)].at(-1);
  if (announced !== undefined) {
    const line = text.slice(announced.index + announced[0].length).split('\n')[0] ?? '';
    const label = only(mentionsIn(line, specs)) ?? (hasCodes ? letterIn(line.trim(), specs) : undefined);
    if (label !== undefined) return label;
  }
  return (hasCodes ? letterIn(text, specs) : undefined) ?? only(mentionsIn(text, specs));
};

/** The label under a name, if there is one: for lists in which a model names several. */
export const labelNamed = <L extends string>(text: string, specs: readonly LabelSpec<L>[]): L | undefined =>
  exactLabel(text, specs) ?? only(mentionsIn(text, specs));
