import { describe, expect, it } from 'vitest';
import { assistant, type Hit, inspect, type Message, parallel, pipe, system, user } from '../core/index.js';
import { scripted } from '../testing/index.js';
import { chatPrompt, history, literal, sources } from './index.js';

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

  it('gives the same bytes for the same values, whatever their order', () => {
    const p = chatPrompt([system('{a}'), history('turns'), user('{b}')]);
    const turns = [user('x')];
    expect(JSON.stringify(p.format({ a: 1, b: 2, turns }))).toBe(JSON.stringify(p.format({ turns, b: 2, a: 1 })));
  });
});
