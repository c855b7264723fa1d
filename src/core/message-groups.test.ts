import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Message, messageGroups, pairedMessages, partsOf } from './index.js';

const call = (...ids: readonly string[]): Message => ({
  role: 'assistant',
  content: ids.map((id) => ({ type: 'tool-call', id, name: 'clock', input: {} })),
});
const result = (...ids: readonly string[]): Message => ({
  role: 'tool',
  content: ids.map((id) => ({ type: 'tool-result', id, name: 'clock', output: 4 })),
});
const said: Message = { role: 'user', content: 'Hi' };

const idsOf = (messages: readonly Message[], type: 'tool-call' | 'tool-result'): readonly string[] =>
  messages.flatMap((message) => partsOf(message).flatMap((part) => (part.type === type ? [part.id] : [])));

describe('pairedMessages', () => {
  it('gives the same messages back when nothing is wrong', () => {
    const messages = [said, call('a', 'b'), result('b'), result('a'), said];
    const paired = pairedMessages(messages);
    expect(paired).toHaveLength(5);
    for (const [at, message] of paired.entries()) expect(message).toBe(messages[at]);
  });

  it('Q03 gives a call that was cut off a result that says so, before anything else is said', () => {
    const paired = pairedMessages([call('a', 'b'), result('b'), said]);
    expect(paired.map(({ role }) => role)).toEqual(['assistant', 'tool', 'tool', 'user']);
    expect(partsOf(paired[2] ?? said)).toMatchObject([{ type: 'tool-result', id: 'a', isError: true }]);
  });

  it('Q03 leaves out results without a call and second ones, and the rest of their message stays', () => {
    expect(pairedMessages([result('a'), said])).toEqual([said]);
    expect(pairedMessages([call('a'), result('a', 'x', 'a')])).toEqual([call('a'), result('a')]);
  });

  it('Q03 pairs whatever stands anywhere in any list, and does nothing a second time', () => {
    const id = fc.constantFrom('a', 'b', 'c');
    const message = fc.oneof(
      fc.uniqueArray(id, { minLength: 1 }).map((ids) => call(...ids)),
      fc.array(id, { minLength: 1 }).map((ids) => result(...ids)),
      fc.constant(said),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), (messages) => {
        const paired = pairedMessages(messages);
        for (const group of messageGroups(paired)) {
          const [first] = group;
          const own = first === undefined ? [] : idsOf([first], 'tool-call');
          expect([...idsOf(group, 'tool-result')].sort()).toEqual([...own].sort());
        }
        expect(pairedMessages(paired)).toEqual(paired);
      }),
    );
  });
});

describe('messageGroups', () => {
  it('keeps calls with all of their results', () => {
    const groups = messageGroups([said, call('a', 'b'), result('a'), result('b'), said]);
    expect(groups.map((group) => group.length)).toEqual([1, 3, 1]);
  });
});
