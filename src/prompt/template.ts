import { PipewrightError } from '../core/index.js';

/** A piece of a template: text as it is, or the place of a variable. */
export type Segment = string | Place;
interface Place {
  readonly variable: string;
  /** Closing tags that a value must not hold, because it stands between such tags. */
  readonly closing?: RegExp;
}

/** Where a prompt keeps its pieces: a template alone would forget which values are guarded. */
export const segmentsKey: unique symbol = Symbol('segments');

/** What counts as a prompt where only its text matters. */
export interface TextTemplate {
  readonly template: string;
  readonly variables: readonly string[];
  readonly [segmentsKey]?: readonly Segment[];
}

/** The pieces of a template or of a prompt. */
export const piecesOf = (from: string | TextTemplate): readonly Segment[] =>
  typeof from === 'string' ? segmentsOf(from) : (from[segmentsKey] ?? segmentsOf(from.template));

/** The place of a value between tags: a closing tag in the value would end it early, so those of `tags` are written `<\\/tag>`. */
export const guardedPlace = (variable: string, tags: readonly string[]): Segment => ({
  variable,
  closing: new RegExp(`<(?=\\s*/\\s*(?:${tags.join('|')})\\s*>)`, 'giu'),
});

const token = /\{\{|\}\}|\{([A-Za-z_]\w*)\}|[{}]/gu;

/**
 * Takes a template apart. `{name}` is the place of a variable, `{{` and `}}` are braces.
 * @throws {PipewrightError} `bad-input` that quotes a brace that is neither.
 */
export const segmentsOf = (template: string): readonly Segment[] => {
  const segments: Segment[] = [];
  let text = '';
  let last = 0;
  for (const match of template.matchAll(token)) {
    const [found, variable] = match;
    text += template.slice(last, match.index);
    last = match.index + found.length;
    if (variable !== undefined) {
      if (text !== '') segments.push(text);
      text = '';
      segments.push({ variable });
    } else if (found.length === 2) text += found.charAt(0);
    else throw strayBrace(template, match.index);
  }
  text += template.slice(last);
  if (text !== '') segments.push(text);
  return segments;
};

const strayBrace = (template: string, at: number): PipewrightError => {
  const brace = template.charAt(at);
  const place = template.slice(Math.max(0, at - 20), at + 20);
  return new PipewrightError(
    'bad-input',
    `The template has a single \`${brace}\` at character ${at + 1}: …${place}… Write \`${brace}${brace}\` for a brace, or \`{name}\` for a variable.`,
  );
};

/**
 * A text as a template that renders to just that text: its braces are doubled.
 * @example literal('{"a": 1}') // => '{{"a": 1}}'
 */
export const literal = (text: string): string => text.replaceAll('{', '{{').replaceAll('}', '}}');

/** The names of the variables, each once, in order of appearance. */
export const variablesOf = (segments: readonly Segment[]): readonly string[] => [
  ...new Set(segments.flatMap((segment) => (typeof segment === 'string' ? [] : [segment.variable]))),
];

/** The template that these segments came from. */
export const templateOf = (segments: readonly Segment[]): string =>
  segments.map((segment) => (typeof segment === 'string' ? literal(segment) : `{${segment.variable}}`)).join('');

export type Values = Readonly<Record<string, unknown>>;

/** The value of a variable as text. It is put in as it is: braces in it mean nothing. */
const valueText = (values: Values, { variable, closing }: Place): string => {
  const value = values[variable];
  if (typeof value === 'string') return closing === undefined ? value : value.replace(closing, '<\\');
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new PipewrightError(
    'bad-input',
    `The variable \`${variable}\` must be text, a number or a boolean, got ${Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`}.`,
    { details: { where: variable } },
  );
};

/** The text with the values put in. Check the names first. */
export const render = (segments: readonly Segment[], values: Values): string => {
  let text = '';
  for (const segment of segments) text += typeof segment === 'string' ? segment : valueText(values, segment);
  return text;
};

/** The pieces with some values put in. */
export const fill = (segments: readonly Segment[], values: Values): readonly Segment[] =>
  segments.map((segment) =>
    typeof segment !== 'string' && Object.hasOwn(values, segment.variable) ? valueText(values, segment) : segment,
  );

const listOf = (names: readonly string[]): string => (names.length === 0 ? 'nothing' : names.join(', '));

const isGiven = (values: Values, name: string): boolean =>
  Object.hasOwn(values, name) && values[name] !== undefined && values[name] !== null;

/**
 * Checks that just the wanted values are there.
 * @throws {PipewrightError} `variable-missing` or `variable-extra` that name it.
 */
export const checkNames = (wanted: readonly string[], values: Values): void => {
  for (const name of wanted) {
    if (isGiven(values, name)) continue;
    throw new PipewrightError(
      'variable-missing',
      `The prompt needs the variable \`${name}\`. It was given: ${listOf(Object.keys(values))}.`,
      { details: { where: name } },
    );
  }
  checkKnown(wanted, values);
};

/** @throws {PipewrightError} `variable-extra` that names a value for which there is no variable. */
export const checkKnown = (wanted: readonly string[], values: Values): void => {
  // Without `Object.keys`, which makes a list for every rendering.
  for (const name in values) {
    if (wanted.includes(name) || !Object.hasOwn(values, name)) continue;
    throw new PipewrightError('variable-extra', `The prompt has no variable \`${name}\`. It has: ${listOf(wanted)}.`, {
      details: { where: name },
    });
  }
};
