import { isRecord } from '../core/index.js';
import { parseJson } from '../output/index.js';

/** A call as a model wrote it in its text. */
export interface WrittenCall {
  readonly name: string;
  /** What stood as JSON; the raw text where it was none. */
  readonly input: unknown;
}

export interface ReadReply {
  /** What the model said before its first call. */
  readonly text: string;
  readonly calls: readonly WrittenCall[];
}

/** How a call begins in any of the forms that models write, each at the start of a line, or behind other words for the tag. */
const beginnings = /<tool_call>|^[ \t]*```(?:json|tool_call|tool_code)?[ \t]*\n?[ \t]*\{|^[ \t]*\**Action\**[ \t]*:/gmu;

/** What comes behind a call that the model has no business to write: it makes up the result. */
const inventedResult = /^[ \t]*\**Observation\**[ \t]*:|<tool_result|<tool_response>/mu;

const valueIn = (text: string): unknown => {
  try {
    return parseJson(text);
  } catch {
    // No JSON: the text stays, so that the model can be told what is wrong with it.
    return text;
  }
};

/** The names that models give to the arguments. */
const argumentNames = ['arguments', 'args', 'parameters', 'input', 'action_input'];

const callIn = (value: unknown): WrittenCall | undefined => {
  if (!isRecord(value)) return undefined;
  const name = value.name ?? value.tool ?? value.action;
  if (typeof name !== 'string') return undefined;
  const key = argumentNames.find((each) => Object.hasOwn(value, each));
  const given = key === undefined ? {} : value[key];
  return { name: name.trim(), input: typeof given === 'string' ? valueIn(given) : given };
};

/** A name in JSON that is broken: enough to tell the model which of its calls was wrong. */
const nameIn = (text: string): string => /"(?:name|tool|action)"\s*:\s*"([^"\n]{1,64})"/u.exec(text)?.[1] ?? 'unknown';

const taggedCalls = (text: string): readonly WrittenCall[] => {
  const value = valueIn(text);
  const list = Array.isArray(value) ? value : [value];
  return list.map((each) => callIn(each) ?? { name: nameIn(text), input: text.trim() });
};

/** `Action: name` and behind it `Action Input: {...}`, as ReAct writes them. */
const actionCalls = (text: string): readonly WrittenCall[] => {
  const name = /^[ \t]*\**Action\**[ \t]*:\**[ \t]*`?([^\n`(]*)/u.exec(text)?.[1]?.trim() ?? '';
  if (name === '' || /^(?:none|n\/a)\b/iu.test(name)) return [];
  const input = /^[ \t]*\**Action Input\**[ \t]*:\**([\s\S]*)/mu.exec(text)?.[1]?.trim() ?? '';
  return [{ name, input: input === '' ? {} : valueIn(input) }];
};

/** One stretch of a reply that begins like a call. */
const callsIn = (piece: string, names: ReadonlySet<string>): readonly WrittenCall[] => {
  if (piece.startsWith('<tool_call>')) {
    const end = piece.indexOf('</tool_call>');
    return taggedCalls(piece.slice('<tool_call>'.length, end < 0 ? piece.length : end));
  }
  if (!piece.trimStart().startsWith('```')) return actionCalls(piece);
  // A block of JSON may be part of an answer: it is a call only when it names a tool.
  const call = callIn(valueIn(piece));
  return call !== undefined && names.has(call.name) ? [call] : [];
};

/**
 * Reads the calls that a model wrote into its text: in `<tool_call>` tags, as a block of JSON that names a tool, or as the
 * `Action` and `Action Input` of ReAct. What the model wrote behind its calls as their results is not read.
 */
export const readCalls = (text: string, names: ReadonlySet<string>): ReadReply => {
  const whole = text.slice(0, inventedResult.exec(text)?.index ?? text.length);
  const starts = [...whole.matchAll(beginnings)].map(({ index }) => index);
  const calls: WrittenCall[] = [];
  let said: number | undefined;
  for (const [at, start] of starts.entries()) {
    const found = callsIn(whole.slice(start, starts[at + 1] ?? whole.length), names);
    if (found.length > 0) said ??= start;
    calls.push(...found);
  }
  return calls.length === 0 ? { text, calls } : { text: whole.slice(0, said).trimEnd(), calls };
};
