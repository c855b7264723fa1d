import {
  callStep,
  checkAtLeast,
  defineStep,
  PipewrightError,
  partsOf,
  type Run,
  type Schema,
  type Step,
  toJsonSchema,
  user,
  withoutText,
} from '../core/index.js';
import type { ChatModel, ChatReply, ChatRequest } from '../model/index.js';
import type { AnswerKind } from './answer-value.js';
import { withoutThinking } from './extract-answer.js';
import { requestWith } from './problem.js';
import { type ReadReply, readReply } from './read-reply.js';
import { answerMarker, exampleMessages, rulesOf, type WorkedExample } from './thought-rules.js';
import { isThoughtForm, stepsOf, type ThoughtForm, thoughtForms } from './thought-steps.js';
import { thoughtStream } from './thought-stream.js';
import type { Problem, Reasoned, ReasoningAction } from './types.js';

export interface ChainOfThoughtOptions<T = string> {
  /** The steps to take: those of a kind of problem, or your own. @default 'problem-solving' */
  readonly steps?: ThoughtForm | readonly string[];
  /** Problems that were solved well; they stand before the question as turns. @default none: zero-shot */
  readonly examples?: readonly WorkedExample[];
  /** What the answer is, so that it is asked for and read as such. @default whatever is written as the answer */
  readonly kind?: AnswerKind;
  /** Makes the answer a checked value: the model writes it as JSON. @default the answer is text */
  readonly schema?: Schema<T>;
  /** What else the model is to know or to keep to. @default '' */
  readonly instructions?: string;
  /**
   * Settings of the request, such as `temperature`; those of a request that is the input win. `logProbs: 0` brings `confidence`.
   * @default `reasoning: 'medium'` for models that can think before they write; `'none'` has them think on paper
   */
  readonly request?: Omit<ChatRequest, 'messages' | 'output'>;
  /** How often the model is asked again for an answer that is missing or does not fit. @default 1 with a schema, 0 without */
  readonly maxRepairs?: number;
}

interface Settings<T> {
  readonly model: ChatModel;
  readonly options: ChainOfThoughtOptions<T>;
  readonly maxRepairs: number;
  readonly rules: (isThinking: boolean) => string;
}

const settingsOf = <T>(model: ChatModel, options: ChainOfThoughtOptions<T>): Settings<T> => {
  const { steps = 'problem-solving', kind, schema, instructions = '' } = options;
  const { maxRepairs = schema === undefined ? 0 : 1 } = options;
  checkAtLeast('maxRepairs', maxRepairs, 0);
  if (typeof steps === 'string' && !isThoughtForm(steps)) {
    throw new PipewrightError(
      'bad-option',
      `\`steps\` must be a list or one of ${thoughtForms.join(', ')}, got ${steps}.`,
    );
  }
  if (steps.length === 0) throw new PipewrightError('bad-option', '`steps` must have at least one step.');
  const jsonSchema = schema === undefined ? undefined : toJsonSchema(schema);
  const rules = (isThinking: boolean): string =>
    rulesOf({ steps: stepsOf(steps), instructions, kind, jsonSchema, isThinking });
  return { model, options, maxRepairs, rules };
};

const requestFor = <T>({ model, options, rules }: Settings<T>, problem: Problem): ChatRequest => {
  const { examples = [], request: own } = options;
  const effort = model.features.reasoning ? { reasoning: 'medium' as const } : {};
  const settings = { ...effort, ...own };
  const given = requestWith(problem, '');
  const isThinking = model.features.reasoning && (given.reasoning ?? settings.reasoning) !== 'none';
  return { ...settings, ...requestWith(problem, rules(isThinking), exampleMessages(examples)) };
};

/** What the model thought before it wrote: its native reasoning, or what stands in `<think>` tags. */
const thinkingOf = (reply: ChatReply): string => {
  const native = partsOf(reply.message).map((part) => (part.type === 'reasoning' ? part.text : ''));
  return [...native, withoutThinking(reply.text).thinking].filter((text) => text !== '').join('\n\n');
};

/** The probability of a token in the middle: Wang et al. (2022), section 3.1, call it the normalised one. */
const confidenceOf = ({ logProbs = [] }: ChatReply): { readonly confidence?: number } =>
  logProbs.length === 0
    ? {}
    : { confidence: Math.exp(logProbs.reduce((sum, { logProb }) => sum + logProb, 0) / logProbs.length) };

const again = (issue: string, hasSchema: boolean): string =>
  `${issue} Write "${answerMarker}" and then only the final answer${hasSchema ? ' as JSON of the schema' : ''}.`;

const invalid = (model: ChatModel, issue: string, reply: ChatReply): PipewrightError =>
  new PipewrightError('output-invalid', `${model.id} gave no answer that can be used: ${issue}`, {
    details: { partialText: reply.text, issues: [issue] },
  });

/** Reads the reply, and asks again while that may help. */
const repaired = async <T>(
  settings: Settings<T>,
  request: ChatRequest,
  first: ChatReply,
  run: Run,
): Promise<{ readonly read: ReadReply<T> & { readonly isRead: true }; readonly repairs: readonly string[] }> => {
  const { model, options, maxRepairs } = settings;
  const repairs: string[] = [];
  let reply = first;
  let asked = request;
  for (;;) {
    const read = await readReply(model.id, reply, options);
    if (read.isRead) return { read, repairs };
    if (repairs.length >= maxRepairs) throw invalid(model, read.issue, reply);
    repairs.push(read.issue);
    const correction = user(again(read.issue, options.schema !== undefined));
    asked = { ...asked, messages: [...asked.messages, reply.message, correction] };
    reply = await callStep(model, asked, withoutText(run), `repair ${repairs.length}`);
  }
};

/**
 * Makes a step that has the model think before it answers, and takes the two apart. Zero-shot: the model is told the steps (Kojima
 * et al., 2022, arXiv:2205.11916); with `examples` it is shown how (Wei et al., 2022, arXiv:2201.11903). A model with reasoning of
 * its own is set to use it, and what it shows of it is part of `reasoning`. While it runs, what the model writes up to its answer
 * is shown as `reasoning-delta`, the answer as `text-delta` when it is known.
 * It costs one model call, `maxRepairs` more at worst: the problem and some hundred tokens of rules in, the thinking out.
 * The step throws `output-invalid` when no answer is found, when it does not fit the schema or was cut at the limit of output
 * tokens, and when the model calls a tool instead; `content-refused` when the model refuses.
 * @throws {PipewrightError} `bad-option`; `bad-schema` when the schema cannot say its JSON Schema.
 * @example (await chainOfThought(scripted(['6 times 7 is 42.\nAnswer: 42']))('6 boxes of 7?')).answer // => '42'
 */
export const chainOfThought = <T = string>(
  model: ChatModel,
  options: ChainOfThoughtOptions<T> = {},
): Step<Problem, Reasoned<T>> => {
  const settings = settingsOf(model, options);
  const { maxRepairs } = settings;
  const { steps = 'problem-solving', examples = [] } = options;
  const details = { steps: typeof steps === 'string' ? steps : 'own', examples: examples.length, maxRepairs };
  const children = [{ label: 'model', step: model, maxCalls: 1 + maxRepairs }];
  return defineStep({ kind: 'chain-of-thought', details, children }, async (problem, run) => {
    const request = requestFor(settings, problem);
    const shown = thoughtStream(run);
    const reply = await callStep(model, request, shown.run);
    const { read, repairs } = await repaired(settings, request, reply, run);
    const said = repairs.length === 0 ? read.reasoning : withoutThinking(reply.text).said.trim();
    shown.finish(said, read.text);
    return {
      answer: read.answer,
      reasoning: [thinkingOf(reply), said].filter((text) => text !== '').join('\n\n'),
      foundBy: read.foundBy,
      ...confidenceOf(reply),
      trace: [
        { action: 'solve', detail: `${model.id} wrote ${reply.text.length} characters.` },
        ...repairs.map((detail): ReasoningAction => ({ action: 'repair', detail })),
      ],
    };
  });
};
