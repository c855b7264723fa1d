import { type Message, partsOf } from '../../core/index.js';
import { sentenceSpans, stopWords } from '../../text/index.js';
import type { ChatPromptItem } from '../chat-prompt.js';
import { type Example, exampleTurns } from '../examples.js';
import type { ListSlot } from '../slots.js';

/** A stretch of one text of a prompt. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** The place of a variable. */
export interface VariablePlace extends Stretch {
  readonly name: string;
}

/** A text that instructs: a template, or one text of a chat prompt. */
export interface LintText {
  /** Place of the item in the chat prompt; 0 for a plain prompt. */
  readonly item: number;
  readonly role: Message['role'];
  readonly text: string;
  /** The text with examples, code and quotations blanked out: what the author says in their own words. */
  readonly prose: string;
  readonly places: readonly VariablePlace[];
  readonly sentences: readonly Stretch[];
}

/** A worked example in the prompt, and where it stands. */
export interface LintExample extends Example {
  readonly item: number;
}

/** A prompt as the rules look at it. */
export interface PromptView {
  readonly texts: readonly LintText[];
  readonly examples: readonly LintExample[];
  readonly slots: readonly ListSlot[];
  /** It holds pictures, files or passages of its own. */
  readonly hasParts: boolean;
  readonly hasVariables: boolean;
  /** All prose, for questions about the whole. */
  readonly prose: string;
  /** Rules about words know English only. */
  readonly isEnglish: boolean;
}

const blank = (text: string): string => text.replace(/[^\n]/gu, (character) => ' '.repeat(character.length));

/** Examples, fenced code, code in a line, quotations. Quotations end on their line, so that one stray mark costs one line. */
const notProse =
  /<(examples?)>[\s\S]*?<\/\1>|^```[\s\S]*?^```|"""[\s\S]*?"""|`[^`\n]{1,200}`|"[^"\n]{1,300}"|“[^”\n]{1,300}”/gimu;

const placeToken = /\{\{|\}\}|\{([A-Za-z_]\w*)\}/gu;

const placesIn = (text: string): readonly VariablePlace[] =>
  Array.from(text.matchAll(placeToken)).flatMap(({ 0: found, 1: name, index }) =>
    name === undefined ? [] : [{ name, start: index, end: index + found.length }],
  );

const textOfItem = (text: string, item: number, role: Message['role']): LintText => {
  const prose = text.replace(notProse, blank);
  return { item, role, text, prose, places: placesIn(text), sentences: sentenceSpans(prose) };
};

const tagExample =
  /<example>\s*<input>(?<input>[\s\S]*?)<\/input>\s*<output>(?<output>[\s\S]*?)<\/output>\s*<\/example>/giu;

const examplesIn = ({ text, item }: LintText): readonly LintExample[] =>
  Array.from(text.matchAll(tagExample), ({ groups }) => ({
    input: groups?.input ?? '',
    output: groups?.output ?? '',
    item,
  }));

/** Few-shot turns: a question of the user with an answer behind it, both written out in the prompt. */
const isTurnOfExample = (messages: readonly (Message | undefined)[], at: number): boolean => {
  const message = messages[at];
  return message?.role === 'assistant' || (message?.role === 'user' && messages[at + 1]?.role === 'assistant');
};

const plain = (message: Message | undefined): string =>
  partsOf(message ?? { role: 'user', content: '' })
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join('\n');

const messageOf = (item: ChatPromptItem): Message | undefined => {
  if ('slot' in item) return undefined;
  return 'prompt' in item ? { role: item.role, content: item.prompt.template } : item;
};

const pairsOf = (messages: readonly (Message | undefined)[]): readonly LintExample[] =>
  messages.flatMap((message, item) =>
    message?.role === 'user' && messages[item + 1]?.role === 'assistant'
      ? [{ input: plain(message), output: plain(messages[item + 1]), item }]
      : [],
  );

const givenExamples = (slot: ListSlot, item: number): readonly LintExample[] => {
  if (slot.slot !== 'examples' || slot.given === undefined) return [];
  return pairsOf(exampleTurns(slot.given, slot.form)).map((pair) => ({ ...pair, item }));
};

const isEnglish = (prose: string): boolean => {
  const found = prose.toLowerCase().match(/[\p{L}']+/gu) ?? [];
  const common = found.filter((word) => stopWords.has(word)).length;
  const isAscii = /^[\0-\x7f]*$/u.test(prose);
  // A few words tell little by their frequency.
  return found.length < 12 ? isAscii && (common > 0 || found.length <= 2) : common / found.length > 0.18;
};

/** Looks at a prompt once for all rules. */
export const viewOf = (items: readonly ChatPromptItem[]): PromptView => {
  const messages = items.map(messageOf);
  const texts = messages.flatMap((message, item) =>
    message === undefined || isTurnOfExample(messages, item) ? [] : [textOfItem(plain(message), item, message.role)],
  );
  const slots = items.flatMap((item) => ('slot' in item ? [item] : []));
  const prose = texts.map((text) => text.prose).join('\n\n');
  return {
    texts,
    slots,
    prose,
    examples: [
      ...texts.flatMap(examplesIn),
      ...pairsOf(messages),
      ...items.flatMap((item, at) => ('slot' in item ? givenExamples(item, at) : [])),
    ],
    hasParts: messages.some((message) => message !== undefined && partsOf(message).some(({ type }) => type !== 'text')),
    hasVariables: texts.some(({ places }) => places.length > 0),
    isEnglish: isEnglish(prose),
  };
};
