import type { AnswerKind } from './answer-value.js';
import { numbersIn } from '../text/index.js';

/**
 * How an answer was found, the surest first: in `<answer>` tags, in `\boxed{}`, behind `####`, behind a marker (`Answer:`), in a
 * phrase ("The answer is …"), in bold, or only because it stands last.
 */
export type FoundBy = 'tag' | 'boxed' | 'hashes' | 'marker' | 'phrase' | 'bold' | 'last-number' | 'last-line';

/** A stretch of a text that may hold the answer. */
export interface AnswerSpan {
  readonly foundBy: FoundBy;
  /** Where what marks it begins. */
  readonly from: number;
  readonly start: number;
  readonly end: number;
  /** Whether the text before `from` leads to it. */
  readonly isMarked: boolean;
}

/** So many of each form are looked at, from the last one back: a text with more is not written for people. */
const mostTried = 16;

const lineEnd = (text: string, from: number): number => {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
};

/** The places of a word from the last one back. */
function* placesBack(text: string, word: string): Generator<number, void, undefined> {
  let at = text.lastIndexOf(word);
  for (let tried = 0; at >= 0 && tried < mostTried; tried++) {
    yield at;
    if (at === 0) return;
    at = text.lastIndexOf(word, at - 1);
  }
}

function* tags(text: string): Generator<AnswerSpan, void, undefined> {
  const lower = text.toLowerCase();
  // Some letters change their length in lower case; then the places are not those of the text.
  const searched = lower.length === text.length ? lower : text;
  for (const from of placesBack(searched, '<answer>')) {
    const start = from + '<answer>'.length;
    const closing = searched.indexOf('</answer>', start);
    yield { foundBy: 'tag', from, start, end: closing < 0 ? text.length : closing, isMarked: true };
  }
}

/** Where the brace that is open at `from` closes. */
const closingBrace = (text: string, from: number): number | undefined => {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at++;
    else if (character === '{') depth++;
    else if (character === '}' && --depth === 0) return at;
  }
  return undefined;
};

function* boxes(text: string): Generator<AnswerSpan, void, undefined> {
  for (const word of ['\\boxed{', '\\fbox{']) {
    for (const from of placesBack(text, word)) {
      const start = from + word.length;
      const end = closingBrace(text, start);
      if (end !== undefined) yield { foundBy: 'boxed', from, start, end, isMarked: true };
    }
  }
}

function* hashes(text: string): Generator<AnswerSpan, void, undefined> {
  for (const from of placesBack(text, '####')) {
    const isLine = from === 0 || text[from - 1] === '\n';
    const start = from + 4;
    // A heading of the fourth order has words behind it.
    if (isLine && /^\s{0,4}[-+$€£(]{0,3}\s?\.?\d/u.test(text.slice(start, start + 12))) {
      yield { foundBy: 'hashes', from, start, end: lineEnd(text, start), isMarked: true };
    }
  }
}

const head = String.raw`(?:^[ \t>*_#~•-]{0,12}|(?<=[.!?)\]*]) {1,2}[*_]{0,3})`;
const words = [
  '(?:so |thus |therefore |hence )?,? ?(?:the |my |our |your )?(?:final |correct |best |short |overall )?answer',
  'final (?:result|solution|value|decision|verdict)',
  'ans',
  '(?:endgültige |richtige )?antwort|ergebnis',
  'réponse(?: finale)?',
  'respuesta(?: final)?',
  'risposta(?: finale)?',
  'resposta(?: final)?',
  '(?:最终)?答案|答え|回答',
].join('|');
const marker = new RegExp(
  String.raw`${head}(?:${words})(?: \([^()\n]{0,40}\)| \p{L}{2,12})?[ *_]{0,6}[:：=][ *_]{0,6}`,
  'gimu',
);
const heading = /^[ \t]{0,3}(?:#{1,6} {0,3}[*_]{0,3}|[*_]{2,3})(?:the )?(?:final )?answer[ *_.:]{0,6}$/gimu;
const shortMarker = /^[ \t>*_]{0,8}A[*_]{0,3}[:：]/gmu;
/** `A:` is an option where there is a `B:` too. */
const secondOption = /^[ \t>*_(-]{0,8}B[*_]{0,3}[:.)：]/mu;

const fence = '```';

/** The end of the paragraph, or of the fenced block, that begins here. */
const blockEnd = (text: string, start: number): number => {
  if (text.startsWith(fence, start)) {
    const closing = text.indexOf(`\n${fence}`, start);
    return closing < 0 ? text.length : closing + 1 + fence.length;
  }
  const end = /\n[ \t]{0,8}\n/u.exec(text.slice(start))?.index;
  return end === undefined ? text.length : start + end;
};

/** What stands behind a marker: the rest of its line, or the paragraph below it. */
const behindMarker = (text: string, from: number, markerEnd: number): AnswerSpan => {
  const restEnd = lineEnd(text, markerEnd);
  const rest = text.slice(markerEnd, restEnd);
  const isEmpty = /^[\s*_:]*$/u.test(rest);
  let start = markerEnd;
  if (isEmpty) for (start = restEnd; start < text.length && /\s/u.test(text[start] ?? ''); start++);
  const end = isEmpty || rest.trimStart().startsWith(fence) ? blockEnd(text, start) : restEnd;
  return { foundBy: 'marker', from, start, end, isMarked: true };
};

function* markers(text: string): Generator<AnswerSpan, void, undefined> {
  const short = secondOption.test(text) ? [] : [...text.matchAll(shortMarker)];
  const found = [...text.matchAll(marker), ...text.matchAll(heading), ...short];
  const places = found.map(({ index, 0: match }) => ({ from: index, end: index + match.length }));
  // Those behind the last ones are not worth the work.
  for (const { from, end } of places.sort((a, b) => b.from - a.from).slice(0, mostTried)) {
    yield behindMarker(text, from, end);
  }
}

const phrase =
  /(?<![\p{L}])(?:(?:the|my|our|final|correct|right|so) )(?:final |correct |right |best )?(?:answer|option|choice|result)(?: to (?:the|this|your) \p{L}{2,12})? (?:is|would be|will be|should be|must be|equals|comes to|=)(?: (?:therefore|thus|then|approximately|about|that|exactly))?[ ]?[:：,]?[ \n]?/giu;
const sentenceEnd = /[.!?。][*_"')\]$]{0,4}(?=\s|$)|\n/gu;

function* phrases(text: string): Generator<AnswerSpan, void, undefined> {
  for (const { index, 0: match } of [...text.matchAll(phrase)].slice(-mostTried).reverse()) {
    const start = index + match.length;
    sentenceEnd.lastIndex = start;
    const end = sentenceEnd.exec(text)?.index ?? text.length;
    yield { foundBy: 'phrase', from: index, start, end, isMarked: true };
  }
}

const bold = /(?:\*\*|__)(?![\s*_])([^*_\n]{1,200})(?:\*\*|__)(?!\s?[:：])/gu;
const title = /^(?:step|note|part|solution|explanation|reasoning|given|answer)(?!\p{L})|[:：]\s{0,3}$/iu;

function* bolds(text: string): Generator<AnswerSpan, void, undefined> {
  const found = [...text.matchAll(bold)].filter(({ 1: inner = '' }) => !title.test(inner));
  for (const { index, 1: inner = '' } of found.slice(-mostTried).reverse()) {
    yield { foundBy: 'bold', from: index, start: index + 2, end: index + 2 + inner.length, isMarked: false };
  }
}

/** Notes of a calculator within the text of GSM8K: `<<48/2=24>>24`. */
const notes = /<<[^<>\n]{0,200}>>/gu;
const blank = (match: string): string => ' '.repeat(match.length);

const lastNumber = (text: string): AnswerSpan | undefined => {
  const noted = text.replace(notes, blank);
  let last: AnswerSpan | undefined;
  for (const { start, end } of numbersIn(noted)) {
    last = { foundBy: 'last-number', from: start, start, end, isMarked: false };
  }
  return last;
};

const lastLine = (text: string): AnswerSpan | undefined => {
  const trimmed = text.trimEnd();
  if (trimmed === '') return undefined;
  const from = trimmed.lastIndexOf('\n') + 1;
  return { foundBy: 'last-line', from, start: from, end: trimmed.length, isMarked: false };
};

/** Whether there is a digit in the last line, so that its number and not its words are the answer. */
const endsInNumber = (text: string): boolean => {
  const line = lastLine(text);
  return line !== undefined && /\d/u.test(text.slice(line.start, line.end));
};

/** Where the answer may stand, the surest place first. */
export function* spansOf(text: string, kind?: AnswerKind): Generator<AnswerSpan, void, undefined> {
  const marked = [tags, boxes, hashes, markers].flatMap((find) => [...find(text)]);
  yield* marked.sort((a, b) => b.from - a.from);
  yield* phrases(text);
  yield* bolds(text);
  const mayBeNumber = kind === 'number' || (kind === undefined && endsInNumber(text));
  const number = mayBeNumber ? lastNumber(text) : undefined;
  if (number !== undefined) yield number;
  const line = lastLine(text);
  if (line !== undefined) yield line;
}
