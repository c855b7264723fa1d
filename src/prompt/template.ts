import { PipewrightError } from '../core/index.js';

/** A piece of a template: text as it is, or the place of a variable. */
export type Segment = string | { readonly variable: string };

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
export const valueText = (values: Values, name: string): string => {
  const value = values[name];
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new PipewrightError(
    'bad-input',
    `The variable \`${name}\` must be text, a number or a boolean, got ${Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`}.`,
    { details: { where: name } },
  );
};

/** The text with the values put in. Check the names first. */
export const render = (segments: readonly Segment[], values: Values): string => {
  let text = '';
  for (const segment of segments) text += typeof segment === 'string' ? segment : valueText(values, segment.variable);
  return text;
};

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
  for (const name of Object.keys(values)) {
    if (wanted.includes(name)) continue;
    throw new PipewrightError('variable-extra', `The prompt has no variable \`${name}\`. It has: ${listOf(wanted)}.`, {
      details: { where: name },
    });
  }
};
