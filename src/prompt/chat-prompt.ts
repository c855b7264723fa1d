import { defineStepWith, type Message, PipewrightError, type Role, type Step } from '../core/index.js';
import { compiled, type Compiled, filled, itemOf, messagesOf, namesOf } from './chat-items.js';
import type { ListSlot, SlotItems } from './slots.js';
import { checkKnown, checkNames, type TextTemplate, type Values } from './template.js';
import type { PromptValue, Variables } from './variables.js';

/** A message whose text is a prompt, such as a `brief`. */
export interface PromptMessage {
  readonly role: Exclude<Role, 'tool'>;
  readonly prompt: TextTemplate;
}

/** What a chat prompt is made of. */
export type ChatPromptItem = Message | PromptMessage | ListSlot;

type SlotName<I> = I extends { readonly slot: string; readonly name: infer Name extends string } ? Name : never;
type SlotKind<I, Name> = I extends { readonly slot: infer Kind extends keyof SlotItems; readonly name: Name }
  ? Kind
  : never;

/** The variables in the content that `system`, `user` and `assistant` remember; `string` for any other message. */
type TextVariables<I> = I extends { readonly slot: string }
  ? never
  : I extends { readonly prompt: { readonly variables: readonly (infer Name extends string)[] } }
    ? Name
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

type NoValues = Readonly<Record<string, never>>;
type AnyValues = Readonly<Record<string, unknown>>;

/** The values that a chat prompt of these items takes. Not checked by the compiler where a text is no literal. */
export type ChatPromptValues<I extends ChatPromptItem> =
  string extends TextVariables<I>
    ? AnyValues
    : [TextVariables<I> | SlotName<I>] extends [never]
      ? NoValues
      : {
          readonly [Name in TextVariables<I> | SlotName<I>]: Name extends SlotName<I>
            ? readonly SlotItems[SlotKind<I, Name>][]
            : PromptValue;
        };

/** What is left of the values when those of these names are given. */
export type ValuesWithout<V extends object, Name> = string extends keyof V
  ? V
  : [Exclude<keyof V, Name>] extends [never]
    ? NoValues
    : { readonly [Other in Exclude<keyof V, Name>]: V[Other] };

/** The values of two chat prompts that have become one. */
export type JoinedValues<V extends object, W extends object> = [V] extends [NoValues]
  ? W
  : [W] extends [NoValues]
    ? V
    : string extends keyof V | keyof W
      ? AnyValues
      : {
          readonly [Name in keyof V | keyof W]: Name extends keyof V ? V[Name] : Name extends keyof W ? W[Name] : never;
        };

/** Messages with variables: a step from their values to the messages. */
export interface ChatPrompt<V extends object> extends Step<V, readonly Message[]> {
  /** What it is made of: `chatPrompt` makes the same prompt of it again. */
  readonly template: readonly ChatPromptItem[];
  /** Each once, in order of appearance; those of lists included. */
  readonly variables: readonly (keyof V & string)[];
  /**
   * The messages, at once.
   * @throws {PipewrightError} `variable-missing` or `variable-extra` that name the variable.
   */
  readonly format: (values: V) => readonly Message[];
  /**
   * A chat prompt with some values put in already.
   * @throws {PipewrightError} `variable-extra` that names a variable that the prompt does not have.
   */
  readonly partial: <Name extends keyof V & string>(values: Pick<V, Name>) => ChatPrompt<ValuesWithout<V, Name>>;
  /** A chat prompt with further items, or those of another, behind it. Variables of the same name become one. */
  readonly concat: <const Items extends readonly ChatPromptItem[], W extends object = ChatPromptValues<Items[number]>>(
    other: Items | ChatPrompt<W>,
  ) => ChatPrompt<JoinedValues<V, W>>;
}

/** One name cannot be a text here and a list there. */
const checkKinds = (items: readonly Compiled[]): void => {
  const kinds = new Map<string, string>();
  for (const item of items) {
    const kind = item.kind === 'list' ? item.slot.slot : 'text';
    for (const name of namesOf(item)) {
      const other = kinds.get(name) ?? kind;
      kinds.set(name, kind);
      if (other === kind) continue;
      throw new PipewrightError('bad-input', `The variable \`${name}\` stands for ${other} and for ${kind}.`, {
        details: { where: name },
      });
    }
  }
};

/**
 * Makes a prompt of messages. The texts of `system`, `user` and `assistant` are templates as in `prompt`, and `{ role, prompt }`
 * is a message of a prompt made before; `history(name)` is the place of a list of messages, `examples(name)` of worked examples,
 * `parts(name)` of pictures and files, and `sources(name)` of passages, which become `source` parts; parts and sources go into
 * the next user message. The compiler knows the variables of literal texts.
 * @throws {PipewrightError} `bad-input` that quotes a single brace, or names a variable that stands for two kinds of values.
 * @example chatPrompt([system('You are {role}.'), user('{q}')]).format({ role: 'a poet', q: 'Why?' }).length // => 2
 */
export const chatPrompt = <const Items extends readonly ChatPromptItem[]>(
  items: Items,
): ChatPrompt<ChatPromptValues<Items[number]>> => fromItems(items.map(compiled));

const fromItems = <V extends object>(items: readonly Compiled[]): ChatPrompt<V> => {
  checkKinds(items);
  const variables = [...new Set(items.flatMap(namesOf))];
  const format = (values: Values): readonly Message[] => {
    checkNames(variables, values);
    return messagesOf(items, values);
  };
  const props = {
    get template(): readonly ChatPromptItem[] {
      return items.map(itemOf);
    },
    variables,
    format,
    partial: (values: Values) => {
      checkKnown(variables, values);
      checkNames(Object.keys(values), values);
      return fromItems(items.map((item) => filled(item, values)));
    },
    concat: (other: readonly ChatPromptItem[] | ChatPrompt<never>) =>
      fromItems([...items, ...('template' in other ? other.template : other).map(compiled)]),
  };
  const info = { kind: 'chat-prompt', details: { variables: variables.join(', ') } };
  const step = defineStepWith(info, props, async (values: Values) => format(values));
  // The compiler cannot follow the names through the templates; the tests of the types do.
  return step as unknown as ChatPrompt<V>;
};
