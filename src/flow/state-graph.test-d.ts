import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { Store } from '../core/index.js';
import { append, checkpointed, type GraphResult, nested, once, pause, stateGraph, stateType } from './index.js';

declare const store: Store;

interface State {
  readonly a: number;
  readonly log: readonly string[];
}

test('state and names of nodes come from one object', async () => {
  const graph = stateGraph({
    state: z.object({ draft: z.string().default(''), notes: z.array(z.string()), isOk: z.boolean().default(false) }),
    reducers: { notes: append },
    nodes: {
      write: ({ notes }) => ({ draft: notes.join('') }),
      review: ({ draft }, run) => (draft === run.id ? pause({ draft }) : { isOk: true }),
      marked: once('marked', ({ draft }: { readonly draft: string }) => ({ draft })),
      send: async () => ({}),
    },
    start: 'write',
    edges: {
      write: ['review', 'marked'],
      review: ({ isOk }) => (isOk ? 'send' : 'write'),
      marked: { to: ['send', 'end'], choose: ({ isOk }) => (isOk ? 'send' : 'end') },
      send: 'end',
    },
    joins: { send: ['review', 'marked'] },
    pauses: { send: 'before' },
  });
  interface Expected {
    draft: string;
    notes: string[];
    isOk: boolean;
  }
  type Name = 'write' | 'review' | 'marked' | 'send';
  // What the schema has a default for may be left out.
  const result = await graph({ notes: [] });
  expectTypeOf(result).toEqualTypeOf<GraphResult<Expected, Name>>();
  expectTypeOf(result.waiting[0]?.node).toEqualTypeOf<Name | undefined>();
  // @ts-expect-error notes are missing
  await graph({ draft: 'x' });

  const all = checkpointed(graph, { name: 'x', store });
  await all.resume('id', { review: 'fine' });
  // @ts-expect-error no such node
  await all.resume('id', { rewiev: 'fine' });
  // @ts-expect-error no such node
  await all.fork('id', { to: 'other', next: ['wirte'] });
});

test('the compiler marks what is wrong where it stands', () => {
  stateGraph({
    state: stateType<State>(),
    reducers: {
      log: append,
      // @ts-expect-error no such field
      nope: append,
    },
    nodes: {
      one: ({ a }) => ({ a: a + 1 }),
      // @ts-expect-error no such field in the update
      two: ({ a }) => ({ b: a + 1 }),
      // @ts-expect-error no such field in the state
      three: ({ c }) => ({ a: c }),
      // @ts-expect-error a text where a number is asked for
      four: () => ({ a: 'x' }),
      five: () => ({}),
    },
    // @ts-expect-error no such node
    start: 'on',
    edges: {
      // @ts-expect-error no such node
      one: 'twoo',
      // @ts-expect-error no such node
      two: ({ a }) => (a > 1 ? 'one' : 'thre'),
      // @ts-expect-error no such node
      three: ['one', 'fife'],
      // @ts-expect-error no such node
      four: { to: ['one', 'x'], choose: () => 'one' },
      // @ts-expect-error no such node
      five: { to: ['one'], choose: () => 'y' },
    },
    joins: {
      // @ts-expect-error no such node
      one: ['twoo'],
    },
    pauses: {
      // @ts-expect-error no such node
      ones: 'before',
    },
  });
});

test('a node without an edge, and an edge without a node', () => {
  stateGraph({
    state: stateType<State>(),
    nodes: { one: () => ({}), two: () => ({}) },
    start: 'one',
    // @ts-expect-error nothing follows `two`
    edges: { one: 'two' },
  });
  stateGraph({
    state: stateType<State>(),
    nodes: { one: () => ({}) },
    start: 'one',
    edges: {
      one: 'end',
      // @ts-expect-error no such node
      two: 'end',
    },
  });
});

test('a nested graph fits the state around it', () => {
  const inner = stateGraph({
    state: stateType<{ readonly text: string }>(),
    nodes: { write: ({ text }) => ({ text }) },
    start: 'write',
    edges: { write: 'end' },
  });
  stateGraph({
    state: stateType<State>(),
    nodes: {
      write: nested(inner, {
        input: ({ a }: State) => ({ text: String(a) }),
        output: ({ state }) => ({ log: [state.text] }),
      }),
      wrong: nested(inner, {
        // @ts-expect-error the inner state has a text
        input: ({ a }: State) => ({ text: a }),
        output: () => ({}),
      }),
    },
    start: 'write',
    edges: { write: 'end', wrong: 'end' },
  });
});
