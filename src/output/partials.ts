import { isWithin, type RunEvent, type Schema, type Span, toJsonSchema, isRecord } from '../core/index.js';
import type { AnswerMode } from './answer-form.js';
import { copyOf, draftOf, isBox } from './draft.js';
import { isObjectRoot } from './object-root.js';
import { type PartialJson, type PartialJsonOptions, partialJson } from './partial-json.js';
import { convertRoot } from './strict-schema.js';
import { fromStrict, ifExpressible } from './strict-value.js';
import type { TextRequest } from './text-model.js';

/** A value of which any part may still be missing. */
export type DeepPartial<T> = T extends readonly (infer Item)[]
  ? readonly DeepPartial<Item>[]
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T;

export interface PartialsOptions extends PartialJsonOptions {
  /** What the answer is called on the wire, as given to `structured`. @default 'answer' */
  readonly name?: string;
}

/** The text of one answer that is being read. */
interface Reading {
  readonly span: Span;
  /** The id of the call, where the answer is the argument of a tool. */
  readonly callId: string | undefined;
  readonly json: PartialJson;
  readCharacters: number;
  /** Those of them that came since the last draft. */
  newCharacters: number;
}

/** Up to so many characters each delta makes a draft; then each share of what was read does, so that all drafts cost what the text costs. */
const smallCharacters = 4_096;
const draftShare = 64;

/** How a request asks for the answer; undefined for what is no request. */
const modeOf = (input: unknown, name: string): AnswerMode | undefined => {
  if (!isRecord(input) || !Array.isArray(input.messages)) return undefined;
  if (isRecord(input.output) && input.output.type === 'json-schema') return 'native';
  const { tools = [] } = input as unknown as TextRequest;
  return tools.some((tool) => tool.name === name) ? 'tool' : 'prompt';
};

/** Turns what was read so far into a draft of the schema's value. */
const drafting = (schema: Schema): ((json: PartialJson, mode: AnswerMode | undefined) => unknown) => {
  const jsonSchema = toJsonSchema(schema);
  const shape = ifExpressible(() => convertRoot(jsonSchema))?.shape;
  const isObject = isObjectRoot(jsonSchema);
  return ({ value, state }, mode) => {
    // What was asked natively has the strict form; where nobody saw how it was asked, it is looked at.
    const form = mode === 'native' || mode === undefined ? shape : undefined;
    const mayBeBox = !isObject && mode !== 'prompt' && isRecord(value);
    // An empty object is the beginning of a box.
    if (mayBeBox && Object.keys(value).length === 0) return undefined;
    const inner = mayBeBox && isBox(form, value) ? value.value : value;
    if (form === undefined) return copyOf(inner);
    return state === 'complete' ? fromStrict(form, inner) : draftOf(form, inner);
  };
};

/** The piece of an answer's text that an event holds. */
const pieceOf = (event: RunEvent, name: string): { readonly text: string; readonly callId?: string } | undefined => {
  if (event.type === 'text-delta') return { text: event.text };
  return event.type === 'tool-call-delta' && event.name === name ? { text: event.text, callId: event.id } : undefined;
};

/**
 * Follows an answer of a schema while a model writes it: the events of `stream(step, input)` in, drafts out, in the form of the
 * schema whichever way the model was asked. Nothing in a draft is invented, and each has all of the one before; only text that is
 * retracted (by a retry, a fallback or a repair) begins anew. With `onlyComplete` no text in a draft is half. Each draft is an
 * object of its own, and differs from the one before. The drafts of a long answer come less often, so that all of them cost what the answer costs.
 * The last one is the answer before the schema's own defaults and transformations; `result` of the stream has those.
 * Where several steps of a pipeline write JSON, choose one by `stream`'s `only`.
 * @throws {PipewrightError} `bad-schema` at the first read, when the schema cannot say its JSON Schema.
 * @example for await (const draft of partials(stream(extract, 'Ham costs 3 EUR.'), price)) console.log(draft.eur);
 */
export async function* partials<Out>(
  events: AsyncIterable<RunEvent>,
  schema: Schema<Out>,
  options: PartialsOptions = {},
): AsyncGenerator<DeepPartial<Out>, void, undefined> {
  const { name = 'answer' } = options;
  const draft = drafting(schema);
  let reading: Reading | undefined;
  let mode: AnswerMode | undefined;
  let lastText: string | undefined;
  const current = (): readonly DeepPartial<Out>[] => {
    if (reading === undefined || reading.newCharacters === 0) return [];
    reading.newCharacters = 0;
    const value = draft(reading.json, reading.callId === undefined ? mode : 'tool');
    const text = JSON.stringify(value);
    if (text === undefined || text === lastText) return [];
    lastText = text;
    return [value as DeepPartial<Out>];
  };
  for await (const event of events) {
    if (event.type === 'step-start') mode = modeOf(event.input, name) ?? mode;
    if (event.type === 'retract' && reading !== undefined && isWithin(reading.span, event.span)) reading = undefined;
    const piece = pieceOf(event, name);
    // Words around a call of the answer's tool are not the answer.
    if (piece === undefined || (piece.callId === undefined && mode === 'tool')) continue;
    const { text, callId } = piece;
    if (reading?.span !== event.span || reading.callId !== callId) {
      reading = { span: event.span, callId, json: partialJson(options), readCharacters: 0, newCharacters: 0 };
    }
    reading.json.push(text);
    reading.readCharacters += text.length;
    reading.newCharacters += text.length;
    const { readCharacters, newCharacters } = reading;
    if (readCharacters <= smallCharacters || newCharacters * draftShare >= readCharacters) yield* current();
  }
  if (reading?.json.state === 'open') {
    reading.json.finish();
    reading.newCharacters += 1;
  }
  yield* current();
}
