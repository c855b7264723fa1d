import { callStep, defineStep, PipewrightError, type Step, system, user, withoutText } from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { words } from '../text/index.js';
import { topicWords } from './coverage.js';
import { queryWithHistory } from './query-with-history.js';
import type { QuestionWithOptions } from './types.js';

/** What a question is after: the kinds call for different ways to answer. */
export type QueryKind =
  | 'follow-up'
  | 'comparison'
  | 'aggregation'
  | 'multi-hop'
  | 'explanation'
  | 'fact'
  | 'keywords'
  | 'other';

const meanings: Readonly<Record<QueryKind, string>> = {
  'follow-up': 'leans on the conversation before it',
  comparison: 'compares things with each other',
  aggregation: 'wants a list, a sum or a summary over many passages',
  'multi-hop': 'needs the answer to one question to ask the next',
  explanation: 'asks why, or how something is done',
  fact: 'asks for one fact',
  keywords: 'is no sentence but words to search for',
  other: 'none of these',
};

const asksAgain = '(?:and|then|,)\\s+(?:(?:in|on|at|by|for) )?(?:who|whom|what|when|where|why|which|how)\\b';

/** The first that matches decides. */
const patterns: readonly (readonly [QueryKind, RegExp])[] = [
  [
    'comparison',
    /\bcompar|\bdiffer|\bversus\b|\bvs\b|\bin common\b|\bsimilarit|\b(?:better|worse|older|younger|larger|bigger|smaller|faster|slower|cheaper|longer|shorter|more|less|fewer|higher|lower)\b.*\b(?:than|or)\b/iu,
  ],
  [
    'aggregation',
    /\b(?:list|enumerate|summari[sz]e|count|overview|summary|in total|altogether|on average)\b|\b(?:what|which) are (?:all|the (?:main|different|various))\b|\ball (?:the|of|those|\w+s)\b/iu,
  ],
  [
    'multi-hop',
    new RegExp(
      `\\b(?:who|what|when|where|why|which|how)\\b.+\\b${asksAgain}|\\bof the \\w+ (?:that|which|who|whose|where)\\b|\\bwhose\\b.+\\b(?:who|which|that)\\b|\\bthe (?:\\w+ )?(?:who|that|which) \\w+ .+\\bof\\b.+\\b(?:born|founded|located|named)\\b`,
      'iu',
    ),
  ],
  ['explanation', /^\W*(?:why|how (?:do|does|did|is|are|was|were|can|could|should|would|to)|explain|describe)\b/iu],
  ['fact', /\b(?:who|whom|whose|what|when|where|which|how (?:many|much|long|old|far|often|large|tall|high))\b/iu],
  ['fact', /^\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b/iu],
];

/** How a question begins tells its kind; what follows is matter, and patterns take longer than it is worth. */
const beginningCharacters = 400;
/** Shorter texts without a question in them are words to search for. */
const maxKeywords = 5;

/**
 * Tells what kind of question it is, without a model: by how it begins, what it compares or counts, how often it asks, and whether it
 * leans on the conversation. For English; others are mostly `other`.
 * @example queryKind({ question: 'Is copper cheaper than tin?' }) // => 'comparison'
 */
export const queryKind = ({ question, history = [] }: QuestionWithOptions): QueryKind => {
  if (history.length > 0 && queryWithHistory(question, history) !== question) return 'follow-up';
  const beginning = question.slice(0, beginningCharacters);
  const found = patterns.find(([, pattern]) => pattern.test(beginning));
  if (found !== undefined) return found[0];
  const isShort = words(question).length <= maxKeywords && topicWords(question).length > 0;
  return isShort && !question.includes('?') ? 'keywords' : 'other';
};

const rules = [
  'Say which kind of question this is. Reply with one of these words and nothing else:',
  ...Object.entries(meanings).map(([kind, meaning]) => `${kind}: ${meaning}`),
].join('\n');

const kinds = Object.keys(meanings) as readonly QueryKind[];

/**
 * The same with a model: one call, which is not shown. The step throws `output-invalid` when the reply names no kind, or several.
 * @example await modelQueryKind(scripted(['comparison']))({ question: 'Tin or copper?' }) // => 'comparison'
 */
export const modelQueryKind = (model: ChatModel): Step<QuestionWithOptions, QueryKind> =>
  defineStep({ kind: 'classifier', name: model.id, children: [{ step: model }] }, async (asked, run) => {
    const { question, history = [] } = asked;
    const messages = [system(rules), ...history.filter(({ role }) => role !== 'system'), user(question)];
    const { text } = await callStep(model, { messages, temperature: 0 }, withoutText(run), 'model');
    const named = kinds.filter((kind) => text.toLowerCase().includes(kind));
    if (named.length === 1 && named[0] !== undefined) return named[0];
    throw new PipewrightError(
      'output-invalid',
      `${model.id} named ${named.length} kinds of question in place of one.`,
      {
        details: { partialText: text },
      },
    );
  });
