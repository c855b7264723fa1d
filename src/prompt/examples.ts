import { type Message, PipewrightError } from '../core/index.js';
import { checkKnown, guardedPlace, renderer, type Segment, segmentsOf, type Values, variablesOf } from './template.js';

/** A worked example: what was asked, and the right answer. Plain data; braces in it mean nothing. */
export interface Example {
  readonly input: string;
  readonly output: string;
  /** What it is an example of, such as a label or a kind of task. */
  readonly category?: string;
  /** @default made from input and category where an id is needed */
  readonly id?: string;
}

/** How an example looks as turns. The templates may use `{input}`, `{output}` and `{category}`. */
export interface ExampleFormOptions {
  /** What the user says; write it as the real question is written. @default '{input}' */
  readonly input?: string;
  /** What the assistant says. @default '{output}' */
  readonly output?: string;
}

export interface ExampleTextOptions {
  /** One example; may use `{input}`, `{output}` and `{category}`. @default an `<example>` with `<input>` and `<output>` */
  readonly template?: string;
  /** What stands between two. @default a line break; an empty line with a `template` of your own */
  readonly separator?: string;
}

const fields: readonly string[] = ['input', 'output', 'category'];

/** Puts the example with this place in the list into a form. */
type Show = (example: Example, index: number) => string;

const shows = (segments: readonly Segment[], variables: readonly string[] = variablesOf(segments)): Show => {
  const render = renderer(segments);
  return (example, index) => {
    const values = example as object as Values;
    for (const name of variables) if (typeof values[name] !== 'string') throw lacks(name, index);
    return render(values);
  };
};

const lacks = (field: string, index: number): PipewrightError =>
  new PipewrightError('bad-input', `Example ${index + 1} has no text \`${field}\`, which its form needs.`, {
    details: { where: field, items: [index] },
  });

/** One form is used again and again: it is taken apart once. */
let last: { readonly template: string; readonly show: Show } | undefined;

const showsIn = (template: string): Show => {
  if (last?.template !== template) last = { template, show: takenApart(template) };
  return last.show;
};

const takenApart = (template: string): Show => {
  const segments = segmentsOf(template);
  const variables = variablesOf(segments);
  for (const name of variables) if (!fields.includes(name)) checkKnown(fields, { [name]: '' });
  return shows(segments, variables);
};

const asIs: Required<ExampleFormOptions> = { input: '{input}', output: '{output}' };

/** Takes the form apart once; what comes back makes turns of examples. */
export const turnsMaker = ({
  input = asIs.input,
  output = asIs.output,
}: ExampleFormOptions = {}): ((examples: readonly Example[]) => readonly Message[]) => {
  const asked = showsIn(input);
  const answered = showsIn(output);
  return (examples) => {
    const messages: Message[] = [];
    for (const [index, example] of examples.entries()) {
      messages.push({ role: 'user', content: asked(example, index) });
      messages.push({ role: 'assistant', content: answered(example, index) });
    }
    return messages;
  };
};

/**
 * Examples as turns of a conversation: the user says the input, the assistant the output.
 * @throws {PipewrightError} `variable-extra` for a variable that examples do not have; `bad-input` for an example without it.
 * @example exampleTurns([{ input: '2+2', output: '4' }])[1] // => { role: 'assistant', content: '4' }
 */
export const exampleTurns = (examples: readonly Example[], form: ExampleFormOptions = {}): readonly Message[] =>
  turnsMaker(form)(examples);

const exampleTags = ['input', 'output', 'example', 'examples'] as const;
const showTagged = shows([
  '<example>\n<input>',
  guardedPlace('input', exampleTags),
  '</input>\n<output>',
  guardedPlace('output', exampleTags),
  '</output>\n</example>',
]);

/**
 * Examples as text, each between tags that its own text cannot close, or in a template of yours. Nothing for no examples.
 * @throws {PipewrightError} `variable-extra` for a variable that examples do not have; `bad-input` for an example without it.
 * @example exampleText([{ input: '2+2', output: '4' }], { template: 'Q: {input} A: {output}' }) // => 'Q: 2+2 A: 4'
 */
export const exampleText = (examples: readonly Example[], options: ExampleTextOptions = {}): string => {
  const show = options.template === undefined ? showTagged : showsIn(options.template);
  const separator = options.separator ?? (options.template === undefined ? '\n' : '\n\n');
  return examples.map(show).join(separator);
};
