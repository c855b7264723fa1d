import { type Message, PipewrightError } from '../core/index.js';
import { checkKnown, guardedPlace, render, type Segment, segmentsOf, type Values, variablesOf } from './template.js';

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

const fieldTemplate = (template: string): readonly Segment[] => {
  const segments = segmentsOf(template);
  checkKnown(fields, Object.fromEntries(variablesOf(segments).map((name) => [name, ''])));
  return segments;
};

const put = (segments: readonly Segment[], example: Example, index: number): string => {
  const values = example as object as Values;
  for (const segment of segments) {
    if (typeof segment === 'string' || typeof values[segment.variable] === 'string') continue;
    const { variable } = segment;
    throw new PipewrightError('bad-input', `Example ${index + 1} has no text \`${variable}\`, which its form needs.`, {
      details: { where: variable, items: [index] },
    });
  }
  return render(segments, values);
};

const asIs: Required<ExampleFormOptions> = { input: '{input}', output: '{output}' };

/** Takes the form apart once; what comes back makes turns of examples. */
export const turnsMaker = ({
  input = asIs.input,
  output = asIs.output,
}: ExampleFormOptions = {}): ((examples: readonly Example[]) => readonly Message[]) => {
  const asked = fieldTemplate(input);
  const answered = fieldTemplate(output);
  return (examples) => {
    const messages: Message[] = [];
    for (const [index, example] of examples.entries()) {
      messages.push({ role: 'user', content: put(asked, example, index) });
      messages.push({ role: 'assistant', content: put(answered, example, index) });
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
const tagged: readonly Segment[] = [
  '<example>\n<input>',
  guardedPlace('input', exampleTags),
  '</input>\n<output>',
  guardedPlace('output', exampleTags),
  '</output>\n</example>',
];

/**
 * Examples as text, each between tags that its own text cannot close, or in a template of yours. Nothing for no examples.
 * @throws {PipewrightError} `variable-extra` for a variable that examples do not have; `bad-input` for an example without it.
 * @example exampleText([{ input: '2+2', output: '4' }], { template: 'Q: {input} A: {output}' }) // => 'Q: 2+2 A: 4'
 */
export const exampleText = (examples: readonly Example[], options: ExampleTextOptions = {}): string => {
  const segments = options.template === undefined ? tagged : fieldTemplate(options.template);
  const separator = options.separator ?? (options.template === undefined ? '\n' : '\n\n');
  return examples.map((example, index) => put(segments, example, index)).join(separator);
};
