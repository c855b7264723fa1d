import { modelStep } from '../ask/index.js';
import {
  callStep,
  checkAtLeast,
  defineStep,
  map,
  PipewrightError,
  type Run,
  type Schema,
  type Step,
  system,
  user,
} from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { answerForm } from '../output/index.js';
import {
  checkedObject,
  type ExtractionSchema,
  extractionSchema,
  type Field,
  objectOf,
  type ReadFields,
} from './extraction-schema.js';
import { findQuote, type QuotedSpan, saysLiterally } from './quotes.js';
import { taskRules } from './rules.js';
import { cutToWindows, roomOf, textRoom, type TextWindow } from './windows.js';

/** A value and the words of the text that say it. */
export interface Evidenced {
  readonly value: unknown;
  /** Where the text says it; undefined only for values kept though no words of the text bear them out. */
  readonly evidence?: QuotedSpan;
  /** Whether the words themselves hold the value, so that nothing was worked out of them. */
  readonly isLiteral: boolean;
}

export interface Extraction<Out> {
  /** What was found, checked by the schema; undefined where a required value is missing. */
  readonly value?: Out;
  /** Under each field what was found, the first in the text first: one value, or the items of a list. */
  readonly found: Readonly<Record<string, readonly Evidenced[]>>;
  /** Fields that the text does not tell. */
  readonly missing: readonly string[];
  /** Fields that are no list and of which the text tells different values; the first one is taken. */
  readonly conflicts: readonly string[];
  /** What the model said with words that do not stand in the text: left out unless `onInvented` keeps it. */
  readonly invented: readonly { readonly field: string; readonly value: unknown; readonly quote: string }[];
  /** Why there is no `value`. */
  readonly issues: readonly string[];
}

export interface ExtractOptions {
  /** What is done with a value whose quote does not stand in the text. @default 'drop' */
  readonly onInvented?: 'drop' | 'keep';
  /** Tokens of one call, input and reply together. @default what the model can read, else 8192 */
  readonly windowTokens?: number;
  /** Kept free for the answer. @default 1000, at most a third of the window */
  readonly replyTokens?: number;
  /** So much of a window's end is read again with the next, for what stands across the cut. @default 50 */
  readonly overlapTokens?: number;
  /** Windows of one text at most; more are refused. @default 100 */
  readonly maxWindows?: number;
  /** Windows that are read at once. @default 4 */
  readonly concurrency?: number;
  /** What the model is told beside the rules. @default '' */
  readonly instructions?: string;
}

type Settings = Required<Omit<ExtractOptions, 'windowTokens' | 'replyTokens'>> &
  Pick<ExtractOptions, 'windowTokens' | 'replyTokens'>;

const resolve = (options: ExtractOptions): Settings => {
  const settings: Settings = {
    onInvented: 'drop',
    overlapTokens: 50,
    maxWindows: 100,
    concurrency: 4,
    instructions: '',
    ...options,
  };
  checkAtLeast('overlapTokens', settings.overlapTokens, 0);
  checkAtLeast('maxWindows', settings.maxWindows, 1);
  checkAtLeast('concurrency', settings.concurrency, 1);
  return settings;
};

const windowsOf = async (
  model: ChatModel,
  { answer }: ExtractionSchema,
  rules: string,
  settings: Settings,
  text: string,
  run: Run,
): Promise<readonly TextWindow[]> => {
  const whole = roomOf(model, settings.windowTokens, 0);
  const replyTokens = settings.replyTokens ?? Math.min(1_000, Math.floor(whole.windowTokens / 3));
  const empty = { messages: [system(rules), user([{ type: 'source', id: 'text', text: '' }])] };
  const { request } = answerForm(model, answer.jsonSchema)(empty);
  const maxTokens = await textRoom({ ...whole, replyTokens }, request);
  const overlapTokens = Math.min(settings.overlapTokens, Math.floor(maxTokens / 4));
  const windows = await cutToWindows(text, { maxTokens, overlapTokens, model: model.model }, run);
  if (windows.length <= settings.maxWindows) return windows;
  const message = `The text takes ${windows.length} windows, and \`maxWindows\` is ${settings.maxWindows}. Raise it, or give less.`;
  throw new PipewrightError('context-too-long', message);
};

const keyOf = (value: unknown): string =>
  typeof value === 'string' ? value.trim().toLowerCase() : (JSON.stringify(value) ?? '');

interface Merged {
  readonly found: ReadonlyMap<string, readonly Evidenced[]>;
  readonly invented: Extraction<unknown>['invented'];
}

/** All that was read, in the order of the text; the same value at the same place, read in two windows, is one. */
const merged = (
  text: string,
  windows: readonly TextWindow[],
  reads: readonly ReadFields[],
  fields: readonly Field[],
  onInvented: 'drop' | 'keep',
): Merged => {
  const invented: { field: string; value: unknown; quote: string }[] = [];
  const found = new Map<string, readonly Evidenced[]>();
  for (const { name } of fields) {
    const seen = new Map<string, Evidenced>();
    for (const [at, { start, end }] of windows.entries()) {
      const part = text.slice(start, end);
      // The same words told twice may stand there twice.
      const ends = new Map<string, number>();
      for (const { value, quote } of reads[at]?.get(name) ?? []) {
        const span = findQuote(part, quote, ends.get(quote)) ?? findQuote(part, quote);
        if (span !== undefined) ends.set(quote, span.end);
        if (span === undefined) invented.push({ field: name, value, quote });
        if (span === undefined && onInvented === 'drop') continue;
        const evidence = span && { ...span, start: start + span.start, end: start + span.end };
        const key = `${evidence?.start ?? ''} ${keyOf(value)}`;
        if (seen.has(key)) continue;
        const isLiteral = evidence !== undefined && saysLiterally(evidence.quote, value);
        seen.set(key, { value, ...(evidence === undefined ? {} : { evidence }), isLiteral });
      }
    }
    const place = ({ evidence }: Evidenced): number => evidence?.start ?? text.length;
    if (seen.size > 0)
      found.set(
        name,
        [...seen.values()].sort((a, b) => place(a) - place(b)),
      );
  }
  return { found, invented };
};

/**
 * Makes a step that takes the values of a schema out of a text, each with the words that say it: the offsets are looked up in the
 * text, not taken from the model, and a value whose words do not stand there is left out. What the text does not tell is
 * missing, not guessed. Long texts are read window by window and merged. One call a window; one more where an answer
 * does not fit the schema.
 * The step throws `context-too-long`, `output-invalid`, `content-refused`, and what the model throws.
 * @throws {PipewrightError} `bad-schema` for a schema that is not of an object with properties; `bad-option`.
 * @example (await extract(scripted(['{"city": {"value": "Bonn", "quote": "in Bonn"}}']), z.object({ city: z.string() }))('Born in Bonn.')).found.city?.[0]?.evidence // => { start: 5, end: 12, quote: 'in Bonn' }
 */
export const extract = <Out>(
  model: ChatModel,
  schema: Schema<Out>,
  options: ExtractOptions = {},
): Step<string, Extraction<Out>> => {
  const settings = resolve(options);
  const { maxWindows, concurrency, instructions, onInvented } = settings;
  const asked = extractionSchema(schema);
  const rules = `${taskRules.extract}${instructions === '' ? '' : ` ${instructions}`}`;
  const ask = modelStep(model, {
    info: { kind: 'ask', name: 'values' },
    rules,
    content: (text: string) => [{ type: 'source', id: 'text', text }],
    schema: asked.answer,
  });
  const details = { fields: asked.fields.length, maxWindows };
  const info = { kind: 'extract', details, children: [{ label: 'window', step: ask, maxCalls: maxWindows }] };
  return defineStep(info, async (text: string, run: Run) => {
    const windows = await windowsOf(model, asked, rules, settings, text, run);
    let done = 0;
    const read = async ({ start, end }: TextWindow, inner: Run): Promise<ReadFields> => {
      const fields = await callStep(ask, text.slice(start, end), inner);
      run.emit({ type: 'progress', label: 'windows', done: ++done, total: windows.length });
      return fields;
    };
    const reads = await map(read, { concurrency })(windows, run);
    const { found, invented } = merged(text, windows, reads, asked.fields, onInvented);
    const names = asked.fields.map(({ name }) => name);
    const isOne = new Set(asked.fields.filter(({ isList }) => !isList).map(({ name }) => name));
    const differ = (name: string): boolean => new Set(found.get(name)?.map(({ value }) => keyOf(value))).size > 1;
    return {
      ...(await checkedObject(schema, objectOf(asked.fields, found))),
      found: Object.fromEntries(found),
      missing: names.filter((name) => !found.has(name)),
      conflicts: names.filter((name) => isOne.has(name) && differ(name)),
      invented,
    };
  });
};
