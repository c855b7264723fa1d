// The combinators infer every type in between, and a wrong step is marked where it stands.
import { branch, loop, map, named, parallel, pipe, route, type Step, tap } from 'pipewright';
import { expectType } from './expect-type.js';

const words = pipe(
  (text: string) => text.trim(),
  (text) => text.split(' '),
  (list) => list.filter((word) => word !== ''),
  tap((list) => list.length),
  (list) => list.length,
);
expectType<Step<string, number>>()(words);

const facts = parallel({ size: (text: string) => text.length, loud: async (text: string) => text.toUpperCase() });
expectType<Step<string, { readonly size: number; readonly loud: string }>>()(facts);

const all = map(words);
expectType<Step<readonly string[], number[]>>()(all);

const chosen = branch(
  (n: number) => n > 0,
  (n) => n.toFixed(1),
  () => false,
);
expectType<Step<number, string | boolean>>()(chosen);

const routed = route((n: number) => (n > 9 ? 'long' : 'short'), {
  long: (n: number) => n,
  short: (n: number) => `${n}`,
});
expectType<Step<number, string | number>>()(routed);

const looped = loop((n: number) => n + 1, { until: (n) => n > 3, maxRounds: 3 });
expectType<Step<number, number>>()(looped);

const called = named('words', words);
expectType<Step<string, number>>()(called);

pipe(
  (text: string) => text.trim(),
  // @ts-expect-error this step asks for a number where a string arrives
  (n: number) => n + 1,
);
pipe(
  (text: string) => text,
  (text) => text.length,
  // @ts-expect-error the mark stands on the step that is wrong, not on the first
  (text: string) => text,
  (text) => text,
);
// @ts-expect-error there is no route of this name
route((n: number) => (n > 0 ? 'up' : 'down'), { up: (n: number) => n });
// @ts-expect-error a loop needs a limit
loop((n: number) => n + 1, { until: (n) => n > 3 });
// @ts-expect-error the input of a step is checked
void words(12);
// @ts-expect-error `expectType` itself refuses what is wider
expectType<Step<string, string | number>>()(words);
// @ts-expect-error and `any`
expectType<string>()(JSON.parse('""'));
