import { type Remark, remarkOnAll, type Rule } from './finding.js';
import type { LintExample, PromptView } from './view.js';

/** Tasks whose result may look in many ways; "translate" or "name" leave no choice. */
const openTask =
  /\b(?:write|summari[sz]e|analy[sz]e|explain|describe|extract|compare|review|evaluate|generate|create|classify|categori[sz]e|identify|suggest|recommend|draft|plan|assess|discuss|outline|research|investigate|brainstorm|design)\b/iu;

const formatWords =
  /\b(?:json|ya?ml|xml|csv|html|markdown|latex|tables?|bullets?|bulleted|numbered|lists?|lines?|sentences?|paragraphs?|words?|characters|tokens|headings?|headers?|sections?|columns?|rows?|format(?:s|ted)?|schema|template|layout|structure[ds]?|one of|yes or no|true or false|nothing else|code block|exactly|labels?|scores?|ratings?|scale|steps?|poem|haiku|letter|tweet|slogan|title|dialogue|script|diff|regex|sql|function|(?:only|just) (?:the|with|a|an|one|reply|answer|respond|return|output)|(?:respond|reply|answer|return|output) (?:in|with|as|only|an?|the)|in the (?:form|style) of|(?:as|in|into) (?:an?|one|two|three|four|five|\d+))\b/iu;

export const noOutputFormat: Rule = ({ prose, examples, slots, isEnglish, texts }) => {
  if (!isEnglish || examples.length > 0 || slots.some(({ slot }) => slot === 'examples')) return [];
  if (!openTask.test(prose) || formatWords.test(prose)) return [];
  // An example in quotes or in code is a format too.
  if (texts.some(({ text }) => /```|<format>|<output>|\{\{/u.test(text))) return [];
  return [
    remarkOnAll(
      'warning',
      'Nothing says how the answer is to look. Name its form (a list, JSON with these fields, one sentence), its length, or show an example.',
      texts[0]?.item ?? 0,
    ),
  ];
};

const isJson = (text: string): boolean => {
  const body = text.trim().replace(/^```\w*\n|\n```$/gu, '');
  if (!/^[[{]/u.test(body)) return false;
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
};

const wantsJson =
  /\b(?:as|in|return|output|respond with|reply with|answer with|valid|only|an?|the) (?:a |an |the |valid |only |single |one )*json\b|\bjson (?:object|array|only|format)\b/iu;

const labelList =
  /\b(?:one of|either|as)(?: the following)?(?: labels| categories| values| words)?:? +((?:["'`]?[\w-]+["'`]?,? +(?:or +)?|["'`]?[\w-]+["'`]?(?:\/|\|| \| )){1,20}["'`]?[\w-]+["'`]?)(?=[.;\n]|$)/imu;

/** The labels that an answer must be one of; none where the prompt names none, or no plain list. */
const labelsIn = (text: string): readonly string[] => {
  const list = labelList.exec(text)?.[1] ?? '';
  const labels = list
    .split(/,|\/|\||\bor\b/u)
    .map((label) => label.replace(/["'`]/gu, '').trim().toLowerCase())
    .filter((label) => label !== '');
  return labels.length < 2 || labels.some((label) => label.includes(' ')) ? [] : labels;
};

const wordCount = (text: string): number => text.match(/[\p{L}\p{N}'’-]+/gu)?.length ?? 0;

/** What is wrong with the answer of an example, in a sentence without its subject. */
const misfitOf = (output: string, { prose, texts }: PromptView): string | undefined => {
  const text = texts.map((each) => each.text).join('\n');
  if (wantsJson.test(prose)) return isJson(output) ? undefined : 'is no JSON, which the prompt asks for';
  const labels = labelsIn(text.replace(/<(examples?)>[\s\S]*?<\/\1>/giu, ''));
  if (labels.length > 0 && wordCount(output) <= 3) {
    const answer = output
      .trim()
      .toLowerCase()
      .replace(/[.!"'`]/gu, '');
    return labels.includes(answer) ? undefined : `is none of ${labels.join(', ')}, of which the prompt wants one`;
  }
  if (/\b(?:in )?(?:one|a single) word\b/iu.test(prose) && wordCount(output) > 2) {
    return `has ${wordCount(output)} words where the prompt wants one`;
  }
  return undefined;
};

const onExample = (example: LintExample, what: string): Remark =>
  remarkOnAll(
    'warning',
    `The answer of the example "${example.input.trim().slice(0, 60)}" ${what}. Models follow examples more than rules.`,
    example.item,
  );

const keyOf = (text: string): string => text.trim().toLowerCase().replace(/\s+/gu, ' ');

const doubles = (examples: readonly LintExample[]): readonly Remark[] => {
  const answers = new Map<string, string>();
  return examples.flatMap((example) => {
    const key = keyOf(example.input);
    const answer = answers.get(key);
    answers.set(key, keyOf(example.output));
    if (answer === undefined) return [];
    return [
      onExample(example, answer === keyOf(example.output) ? 'stands there twice' : 'differs from an earlier one of it'),
    ];
  });
};

/** Some answers are JSON and some are not. */
const mixed = (examples: readonly LintExample[]): readonly Remark[] => {
  const count = examples.filter(({ output }) => isJson(output)).length;
  const odd = examples.find(({ output }) => isJson(output) !== count > examples.length / 2);
  return odd === undefined || count === 0 ? [] : [onExample(odd, 'has another form than those of the others')];
};

export const exampleMismatch: Rule = (view) => {
  // An answer with a place for a value is not known yet.
  const examples = view.examples.filter(({ output }) => !/(?<!\{)\{[A-Za-z_]\w*\}(?!\})/u.test(output));
  const misfits = examples.flatMap((example) => {
    const what = misfitOf(example.output, view);
    return what === undefined ? [] : [onExample(example, what)];
  });
  return [...doubles(examples), ...(misfits.length > 0 ? misfits : mixed(examples))];
};
