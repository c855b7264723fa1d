import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  branch,
  checkSchema,
  type Checked,
  type Decorated,
  decorate,
  defineStepWith,
  loop,
  map,
  named,
  parallel,
  pipe,
  route,
  runKey,
  type Run,
  type Step,
  type StepInput,
  type StepOutput,
  type StepStream,
  stream,
  tap,
} from './index.js';

interface Tool extends Step<{ readonly city: string }, string> {
  readonly id: string;
}
declare const tool: Tool;
declare const run: Run;
const words = (text: string): string[] => text.split(' ');
const count = async (list: readonly string[]): Promise<number> => list.length;

test('pipe infers each step from the one before', () => {
  expectTypeOf(pipe(words, count)).toEqualTypeOf<Step<string, number>>();
  expectTypeOf(
    pipe(
      words,
      (list) => list.length,
      (n) => n > 2,
    ),
  ).toEqualTypeOf<Step<string, boolean>>();
  expectTypeOf(pipe(words, (list) => list.join('-'), words, count)).toEqualTypeOf<Step<string, number>>();
  expectTypeOf(pipe(words, (list, inner) => inner.id + list.length)).toEqualTypeOf<Step<string, string>>();
});

test('pipe marks the step that is wrong', () => {
  // @ts-expect-error a list arrives where a number is asked for
  pipe(words, (n: number) => n + 1);
  // @ts-expect-error the same behind a step without types
  pipe(words, (list) => list.length, count);
  pipe(
    words,
    count,
    // @ts-expect-error numbers have no trim
    (n) => n.trim(),
  );
});

test('a step is called with its input and perhaps a run', () => {
  const step = pipe(words, count);
  expectTypeOf(step('a')).resolves.toBeNumber();
  expectTypeOf(step('a', run)).resolves.toBeNumber();
  // @ts-expect-error not its input
  void step(1);
});

test('parallel asks for what all branches take and gives their results by key', () => {
  const both = parallel({ words, size: async (text: string) => text.length });
  expectTypeOf<StepInput<typeof both>>().toEqualTypeOf<string>();
  expectTypeOf<StepOutput<typeof both>>().toEqualTypeOf<{ readonly words: string[]; readonly size: number }>();
  const mixed = parallel({ a: (input: { a: number }) => input.a, b: (input: { b: string }) => input.b, now: () => 1 });
  expectTypeOf<StepInput<typeof mixed>>().toEqualTypeOf<{ a: number } & { b: string }>();
  expectTypeOf(pipe(both, ({ size }) => size)).toEqualTypeOf<Step<string, number>>();
});

test('route asks for what all routes take and knows their names', () => {
  const parity = route((n: number) => (n % 2 ? 'odd' : 'even'), { odd: (n: number) => n, even: (n: number) => `${n}` });
  expectTypeOf(parity).toEqualTypeOf<Step<number, number | string>>();
  // @ts-expect-error no route has this name
  route((n: number) => (n ? 'a' : 'c'), { a: (n: number) => n, b: (n: number) => n });
  // @ts-expect-error a number is no input for route `b`
  void route(() => 'b' as const, { a: (n: number) => n, b: (text: string) => text })(1);
});

test('branch joins the types of both ways', () => {
  expectTypeOf(
    branch(
      (n: number) => n > 1,
      (n) => `${n}`,
    ),
  ).toEqualTypeOf<Step<number, string | number>>();
  expectTypeOf(
    branch(
      (n: number) => n > 1,
      () => 'a',
      () => true,
    ),
  ).toEqualTypeOf<Step<number, string | boolean>>();
});

test('map, loop and tap keep their types inside a pipe', () => {
  expectTypeOf(
    pipe(
      words,
      map((word) => word.length),
      (sizes) => sizes[0],
    ),
  ).toEqualTypeOf<Step<string, number | undefined>>();
  expectTypeOf(
    pipe(
      words,
      count,
      loop((n) => n + 1, { until: (n) => n > 3, maxRounds: 2 }),
    ),
  ).toEqualTypeOf<Step<string, number>>();
  expectTypeOf(
    pipe(
      words,
      tap((list) => list.length),
    ),
  ).toEqualTypeOf<Step<string, string[]>>();
});

test('a decorated step keeps its exact type, a plain function becomes a step', () => {
  expectTypeOf(named('x', tool)).toEqualTypeOf<Tool>();
  expectTypeOf(named('x', words)).toEqualTypeOf<Step<string, string[]>>();
  expectTypeOf(named('x', count)).toEqualTypeOf<Step<readonly string[], number>>();
  expectTypeOf(named('x', () => 1)).toEqualTypeOf<Step<unknown, number>>();
  const synchronous = (text: string, _run?: Run): string => text;
  expectTypeOf<Decorated<typeof synchronous>>().toEqualTypeOf<Step<string, string>>();
  const quick = decorate(tool, { kind: 'quick' }, async (input) => input.city);
  expectTypeOf(quick).toEqualTypeOf<Tool>();
});

test('properties of a step are known beside the call', () => {
  const made = defineStepWith({ kind: 'tool' }, { id: 'x' as const }, async (n: number) => n);
  expectTypeOf(made.id).toEqualTypeOf<'x'>();
  expectTypeOf(made(1)).resolves.toBeNumber();
});

test('stream knows input and result, of a pipe in place too', () => {
  expectTypeOf(stream(tool, { city: 'Oslo' })).toEqualTypeOf<StepStream<string>>();
  expectTypeOf(
    stream(
      pipe(words, (list) => list.length),
      'a b',
    ),
  ).toEqualTypeOf<StepStream<number>>();
  expectTypeOf(stream(() => 1, undefined)).toEqualTypeOf<StepStream<number>>();
  // @ts-expect-error not its input
  stream(tool, 'Oslo');
});

test('values and schemas carry their types', () => {
  expectTypeOf(run.get(runKey<Set<string>>('x'))).toEqualTypeOf<Set<string> | undefined>();
  const schema = z.object({ n: z.number() });
  expectTypeOf(checkSchema(schema, 1)).resolves.toEqualTypeOf<Checked<{ n: number }>>();
});
