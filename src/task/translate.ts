import {
  assistant,
  checkAtLeast,
  defineStep,
  map,
  type Message,
  PipewrightError,
  type Run,
  type Step,
  system,
  user,
  withoutText,
} from '../core/index.js';
import { type ChatModel, tokenCounter } from '../model/index.js';
import { taskRules } from './rules.js';
import { holdsTerm, lostIn, type TranslationProblem } from './survivors.js';
import { cutToWindows, type Room, roomOf, textRoom } from './windows.js';
import { writeText } from './write-text.js';

export interface TranslateOptions {
  /** The language to translate to, as people name it: `German`, `Brazilian Portuguese`. */
  readonly to: string;
  /** @default the model sees for itself */
  readonly from?: string;
  /** Terms and how they must be translated; only those that a piece holds are told. @default none */
  readonly glossary?: Readonly<Record<string, string>>;
  /** Tokens of one call, input and reply together. @default what the model can read, else 8192 */
  readonly windowTokens?: number;
  /** Tokens of text that are translated in one call at most: long ones get careless. @default 1500 */
  readonly maxPieceTokens?: number;
  /** Pieces that are translated at once. @default 4 */
  readonly concurrency?: number;
  /** What the model is told beside the rules: the register, the field. @default '' */
  readonly instructions?: string;
}

export interface Translation {
  readonly text: string;
  /** Placeholders, code, tags, links, figures and terms that did not survive; empty when all did. */
  readonly problems: readonly TranslationProblem[];
  /** In how many pieces it was translated. */
  readonly pieces: number;
}

/** A translation may be so much longer than its text. */
const growth = 2;

interface Settings {
  readonly model: ChatModel;
  readonly glossary: Readonly<Record<string, string>>;
  readonly rules: string;
  readonly maxPieceTokens: number;
  readonly room: Room;
}

const rulesFor = ({ rules, glossary }: Settings, text: string): string => {
  const terms = Object.entries(glossary).filter(([term]) => holdsTerm(text, term));
  return terms.length === 0 ? rules : `${rules} Terms: ${terms.map(([term, to]) => `${term} = ${to}`).join('; ')}.`;
};

const resolve = (model: ChatModel, options: TranslateOptions): Settings => {
  const { to, from, glossary = {}, windowTokens, maxPieceTokens = 1_500, instructions = '' } = options;
  if (to.trim() === '') throw new PipewrightError('bad-option', '`to` must name the language to translate to.');
  checkAtLeast('maxPieceTokens', maxPieceTokens, 16);
  const languages = `${from === undefined ? '' : ` from ${from}`} to ${to}`;
  const rules = `${taskRules.translate.replace('the source.', `the source${languages}.`)}${instructions === '' ? '' : ` ${instructions}`}`;
  return { model, glossary, rules, maxPieceTokens, room: roomOf(model, windowTokens, 0) };
};

/** Text, its translation and a repair of that must fit one call together. */
const pieceTokens = async (settings: Settings, text: string): Promise<number> => {
  const empty = { messages: [system(rulesFor(settings, text)), user([{ type: 'source', id: 'text', text: '' }])] };
  const left = await textRoom(settings.room, empty, 16 * (1 + growth));
  return Math.min(settings.maxPieceTokens, Math.floor(left / (1 + growth)));
};

const describe = ({ kind, expected, inText, inTranslation }: TranslationProblem): string =>
  kind === 'term'
    ? `use the term ${expected}`
    : `${expected} must stand there ${inText === 1 ? 'once' : `${inText} times`}, and does ${inTranslation === 0 ? 'not' : `${inTranslation} times`}`;

interface Piece {
  readonly text: string;
  readonly problems: readonly TranslationProblem[];
}

/** Translates, shows the model what did not survive, and keeps the better of the two. */
const translatePiece = async (settings: Settings, text: string, run: Run): Promise<Piece> => {
  const { model, glossary, room } = settings;
  const counted = await tokenCounter(room.model).count(text);
  const maxOutputTokens = counted.tokens * growth + 32;
  const messages: readonly Message[] = [system(rulesFor(settings, text)), user([{ type: 'source', id: 'text', text }])];
  const first = await writeText(model, { messages }, maxOutputTokens, run);
  const problems = lostIn(text, first, glossary);
  if (problems.length === 0) return { text: first, problems };
  run.emit({ type: 'retract', reason: 'Something did not survive the translation.' });
  const wish = user(`Correct this and write the whole translation again: ${problems.map(describe).join('; ')}.`);
  const second = await writeText(model, { messages: [...messages, assistant(first), wish] }, maxOutputTokens, run);
  const left = lostIn(text, second, glossary);
  return left.length <= problems.length ? { text: second, problems: left } : { text: first, problems };
};

/**
 * Makes a step that translates a text of any length, cut at the ends of sentences with the white space between kept. Placeholders,
 * code, tags, links, figures and the terms of the glossary are looked for in the translation; what is missing is shown to the
 * model once, and what is missing then is told in `problems`. Calls for n pieces: n, at most 2n.
 * The step throws `context-too-long`, `output-invalid`, `content-refused`, and what the model throws.
 * @throws {PipewrightError} `bad-option`.
 * @example (await translate(scripted(['Hallo {name}!']), { to: 'German' })('Hello {name}!')).problems // => []
 */
export const translate = (model: ChatModel, options: TranslateOptions): Step<string, Translation> => {
  const settings = resolve(model, options);
  const { to, concurrency = 4 } = options;
  checkAtLeast('concurrency', concurrency, 1);
  const children = [{ label: 'model', step: model, maxCalls: Infinity }];
  return defineStep({ kind: 'translate', details: { to }, children }, async (text: string, run: Run) => {
    const maxTokens = await pieceTokens(settings, text);
    const cut = await cutToWindows(text, { maxTokens, model: settings.room.model }, run);
    // White space at the end of a piece is no work for a model, and it would lose it.
    const windows = cut.map(({ start, end }) => ({ start, end: start + text.slice(start, end).trimEnd().length }));
    // Pieces side by side would show their texts mixed up.
    const shown = windows.length > 1 ? withoutText(run) : run;
    let done = 0;
    const piece = async ({ start, end }: { readonly start: number; readonly end: number }, inner: Run) => {
      const translated = await translatePiece(settings, text.slice(start, end), inner);
      run.emit({ type: 'progress', label: 'pieces', done: ++done, total: windows.length });
      return translated;
    };
    const pieces = await map(piece, { concurrency })(windows, shown);
    const joined = windows.map(
      ({ start }, at) => text.slice(windows[at - 1]?.end ?? 0, start) + (pieces[at]?.text ?? ''),
    );
    return {
      text: joined.join('') + text.slice(windows.at(-1)?.end ?? 0),
      problems: pieces.flatMap(({ problems }) => problems),
      pieces: pieces.length,
    };
  });
};
