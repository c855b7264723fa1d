import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assistant, type Hit, inspect, type Message, parallel, pipe, system, user } from '../core/index.js';
import { scripted } from '../testing/index.js';
import { chatPrompt, type ChatPromptItem, examples, history, literal, parts, prompt, sources } from './index.js';

const hits: readonly Hit[] = [
  { id: 'a', text: 'Refunds take {n} days.', score: 0.9, title: 'Refunds' },
  { id: 'b', text: 'Shipping is free.', score: 0.5 },
];

describe('chatPrompt', () => {
  it('makes messages from texts with variables, histories in their place', async () => {
    const p = chatPrompt([system('You are {role}.'), history('turns'), user('{q} {role}?')]);
    const turns: Message[] = [user('Hi {x}'), assistant('Hello')];
    const expected = [
      { role: 'system', content: 'You are a poet.' },
      { role: 'user', content: 'Hi {x}' },
      { role: 'assistant', content: 'Hello' },
      { role: 'user', content: 'Why a poet?' },
    ];
    expect(p.format({ role: 'a poet', turns, q: 'Why' })).toEqual(expected);
    expect(await p({ role: 'a poet', turns, q: 'Why' })).toEqual(expected);
    expect(p.variables).toEqual(['role', 'turns', 'q']);
    expect(p.format({ role: 'x', turns: [], q: 'y' })).toHaveLength(2);
  });

  it('passes pictures and files on and fills in the text parts beside them', () => {
    const data = new Uint8Array([1, 2, 3]);
    const p = chatPrompt([
      user([
        { type: 'text', text: 'What is {thing}?' },
        { type: 'image', data, mediaType: 'image/png' },
      ]),
    ]);
    const [message] = p.format({ thing: 'this' });
    expect(message?.content).toEqual([
      { type: 'text', text: 'What is this?' },
      { type: 'image', data, mediaType: 'image/png' },
    ]);
    expect(message?.content[1]).toHaveProperty('data', data);
  });

  it('puts sources in front of the next user message, as data', () => {
    const p = chatPrompt([system('Use the sources.'), sources('passages'), user('{q}')]);
    expect(p.format({ passages: hits, q: 'How long?' })[1]).toEqual({
      role: 'user',
      content: [
        { type: 'source', id: 'a', title: 'Refunds', text: 'Refunds take {n} days.' },
        { type: 'source', id: 'b', text: 'Shipping is free.' },
        { type: 'text', text: 'How long?' },
      ],
    });
    expect(p.format({ passages: [], q: 'How long?' })[1]).toEqual({ role: 'user', content: 'How long?' });
  });

  it('gives sources a message of their own where no user message follows', () => {
    const p = chatPrompt([user('{q}'), sources('passages')]);
    expect(p.format({ passages: hits, q: 'x' }).map(({ role }) => role)).toEqual(['user', 'user']);
    expect(p.format({ passages: [], q: 'x' })).toHaveLength(1);
  });

  it('names the variable that is missing, extra or of the wrong kind', () => {
    const p = chatPrompt([history('turns'), sources('passages'), user('{q}')]);
    const format = p.format as (values: object) => unknown;
    const given = { turns: [], passages: [], q: 'x' };
    expect(() => format({ ...given, q: undefined })).toThrow(expect.objectContaining({ code: 'variable-missing' }));
    expect(() => format({ ...given, more: 1 })).toThrow(expect.objectContaining({ code: 'variable-extra' }));
    for (const wrong of [{ turns: 'text' }, { passages: {} }, { q: [] }]) {
      const [name] = Object.keys(wrong);
      expect(() => format({ ...given, ...wrong })).toThrow(
        expect.objectContaining({ code: 'bad-input', details: { where: name } }),
      );
    }
  });

  it('refuses a single brace when it is made', () => {
    expect(() => chatPrompt([system('{"a": 1}')])).toThrow(expect.objectContaining({ code: 'bad-input' }));
    expect(chatPrompt([system(literal('{"a": 1}'))]).format({})).toEqual([{ role: 'system', content: '{"a": 1}' }]);
  });

  it('stands in a pipe between retrieval and a model', async () => {
    const model = scripted(['Two days.']);
    const ask = pipe(
      parallel({ q: (q: string) => q, passages: (_: string): readonly Hit[] => hits }),
      chatPrompt([system('Answer from the sources.'), sources('passages'), user('{q}')]),
      model,
    );
    expect((await ask('How long?')).text).toBe('Two days.');
    expect(model.requests[0]?.messages[1]?.content).toHaveLength(3);
    expect(inspect(chatPrompt([user('{a} {b}')]))).toMatchObject({
      kind: 'chat-prompt',
      details: { variables: 'a, b' },
    });
  });

  it('takes pictures as a value and puts them in front of the next user message', () => {
    const p = chatPrompt([sources('passages'), parts('pictures'), user('{q}')]);
    const picture = { type: 'image', data: new URL('https://example.com/a.png') } as const;
    const passages = hits.slice(1);
    expect(p.format({ passages, pictures: [picture], q: 'What?' })).toEqual([
      {
        role: 'user',
        content: [{ type: 'source', id: 'b', text: 'Shipping is free.' }, picture, { type: 'text', text: 'What?' }],
      },
    ]);
    expect(p.format({ passages: [], pictures: [], q: 'What?' })).toEqual([user('What?')]);
  });

  it('keeps what a text part says beside its text', () => {
    const p = chatPrompt([user([{ type: 'text', text: 'Rules for {who}', cache: '1h' }])]);
    expect(p.format({ who: 'all' })[0]?.content).toEqual([{ type: 'text', text: 'Rules for all', cache: '1h' }]);
    expect(p.partial({ who: 'all' }).format({})[0]?.content).toEqual(p.format({ who: 'all' })[0]?.content);
  });

  it('takes a prompt as a message', () => {
    const rules = prompt('You are {role}. {{}}');
    const p = chatPrompt([{ role: 'system', prompt: rules }, user('{q}')]);
    expect(p.variables).toEqual(['role', 'q']);
    expect(p.format({ role: 'a poet', q: 'Why?' })[0]).toEqual(system('You are a poet. {}'));
  });

  it('names the variable that is a text here and a list there', () => {
    expect(() => chatPrompt([history('x'), user('{x}')])).toThrow(
      expect.objectContaining({ code: 'bad-input', details: { where: 'x' } }),
    );
    expect(() => chatPrompt([history('x')]).concat([sources('x')])).toThrow(/`x` stands for history and for sources/);
  });

  it('names the value that partial does not know or like', () => {
    const partial = chatPrompt([history('turns'), user('{q}')]).partial as (values: object) => unknown;
    expect(() => partial({ other: 1 })).toThrow(expect.objectContaining({ code: 'variable-extra' }));
    expect(() => partial({ turns: 'x' })).toThrow(expect.objectContaining({ code: 'bad-input' }));
    expect(() => partial({ q: undefined })).toThrow(expect.objectContaining({ code: 'variable-missing' }));
  });

  it('asks anew for a value of what is put behind a partial', () => {
    const p = chatPrompt([system('{a}'), history('turns')])
      .partial({ a: 1, turns: [] })
      .concat(chatPrompt([user('{a}'), history('turns')]));
    expect(p.format({ a: 2, turns: [assistant('x')] })).toEqual([system('1'), user('2'), assistant('x')]);
    const given = chatPrompt([history('turns')]).partial({ turns: [user('first')] });
    const twice = given.concat([history('turns')]).partial({ turns: [user('second')] });
    expect(twice.format({})).toEqual([user('first'), user('second')]);
  });
});

describe('Q21 a chat prompt', () => {
  const braces = fc.string({ unit: fc.constantFrom('{', '}', 'a', '{a}', '{{', ' ', '</x>') });
  const role = fc.constantFrom('system' as const, 'user' as const, 'assistant' as const);
  const place = fc.constantFrom('a', 'b', 'toString');
  const content = fc
    .array(fc.tuple(braces, place), { maxLength: 3 })
    .map((pieces) => pieces.map(([text, name]) => `${literal(text)}{${name}}`).join(''));
  const item: fc.Arbitrary<ChatPromptItem> = fc.oneof(
    fc.record({ role, content }),
    fc.record({ role, prompt: content.map((text) => prompt(text)) }),
    fc.record({ role, content: content.map((text) => [{ type: 'text' as const, text }]) }),
    fc.constantFrom(history('turns'), sources('passages'), parts('pictures'), examples('shots')),
  );
  const texts = fc.record({ a: braces, b: braces, toString: braces });
  const lists = {
    turns: [user('{a}'), assistant('{')],
    passages: hits,
    pictures: [{ type: 'text', text: '{b}' }],
    shots: [{ input: '{a}', output: '}' }],
  };

  it('gives the same bytes in whatever order and steps the values come, and from its template', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 6 }), texts, fc.nat(), (items, given, at) => {
        const p = chatPrompt(items);
        const values = Object.entries({ ...given, ...lists }).filter(([name]) => p.variables.includes(name));
        const cut = values.length === 0 ? 0 : at % values.length;
        const [some, others] = [values.slice(0, cut), values.slice(cut)];
        const bytes = JSON.stringify(p.format(Object.fromEntries(values)));
        expect(JSON.stringify(p.format(Object.fromEntries([...values].reverse())))).toBe(bytes);
        expect(JSON.stringify(p.partial(Object.fromEntries(some)).format(Object.fromEntries(others)))).toBe(bytes);
        expect(JSON.stringify(chatPrompt(p.template).format(Object.fromEntries(values)))).toBe(bytes);
        const half = items.length >> 1;
        const joined = chatPrompt(items.slice(0, half)).concat(items.slice(half));
        expect(JSON.stringify(joined.format(Object.fromEntries(values)))).toBe(bytes);
        expect(chatPrompt(p.template).variables).toEqual(p.variables);
      }),
    );
  });

  it('puts values in letter by letter, and leaves them and the items as they were', () => {
    fc.assert(
      fc.property(texts, (given) => {
        const values = Object.freeze({ ...given, ...lists });
        const items = Object.freeze([system('{a}'), history('turns'), user('[{b}{toString}]'), examples('shots')]);
        const p = chatPrompt(items as readonly ChatPromptItem[]);
        const { passages: _, pictures: __, ...wanted } = values;
        expect(p.format(wanted)).toEqual([
          system(given.a),
          ...lists.turns,
          user(`[${given.b}${given.toString}]`),
          user('{a}'),
          assistant('}'),
        ]);
      }),
    );
  });

  it('keeps its beginning from turn to turn', () => {
    const p = chatPrompt([system('Be {tone}.'), history('turns'), user('{q}')]);
    const turns = [user('Hi'), assistant('Hello')];
    const first = JSON.stringify(p.format({ tone: 'kind', turns: [], q: 'Hi' })).slice(0, -1);
    const second = JSON.stringify(p.format({ q: 'Why?', turns, tone: 'kind' }));
    expect(second.startsWith(first)).toBe(true);
  });
});
