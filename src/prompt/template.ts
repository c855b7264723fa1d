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

const token = /(\{\{|\}\}|\{[A-Za-z_]\w*\}|[{}])/u;

/**
 * Takes a template apart. `{name}` is the place of a variable, `{{` and `}}` are braces.
 * @throws {PipewrightError} `bad-input` that quotes a brace that is neither.
 */
export const segmentsOf = (template: string): readonly Segment[] => {
  const segments: Segment[] = [];
  let text = '';
  let at = 0;
  // Texts and tokens in turn. `split` is several times faster here than a loop over matches.
  for (const [index, piece] of template.split(token).entries()) {
    if (index % 2 === 0) text += piece;
    else if (piece.length === 1) throw strayBrace(template, at);
    else if (piece === '{{' || piece === '}}') text += piece.charAt(0);
    else {
      if (text !== '') segments.push(text);
      text = '';
      segments.push({ variable: piece.slice(1, -1) });
    }
    at += piece.length;
  }
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
  if (typeof value === 'string') {
    return closing === undefined || !value.includes('<') ? value : value.replace(closing, '<\\');
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new PipewrightError(
    'bad-input',
    `The variable \`${variable}\` must be text, a number or a boolean, got ${Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`}.`,
    { details: { where: variable } },
  );
};

/**
 * Makes what puts values in, for values whose names are checked. Each is looked up once, however often it stands there: on a
 * long template that is most of the time.
 */
export const renderer = (segments: readonly Segment[]): ((values: Values) => string) => {
  const distinct: Place[] = [];
  const known = new Map<string, number>();
  /** For each place in turn, which of the distinct ones it is. */
  const indexes: number[] = [];
  /** The text in front of the first place, and behind each. */
  const texts = [''];
  for (const segment of segments) {
    if (typeof segment === 'string') texts[texts.length - 1] += segment;
    else {
      const { variable, closing } = segment;
      const key = closing === undefined ? variable : `${variable} ${closing.source}`;
      const index = known.get(key) ?? distinct.push(segment) - 1;
      known.set(key, index);
      indexes.push(index);
      texts.push('');
    }
  }
  if (distinct.length === indexes.length) {
    return (values) => {
      let text = texts[0] ?? '';
      for (let at = 0; at < distinct.length; at++)
        text += `${valueText(values, distinct[at] as Place)}${texts[at + 1]}`;
      return text;
    };
  }
  return (values) => {
    const filled: string[] = [];
    for (const place of distinct) filled.push(valueText(values, place));
    let text = texts[0] ?? '';
    for (let at = 0; at < indexes.length; at++) text += `${filled[indexes[at] ?? 0]}${texts[at + 1]}`;
    return text;
  };
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
  // All that are wanted are there: as many as are wanted are just those.
  if (Object.keys(values).length !== wanted.length) checkKnown(wanted, values);
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
