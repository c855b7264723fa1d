import { assertType, describe, expectTypeOf, it } from 'vitest';
import {
  assistant,
  type Hit,
  type Message,
  type Part,
  parallel,
  pipe,
  type SourcePart,
  type Step,
  system,
  user,
} from 'pipewright';
import type { ChatModel, ChatReply } from 'pipewright/model';
import {
  brief,
  type ChatPrompt,
  chatPrompt,
  type Example,
  examples,
  fixedExamples,
  history,
  parts,
  personas,
  type Prompt,
  prompt,
  type PromptValue,
  sources,
  type Variables,
} from './index.js';

declare const model: ChatModel;

describe('prompt', () => {
  it('infers the variables of a literal', () => {
    expectTypeOf<Variables<'no variables'>>().toEqualTypeOf<never>();
    expectTypeOf<Variables<'{a} and {b_2}, {a} again'>>().toEqualTypeOf<'a' | 'b_2'>();
    expectTypeOf<Variables<'{{a}} {b} {{{c}}}'>>().toEqualTypeOf<'b' | 'c'>();
    expectTypeOf(prompt('To {language}: {text}')).toEqualTypeOf<Prompt<'language' | 'text'>>();
    expectTypeOf(prompt('{a}')).toExtend<Step<{ readonly a: PromptValue }, string>>();
  });

  it('refuses a missing, an extra and a wrong value', () => {
    const p = prompt('To {language}: {text}');
    p.format({ language: 'German', text: 'Hi' });
    // @ts-expect-error `text` is missing
    p.format({ language: 'German' });
    // @ts-expect-error `tone` is extra
    p.format({ language: 'German', text: 'Hi', tone: 'warm' });
    // @ts-expect-error a list is no text
    p.format({ language: 'German', text: ['Hi'] });
    // @ts-expect-error `text` is missing
    p({ language: 'German' });
    prompt('Hi').format();
    // @ts-expect-error it has no variables
    prompt('Hi').format({ a: 1 });
  });

  it('follows the variables through partial and concat', () => {
    const p = prompt('{a} {b}');
    expectTypeOf(p.partial({ a: 1 })).toEqualTypeOf<Prompt<'b'>>();
    expectTypeOf(p.partial({ a: 1, b: 2 })).toEqualTypeOf<Prompt<never>>();
    // @ts-expect-error it has no variable `c`
    p.partial({ c: 1 });
    expectTypeOf(p.concat(' {c}')).toEqualTypeOf<Prompt<'a' | 'b' | 'c'>>();
    expectTypeOf(p.concat(prompt('{d}'))).toEqualTypeOf<Prompt<'a' | 'b' | 'd'>>();
  });

  it('takes any values where the template is no literal', () => {
    prompt('{a}' as string).format({ anything: 'goes' });
  });

  it('fits in a pipe before a model', () => {
    const ask = pipe(prompt('Name a {thing}'), model);
    expectTypeOf(ask).toEqualTypeOf<Step<{ readonly thing: PromptValue }, ChatReply>>();
  });
});

describe('chatPrompt', () => {
  it('infers the variables of texts, histories and sources', () => {
    const p = chatPrompt([
      system('You are {role}.'),
      history('turns'),
      sources('passages'),
      user('{q} in {language}'),
      assistant('No variables'),
    ]);
    type Values = Parameters<typeof p.format>[0];
    expectTypeOf<Values>().toEqualTypeOf<{
      readonly role: PromptValue;
      readonly turns: readonly Message[];
      readonly passages: readonly { readonly id: string; readonly text: string; readonly title?: string }[];
      readonly q: PromptValue;
      readonly language: PromptValue;
    }>();
    assertType<Values['passages']>([] as readonly Hit[]);
    assertType<Values['passages']>([] as readonly SourcePart[]);
    // @ts-expect-error `q` is missing
    p.format({ role: 'a', turns: [], passages: [], language: 'b' });
    // @ts-expect-error turns are messages
    p.format({ role: 'a', turns: 'x', passages: [], q: 'q', language: 'b' });
  });

  it('infers the variables of text parts beside pictures', () => {
    const p = chatPrompt([
      user([
        { type: 'text', text: 'What is {thing} here?' },
        { type: 'image', data: new URL('https://example.com/a.png') },
      ]),
    ]);
    expectTypeOf<Parameters<typeof p.format>[0]>().toEqualTypeOf<{ readonly thing: PromptValue }>();
  });

  it('infers the places of parts and examples, and the variables of prompts', () => {
    const p = chatPrompt([
      { role: 'system', prompt: brief({ task: 'Sort {what}.', data: ['notes'] }) },
      { role: 'assistant', prompt: prompt('Yes') },
      examples('shots', { input: 'Q: {input}' }),
      parts('pictures'),
      user('{q}'),
    ]);
    expectTypeOf<Parameters<typeof p.format>[0]>().toEqualTypeOf<{
      readonly what: PromptValue;
      readonly notes: PromptValue;
      readonly shots: readonly Example[];
      readonly pictures: readonly Part[];
      readonly q: PromptValue;
    }>();
    const ask = pipe(
      parallel({ shots: fixedExamples([]), q: (q: string) => q }),
      chatPrompt([examples('shots'), user('{q}')]),
      model,
    );
    expectTypeOf(ask).toExtend<Step<string, ChatReply>>();
  });

  it('follows the values through partial and concat', () => {
    const p = chatPrompt([history('turns'), user('{a} {b}')]);
    expectTypeOf(p.partial({ a: 1, turns: [] })).toEqualTypeOf<ChatPrompt<{ readonly b: PromptValue }>>();
    expectTypeOf(p.partial({ a: 1, turns: [], b: 2 })).toEqualTypeOf<ChatPrompt<Readonly<Record<string, never>>>>();
    // @ts-expect-error it has no variable `c`
    p.partial({ c: 1 });
    // @ts-expect-error turns are messages
    p.partial({ turns: 1 });
    const joined = p.partial({ a: 1, b: 2 }).concat([user('{c}')]);
    expectTypeOf<Parameters<typeof joined.format>[0]>().toEqualTypeOf<{
      readonly turns: readonly Message[];
      readonly c: PromptValue;
    }>();
    expectTypeOf(joined.concat(chatPrompt([user('x')]))).toEqualTypeOf(joined);
    expectTypeOf(chatPrompt([user('x')]).concat(joined)).toEqualTypeOf(joined);
    chatPrompt([system('x' as string)])
      .partial({ any: 1 })
      .concat([user('{q}')])
      .format({ some: 1, other: [] });
  });

  it('takes any values where a text is no literal', () => {
    const p = chatPrompt([system('x' as string), { role: 'user', content: '{q}' }]);
    p.format({ anything: [] });
  });

  it('fits between steps that make its values and a model', () => {
    const ask = pipe(
      parallel({ q: (q: string) => q, passages: (_: string): readonly Hit[] => [] }),
      chatPrompt([sources('passages'), user('{q}')]),
      model,
    );
    expectTypeOf(ask).toEqualTypeOf<Step<string, ChatReply>>();
  });

  it('leaves lists of messages open to any message', () => {
    const messages = [user('Hi')];
    messages.push(assistant('Hello'), { role: 'user', content: [] });
    expectTypeOf(messages).toExtend<readonly Message[]>();
  });
});

describe('brief', () => {
  it('infers the variables of all its parts', () => {
    const p = brief({
      role: 'You are {role}.',
      task: 'Do {a}.',
      context: ['For {b}', '{{c}}'],
      constraints: ['At most {d} words.', 'In {e}.'],
      format: '{f}',
      examples: '{g}',
      data: ['h', 'i'],
    });
    expectTypeOf(p).toEqualTypeOf<Prompt<'role' | 'a' | 'b' | 'd' | 'e' | 'f' | 'g' | 'h' | 'i'>>();
    expectTypeOf(brief({ role: personas.editor, task: 'x', examples: [] })).toEqualTypeOf<Prompt<never>>();
    // @ts-expect-error a brief needs a task
    brief({ role: 'x' });
    // @ts-expect-error no such part
    brief({ task: 'x', formats: 'y' });
    brief({ task: 'x' as string }).format({ anything: 'goes' });
  });
});
