import { defineStepWith, type Step } from '../core/index.js';
import {
  checkKnown,
  checkNames,
  fill,
  piecesOf,
  renderer,
  type Segment,
  segmentsKey,
  segmentsOf,
  templateOf,
  type TextTemplate,
  type Values,
  variablesOf,
} from './template.js';
import type { PromptValues, Variables } from './variables.js';

/** A text with variables: a step from their values to the text. */
export interface Prompt<V extends string> extends Step<PromptValues<V>, string> {
  readonly template: string;
  /** Each once, in order of appearance. */
  readonly variables: readonly V[];
  /**
   * The text, at once.
   * @throws {PipewrightError} `variable-missing` or `variable-extra` that name the variable.
   */
  readonly format: (...args: [V] extends [never] ? [values?: PromptValues<V>] : [values: PromptValues<V>]) => string;
  /**
   * A prompt with some values put in already.
   * @throws {PipewrightError} `variable-extra` that names a variable that the prompt does not have.
   */
  readonly partial: <P extends V>(values: PromptValues<P>) => Prompt<string extends V ? string : Exclude<V, P>>;
  /** A prompt with another, or a further template, behind it. Variables of the same name become one. */
  readonly concat: <const T extends string, W extends string = Variables<T>>(other: T | Prompt<W>) => Prompt<V | W>;
}

/**
 * Makes a prompt from a template: `{name}` is the place of a variable, `{{` and `}}` are braces. The compiler knows the
 * variables of a literal template. Values are put in as they are, so braces in them mean nothing.
 * @throws {PipewrightError} `bad-input` that quotes a single brace.
 * @example prompt('Translate to {language}: {text}').format({ language: 'German', text: 'Hi' }) // => 'Translate to German: Hi'
 */
export const prompt = <const T extends string>(template: T): Prompt<Variables<T>> =>
  fromSegments<Variables<T>>(segmentsOf(template));

/** A prompt of pieces: of a template, or of a brief. */
export const fromSegments = <V extends string>(segments: readonly Segment[]): Prompt<V> => {
  const variables = variablesOf(segments);
  const render = renderer(segments);
  const format = (values: Values = {}): string => {
    checkNames(variables, values);
    return render(values);
  };
  const props = {
    [segmentsKey]: segments,
    template: templateOf(segments),
    variables,
    format,
    partial: (values: Values) => {
      checkKnown(variables, values);
      checkNames(Object.keys(values), values);
      return fromSegments(fill(segments, values));
    },
    concat: (other: string | TextTemplate) => fromSegments([...segments, ...piecesOf(other)]),
  };
  const step = defineStepWith(
    { kind: 'prompt', details: { variables: variables.join(', ') } },
    props,
    async (values: Values) => format(values),
  );
  // The compiler cannot follow the names through the segments; the tests of the types do.
  return step as unknown as Prompt<V>;
};
