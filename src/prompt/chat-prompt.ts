import {
  defineStepWith,
  type Message,
  type Part,
  partsOf,
  PipewrightError,
  type SourcePart,
  type Step,
} from '../core/index.js';
import { type HistorySlot, type SourceLike, sourcePart, type SourcesSlot } from './slots.js';
import { checkNames, render, segmentsOf, type Values, variablesOf } from './template.js';
import type { PromptValue, Variables } from './variables.js';

/** What a chat prompt is made of. */
export type ChatPromptItem = Message | HistorySlot<string> | SourcesSlot<string>;

type SlotName<I, Kind extends string> = I extends { readonly slot: Kind; readonly name: infer Name extends string }
  ? Name
  : never;

/** The variables in the content that `system`, `user` and `assistant` remember; `string` for any other message. */
type TextVariables<I> = I extends { readonly slot: string }
  ? never
  : I extends { readonly '~content'?: infer C }
    ? unknown extends C
      ? string
      : VariablesOfContent<C extends { readonly of: infer Content } ? Content : never>
    : never;
type VariablesOfContent<C> = C extends string
  ? Variables<C>
  : C extends readonly (infer P)[]
    ? VariablesOfPart<P>
    : never;
type VariablesOfPart<P> = P extends { readonly type: 'text'; readonly text: infer T extends string }
  ? Variables<T>
  : never;

/** The values that a chat prompt of these items takes. Not checked by the compiler where a text is no literal. */
export type ChatPromptValues<I extends ChatPromptItem> =
  string extends TextVariables<I>
    ? Readonly<Record<string, unknown>>
    : [TextVariables<I> | SlotName<I, string>] extends [never]
      ? Readonly<Record<string, never>>
      : {
          readonly [Name in TextVariables<I> | SlotName<I, string>]: Name extends SlotName<I, 'history'>
            ? readonly Message[]
            : Name extends SlotName<I, 'sources'>
              ? readonly SourceLike[]
              : PromptValue;
        };

/** Messages with variables: a step from their values to the messages. */
export interface ChatPrompt<V extends object> extends Step<V, readonly Message[]> {
  /** Each once, in order of appearance; those of histories and sources included. */
  readonly variables: readonly (keyof V & string)[];
  /**
   * The messages, at once.
   * @throws {PipewrightError} `variable-missing` or `variable-extra` that name the variable.
   */
  readonly format: (values: V) => readonly Message[];
}

/** An item with its templates taken apart. */
type Compiled = CompiledMessage | CompiledSlot;
interface CompiledMessage {
  readonly kind: 'message';
  readonly message: Message;
  readonly variables: readonly string[];
  readonly render: (values: Values) => Message['content'];
}
interface CompiledSlot {
  readonly kind: 'history' | 'sources';
  readonly name: string;
}

const compiledText = (
  text: string,
): Pick<CompiledMessage, 'variables'> & { readonly render: (values: Values) => string } => {
  const segments = segmentsOf(text);
  return { variables: variablesOf(segments), render: (values) => render(segments, values) };
};

const compiledMessage = (message: Message): CompiledMessage => {
  const { content } = message;
  if (typeof content === 'string') return { kind: 'message', message, ...compiledText(content) };
  const parts = content.map((part) => {
    if (part.type !== 'text') return { variables: [], render: (): Part => part };
    const text = compiledText(part.text);
    return {
      variables: text.variables,
      render: (values: Values): Part => ({ type: 'text', text: text.render(values) }),
    };
  });
  return {
    kind: 'message',
    message,
    variables: parts.flatMap(({ variables }) => variables),
    render: (values) => parts.map((part) => part.render(values)),
  };
};

const compiled = (item: ChatPromptItem): Compiled =>
  'slot' in item ? { kind: item.slot, name: item.name } : compiledMessage(item);

const namesOf = (item: Compiled): readonly string[] => (item.kind === 'message' ? item.variables : [item.name]);

const listOf = <T>(values: Values, name: string): readonly T[] => {
  const value = values[name];
  if (Array.isArray(value)) return value;
  throw new PipewrightError(
    'bad-input',
    `The variable \`${name}\` must be a list, got a value of type ${typeof value}.`,
    {
      details: { where: name },
    },
  );
};

const withSources = (message: Message, sources: readonly SourcePart[]): Message =>
  sources.length === 0 ? message : { role: message.role, content: [...sources, ...partsOf(message)] };

const messagesOf = (items: readonly Compiled[], values: Values): readonly Message[] => {
  let messages: Message[] = [];
  let waiting: readonly SourcePart[] = [];
  for (const item of items) {
    if (item.kind === 'message') {
      const message: Message = { role: item.message.role, content: item.render(values) };
      const isUser = message.role === 'user';
      messages.push(isUser ? withSources(message, waiting) : message);
      if (isUser) waiting = [];
    } else if (item.kind === 'history') messages = messages.concat(listOf<Message>(values, item.name));
    else waiting = [...waiting, ...listOf<SourceLike>(values, item.name).map(sourcePart)];
  }
  // No user message came behind them: they make one of their own.
  if (waiting.length > 0) messages.push({ role: 'user', content: waiting });
  return messages;
};

/**
 * Makes a prompt of messages. The texts of `system`, `user` and `assistant` are templates as in `prompt`; `history(name)` is
 * the place of a list of messages, `sources(name)` of passages, which become `source` parts of the next user message; other
 * parts (pictures, files) go in as they are. The compiler knows the variables of literal texts.
 * @throws {PipewrightError} `bad-input` that quotes a single brace.
 * @example chatPrompt([system('You are {role}.'), user('{q}')]).format({ role: 'a poet', q: 'Why?' }).length // => 2
 */
export const chatPrompt = <const Items extends readonly ChatPromptItem[]>(
  items: Items,
): ChatPrompt<ChatPromptValues<Items[number]>> => {
  const parts = items.map(compiled);
  const variables = [...new Set(parts.flatMap(namesOf))];
  const format = (values: Values): readonly Message[] => {
    checkNames(variables, values);
    return messagesOf(parts, values);
  };
  const info = { kind: 'chat-prompt', details: { variables: variables.join(', ') } };
  const step = defineStepWith(info, { variables, format }, async (values: Values) => format(values));
  // The compiler cannot follow the names through the templates; the tests of the types do.
  return step as unknown as ChatPrompt<ChatPromptValues<Items[number]>>;
};
