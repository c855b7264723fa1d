import { createRun, type Run } from './run.js';

/** What combinators return and users call. `run` may be left out: then a fresh run is made for this call. */
export type Step<in In, out Out> = (input: In, run?: Run) => Promise<Out>;

/** What combinators accept: any function of the input; it may ignore the run and may be synchronous. */
export type StepLike<In, Out> = (input: In, run: Run) => Out | Promise<Out>;

/** What every one of these steps accepts: the intersection of their inputs. */
export type CommonInput<Steps extends Readonly<Record<string, AnyStep>>> = {
  [K in keyof Steps]: (input: StepInput<Steps[K]>) => void;
}[keyof Steps] extends (input: infer In) => void
  ? In
  : never;

/** A step of any input and output, for signatures that only pass it on. */
export type AnyStep = (input: never, run: Run) => unknown;

/** The input type of a step; a function that takes nothing accepts anything. */
export type StepInput<S extends AnyStep> = Parameters<S> extends [] ? unknown : Parameters<S>[0];
/** What a step resolves to. */
export type StepOutput<S extends AnyStep> = Awaited<ReturnType<S>>;

/**
 * The type of a decorated step: a step keeps its exact type (a decorated `ChatModel` is still one); a plain function becomes
 * a `Step`.
 */
export type Decorated<S extends AnyStep> = [1 | 2, ReturnType<S>] extends [Parameters<S>['length'], Promise<unknown>]
  ? S
  : Step<StepInput<S>, StepOutput<S>>;

/** What a step says of itself; `inspect` reads it. */
export interface StepInfo {
  /** What it is: `pipe`, `retry`, `model`, … */
  readonly kind: string;
  /** Its name in paths and drawings. @default the kind */
  readonly name?: string;
  /** Settings worth showing. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
  readonly children?: readonly StepChild[];
  /** How the children follow each other, for drawings. @default they are parts of it, and nothing more is known */
  readonly edges?: readonly StepEdge[];
}

/** An arrow between two children, by their labels. */
export interface StepEdge {
  /** Left out: where the step begins. */
  readonly from?: string;
  /** Left out: where it ends. */
  readonly to?: string;
  /** Whether it is taken only sometimes. @default false */
  readonly isConditional?: boolean;
}

export interface StepChild {
  readonly label?: string;
  readonly step: AnyStep;
  /** How often one call of the step calls it at most, for `explain`. @default 1 */
  readonly maxCalls?: number;
}

const infoKey: unique symbol = Symbol.for('pipewright.step') as never;

interface WithInfo {
  readonly [infoKey]?: StepInfo;
}

/** What a step says of itself; a plain function is a `function` with its own name. */
export const stepInfo = (step: AnyStep): StepInfo =>
  (step as WithInfo)[infoKey] ?? (step.name === '' ? { kind: 'function' } : { kind: 'function', name: step.name });

export const stepName = (step: AnyStep): string => {
  const { name, kind } = stepInfo(step);
  return name ?? kind;
};

/**
 * Makes a step from a body that always gets a run. Use it to write combinators of your own. Once the run is aborted the step
 * rejects with the signal's reason, whatever the body makes of it.
 */
export const defineStep = <In, Out>(info: StepInfo, body: (input: In, run: Run) => Promise<Out>): Step<In, Out> => {
  const step = async (input: In, run: Run = createRun()): Promise<Out> => {
    run.throwIfAborted();
    try {
      const output = await body(input, run);
      run.throwIfAborted();
      return output;
    } catch (error) {
      run.throwIfAborted();
      throw error;
    }
  };
  Object.defineProperty(step, 'name', { value: info.name ?? info.kind, configurable: true });
  Object.defineProperty(step, infoKey, { value: info });
  return step;
};

/** The same with properties beside the call: this is how a `ChatModel` or an `Embedder` is made. */
export const defineStepWith = <In, Out, Props extends object>(
  info: StepInfo,
  props: Props,
  body: (input: In, run: Run) => Promise<Out>,
): Step<In, Out> & Props => withPropertiesOf(props, defineStep(info, body)) as Step<In, Out> & Props;

const ownToFunctions = new Set<PropertyKey>(['length', 'name', 'prototype', 'arguments', 'caller', infoKey]);

const withPropertiesOf = <S extends object>(from: object, to: S): S => {
  for (const key of Reflect.ownKeys(from)) {
    const property = Object.getOwnPropertyDescriptor(from, key);
    // An enumerable `name` was given on purpose (a tool has one); a function's own is not enumerable.
    if (property === undefined || (ownToFunctions.has(key) && !property.enumerable)) continue;
    Object.defineProperty(to, key, { ...property, configurable: true });
  }
  return to;
};

/**
 * Makes a decorator: returns a step that runs `body` in place of `step` and keeps all properties of `step`. The body gets the
 * step itself as `inner`, in a form that can be called.
 * @example const same = <S extends AnyStep>(step: S) => decorate(step, { kind: 'same' }, async (input, run, inner) => inner(input, run))
 */
export const decorate = <S extends AnyStep>(
  step: S,
  info: StepInfo,
  body: (input: StepInput<S>, run: Run, inner: StepLike<StepInput<S>, StepOutput<S>>) => Promise<unknown>,
): Decorated<S> => {
  const inner = step as unknown as StepLike<StepInput<S>, StepOutput<S>>;
  const full: StepInfo = { children: [{ step }], name: `${info.kind}(${stepName(step)})`, ...info };
  const decorated = defineStep(full, (input: StepInput<S>, run) => body(input, run, inner));
  return withPropertiesOf(step, decorated) as unknown as Decorated<S>;
};

/**
 * Calls a step inside a span of its own. With a listener on the run it reports start, end and failure; without one it is a
 * plain call.
 */
export const callStep = <In, Out>(step: StepLike<In, Out>, input: In, run: Run, name?: string): Out | Promise<Out> =>
  run.isWatched ? callInSpan(step, input, run.child(name ?? stepName(step as AnyStep))) : step(input, run);

/** Calls a step in a span that was made for it (`run.child`) and reports start, end and failure there. */
export const callInSpan = async <In, Out>(step: StepLike<In, Out>, input: In, child: Run): Promise<Out> => {
  const startedMs = child.clock.now();
  child.emit({ type: 'step-start', kind: stepInfo(step as AnyStep).kind, input });
  try {
    const output = await step(input, child);
    child.emit({ type: 'step-end', output, durationMs: child.clock.now() - startedMs });
    return output;
  } catch (error) {
    child.emit({ type: 'step-error', error, durationMs: child.clock.now() - startedMs });
    throw error;
  }
};
