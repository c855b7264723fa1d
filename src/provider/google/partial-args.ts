import type { PartialArg } from './wire.js';

type Holder = Record<string | number, unknown>;

/** The names and places of a path such as `$.recipe['main step'].notes[0]`. */
const stepsOf = (path: string): readonly (string | number)[] =>
  [...path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\[(['"])(.*?)\3\]/g)].map(([, name, place, , quoted]) =>
    place === undefined ? (name ?? quoted ?? '') : Number(place),
  );

/** A place behind the end of a list is its end: no path may make a list of a billion holes. */
const inside = (holder: Holder, step: string | number): string | number =>
  Array.isArray(holder) && typeof step === 'number' ? Math.min(step, holder.length) : step;

/** Lists and objects without a prototype, so that no name in a path means anything. */
const emptyFor = (step: string | number): Holder =>
  typeof step === 'number' ? ([] as unknown as Holder) : Object.create(null);

const isHolder = (value: unknown): value is Holder => typeof value === 'object' && value !== null;

/** Sets the value at a path of the arguments; a text goes on where it has begun. */
export const setPartial = (args: Record<string, unknown>, arg: PartialArg): void => {
  const steps = stepsOf(arg.jsonPath ?? '');
  const value = givenValue(arg);
  if (steps.length === 0 || value === undefined) return;
  let holder: Holder = args;
  for (const [index, step] of steps.slice(0, -1).entries()) {
    const at = inside(holder, step);
    const next = holder[at];
    const inner = isHolder(next) ? next : emptyFor(steps[index + 1] ?? '');
    holder[at] = inner;
    holder = inner;
  }
  const last = inside(holder, steps.at(-1) ?? '');
  const before = holder[last];
  holder[last] = typeof before === 'string' && typeof value === 'string' ? before + value : value;
};

const givenValue = ({ stringValue, numberValue, boolValue, nullValue }: PartialArg): unknown =>
  stringValue ?? numberValue ?? boolValue ?? (nullValue === undefined ? undefined : null);
